/** What to change when this host, not the server, is why connections fail. Logged once per run. */
import type { VuHost } from './host.ts';

const ADVICE: Readonly<Record<string, string>> = {
  EMFILE:
    'too many open files: this process may not open more sockets. Raise the limit (ulimit -n, both soft and hard; LimitNOFILE= of a service; --ulimit nofile= of a container) or use fewer connections; "gharial doctor" shows what there is',
  ENFILE: 'too many open files in the system: raise fs.file-max (sysctl)',
  EADDRNOTAVAIL:
    'cannot assign requested address: the source ports to this server are used up, or a source address is not one of this host. Widen net.ipv4.ip_local_port_range (sysctl), or give more addresses with --local-ips; "gharial doctor" shows what there is',
  EADDRINUSE:
    'address already in use: other connections of this host have the source ports. Widen net.ipv4.ip_local_port_range (sysctl), or give more addresses with --local-ips',
  ENOBUFS:
    'no buffer space available: the system has no memory for more sockets (net.ipv4.tcp_mem)',
};

/** Tells the user once what is behind the failure of a dial, if it is the host. */
export function adviseOn(host: VuHost, error: Error | undefined): void {
  if (error === undefined) return;
  const code: unknown = Reflect.get(error, 'code');
  const advice = typeof code === 'string' ? ADVICE[code] : undefined;
  if (advice !== undefined) host.logOnce(`dial advice: ${String(code)}`, 'warning', advice);
}
