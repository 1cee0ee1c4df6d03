/**
 * Opens connections for HTTP requests: looks the host up, tries its addresses in turn, from a source
 * address of the pool if there is one, passes the proxy, and adds TLS. What then goes over a connection
 * is http-client.ts's.
 *
 * Most connections are direct and from any source: undici's connector makes them whole. The others
 * start as a TCP connection of ours.
 */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { buildConnector } from 'undici';
import { nowMs } from '../base/clock.ts';
import type { ProxySettings, ResolvedAddress, SourceLease, TlsSettings } from '../websocket/api.ts';
import { isSourceRefusal, SOURCE_REFUSALS_MAX } from '../websocket/source-ports.ts';
import {
  openTcpSocket,
  type TcpHandle,
  tcpHandleBelow,
  tlsClientOptions,
} from '../websocket/transport.ts';
import { createTunnel, type Tunnel } from '../websocket/tunnel.ts';
import type { VuHost } from './host.ts';
import type { RequestUrl } from './http-url.ts';

/** What undici's connector really returns and passes on, of a socket. */
export interface WireSocket extends EventEmitter {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly writableNeedDrain: boolean;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly alpnProtocol?: string | false | null;
  getProtocol?(): string | null;
  getCipher?(): { readonly standardName?: string; readonly name: string };
  destroy(error?: Error): void;
}

/** How long it took to get a connection; TLS apart. */
export interface DialTimes {
  readonly connectingMs: number;
  readonly tlsMs: number;
}

/** Who wants a connection. */
export interface DialEvents {
  /** An attempt begins; bytes count from zero. */
  opened(socket: WireSocket): void;
  /** From now on this counts the bytes of the attempt. */
  counted(counter: TcpHandle): void;
  /** The attempt came to nothing; there may be another. */
  lost(): void;
  /** Exactly once and last, unless the dial was cancelled. */
  connected(socket: WireSocket, times: DialTimes): void;
  failed(error: Error): void;
}

const DIAL_TIMEOUT_MS = 30_000;
const PORT_MAX = 65_535;

type Undici = typeof import('undici');
let loadedUndici: Undici | undefined;

/** Loading it takes some 70 ms of CPU: only scripts that make HTTP requests pay for it. */
export function undici(): Undici {
  loadedUndici ??= createRequire(import.meta.url)('undici') as Undici;
  return loadedUndici;
}

const CONNECTOR_OPTIONS = { timeout: DIAL_TIMEOUT_MS, maxCachedSessions: 0 } as const;
let plainConnector: buildConnector.connector | undefined;

function connectorFor(host: string, settings: TlsSettings | undefined): buildConnector.connector {
  if (settings !== undefined) return secureConnector(host, settings);
  plainConnector ??= undici().buildConnector(CONNECTOR_OPTIONS);
  return plainConnector;
}

/** By settings, then by host: a connector keeps a registry of its own. */
const secureConnectors = new WeakMap<TlsSettings, Map<string, buildConnector.connector>>();

function secureConnector(host: string, settings: TlsSettings): buildConnector.connector {
  let connectors = secureConnectors.get(settings);
  if (connectors === undefined) {
    connectors = new Map();
    secureConnectors.set(settings, connectors);
  }
  let connector = connectors.get(host);
  if (connector === undefined) {
    const options = { ...tlsClientOptions(host, settings), ...CONNECTOR_OPTIONS, allowH2: true };
    connector = undici().buildConnector(options);
    connectors.set(host, connector);
  }
  return connector;
}

/** An HTTP proxy takes requests for plain servers itself; for everything else it connects us. */
export function takesRequests(
  proxy: ProxySettings | undefined,
  { isSecure }: RequestUrl,
): proxy is ProxySettings {
  return proxy?.kind === 'http' && !isSecure;
}

/** One dial: from the look-up to a connection that can carry requests. */
export class HttpDial {
  readonly #host: VuHost;
  readonly #url: RequestUrl;
  readonly #proxy: ProxySettings | undefined;
  readonly #events: DialEvents;
  #addresses: readonly ResolvedAddress[] = [];
  #attempt = 0;
  #sourceRefusals = 0;
  #startMs = 0;
  #connectedMs = 0;
  #isOver = false;

  constructor(host: VuHost, url: RequestUrl, proxy: ProxySettings | undefined, events: DialEvents) {
    this.#host = host;
    this.#url = url;
    this.#proxy = proxy;
    this.#events = events;
  }

