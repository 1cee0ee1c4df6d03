/** What all HTTP requests of one VU share, whether `k6/http` or `fetch` makes them. */
import type { VuHost } from './host.ts';
import { HttpClient } from './http-client.ts';
import { DEFAULT_STATUSES, type ExpectedStatuses } from './http-statuses.ts';
import { NativeError } from './script-error.ts';

export interface HttpSession {
  readonly host: VuHost;
  /** The VU's connections. */
  readonly client: HttpClient;
  /** `http.setResponseCallback`; undefined = requests are not judged. */
  expected: ExpectedStatuses | undefined;
}

/** @throws NativeError in the init context, where no requests may be made. */
export function requireVu(host: VuHost): void {
  if (host.phase === 'init') {
    throw new NativeError('Making http requests in the init context is not supported');
  }
}

const sessions = new WeakMap<VuHost, HttpSession>();

/** The session of a VU, made when it is first asked for. */
export function httpSessionOf(host: VuHost): HttpSession {
  let session = sessions.get(host);
  if (session === undefined) {
    session = { host, client: new HttpClient(host), expected: DEFAULT_STATUSES };
    sessions.set(host, session);
  }
  return session;
}