  start(): void {
    const { host, port } = this.#proxy ?? this.#url;
    this.#host.network.resolve(host, port, (error, addresses) => {
      if (this.#isOver) return;
      if (error !== null) {
        this.#fail(error);
        return;
      }
      this.#addresses = addresses;
      this.#connect();
    });
  }

  /** Whoever holds the socket destroys it. */
  cancel(): void {
    this.#isOver = true;
  }

  #connect(): void {
    const address = this.#addresses[this.#attempt];
    if (address === undefined) {
      this.#fail(new Error(`lookup ${(this.#proxy ?? this.#url).host}: no such host`));
      return;
    }
    if (address.port > PORT_MAX) {
      this.#fail(badPortError(address.port));
      return;
    }
    const source = this.#host.network.leaseSource?.(address);
    if (source instanceof Error) {
      this.#fail(source);
      return;
    }
    this.#startMs = nowMs();
    this.#connectedMs = 0;
    try {
      if (source === undefined && this.#proxy === undefined) this.#connectDirectly(address);
      else this.#connectTcp(address, source);
    } catch (error) {
      // A local address or TLS setting that cannot be used.
      source?.release();
      this.#fail(toError(error));
    }
  }

  #connectDirectly(address: ResolvedAddress): void {
    const socket = this.#connectWith({
      hostname: address.address,
      protocol: this.#url.isSecure ? 'https:' : 'http:',
      port: String(address.port),
    });
    if (socket === undefined) return;
    this.#events.opened(socket);
    socket.once('connect', () => {
      this.#connectedMs = nowMs();
      const counter = tcpHandleBelow(socket);
      if (counter !== undefined) this.#events.counted(counter);
    });
  }

  /** The connector returns the socket it is connecting, though its type does not say so. */
  #connectWith(target: buildConnector.Options): WireSocket | undefined {
    const { host, isSecure } = this.#url;
    const settings = isSecure ? this.#host.network.tlsFor(host) : undefined;
    const socket: unknown = connectorFor(host, settings)(target, (error, connected) => {
      if (error === null)
        this.#connected(connected as unknown as WireSocket); // a net.Socket has all of it
      else this.#lose(error);
    });
    return socket instanceof EventEmitter ? (socket as WireSocket) : undefined;
  }

  #connectTcp(address: ResolvedAddress, source: SourceLease | undefined): void {
    const socket = openTcpSocket(address, source);
    this.#events.opened(socket);
    let isReady = false;
    const timer = this.#host.setTimer(DIAL_TIMEOUT_MS, () => socket.destroy(dialTimeoutError()));
    let failure: Error | undefined;
    socket.on('error', (error: Error) => {
      failure ??= error;
    });
    socket.once('close', () => {
      timer.cancel();
      source?.release();
      if (!isReady) this.#lose(failure ?? new Error('unexpected EOF'));
    });
    const ready = (): void => {
      isReady = true;
      timer.cancel();
      this.#connectedMs = nowMs();
      if (this.#url.isSecure) this.#addTls(socket, address);
      else this.#connected(socket);
    };
    socket.once('connect', () => {
      if (this.#isOver) return;
      const { host, port } = this.#url;
      const proxy = this.#proxy;
      if (proxy === undefined || takesRequests(proxy, this.#url)) ready();
      else passProxy(socket, () => createTunnel(proxy, host, port), ready);
    });
  }

  #addTls(httpSocket: ReturnType<typeof openTcpSocket>, address: ResolvedAddress): void {
    const { address: hostname, port } = address;
    try {
      const target = { hostname, protocol: 'https:', port: String(port), httpSocket };
      const socket = this.#connectWith(target);
      // TLS says what is wrong with the connection below.
      socket?.once('close', () => httpSocket.destroy());
    } catch (error) {
      this.#lose(toError(error));
      httpSocket.destroy();
    }
  }

  #connected(socket: WireSocket): void {
    if (this.#isOver) {
      socket.destroy();
      return;
    }
    this.#isOver = true;
    const endMs = nowMs();
    if (this.#connectedMs === 0) this.#connectedMs = endMs;
    const connectingMs = this.#connectedMs - this.#startMs;
    this.#events.connected(socket, { connectingMs, tlsMs: endMs - this.#connectedMs });
  }

  /** An attempt is over: TCP did not connect to this address, or something behind it went wrong. */
  #lose(error: Error): void {
    if (this.#isOver) return;
    this.#events.lost();
    if (this.#connectedMs === 0 && this.#mayTryAgain(error)) this.#connect();
    else this.#fail(error);
  }

  #mayTryAgain(error: Error): boolean {
    if (this.#host.network.leaseSource !== undefined && isSourceRefusal(error)) {
      this.#sourceRefusals += 1;
      return this.#sourceRefusals <= SOURCE_REFUSALS_MAX;
    }
    this.#attempt += 1;
    return this.#attempt < this.#addresses.length;
  }

  #fail(error: Error): void {
    this.#isOver = true;
    this.#events.failed(error);
  }
}

/** A port no address has; in Go's words. */
function badPortError(port: number): Error {
  const error = new Error(`dial tcp: address ${port}: invalid port`);
  return Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT', syscall: 'connect' });
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** As undici's connector says it. */
function dialTimeoutError(): Error {
  return Object.assign(new Error('connect timeout'), { code: 'UND_ERR_CONNECT_TIMEOUT' });
}

/** Talks to a proxy until it has connected us. What goes wrong destroys the socket. */
function passProxy(
  socket: ReturnType<typeof openTcpSocket>,
  openTunnel: () => Tunnel,
  onOpen: () => void,
): void {
  let tunnel: Tunnel;
  try {
    tunnel = openTunnel();
  } catch (error) {
    socket.destroy(toError(error));
    return;
  }
  const read = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    const step = tunnel.push(chunk);
    if (step === 'wait') return;
    if (step instanceof Error) socket.destroy(step);
    else if (step === 'open') {
      socket.off('readable', read);
      onOpen();
    } else socket.write(step);
  };
  socket.on('readable', read);
  socket.write(tunnel.greeting);
}
