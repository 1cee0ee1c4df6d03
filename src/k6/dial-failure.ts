/** What a failed dial tells scripts and the log beyond k6's text: the server's answer above all. */
import { withoutSecretParameters, withoutUserInfo } from '../base/credentials.ts';
import type { Ending, HandshakeResponse } from '../websocket/api.ts';
import { canonicalHeaderName } from './dial-params.ts';
import type { DialFailure } from './events.ts';
import type { VuHost } from './host.ts';

const decoder = new TextDecoder();

/** Headers by canonical name; values of repeated ones are joined. */
export function headersByName(response: HandshakeResponse): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) {
    const key = canonicalHeaderName(name);
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

export function dialFailureOf(ending: Ending | undefined): DialFailure | undefined {
  if (ending === undefined) return undefined;
  const { cause, response } = ending;
  if (response === undefined) return { reason: cause, response: undefined };
  const { status } = response;
  const body = decoder.decode(response.body);
  return { reason: cause, response: { status, headers: headersByName(response), body } };
}

/** A URL without what is secret in it. */
export function loggedUrl(url: string): string {
  return withoutSecretParameters(withoutUserInfo(url));
}

/** With `--verbose`: one line for each failed dial, with all there is to know but credentials of the URL. */
export function logDialFailure(host: VuHost, url: string, ending: Ending): void {
  const { cause, error, response, timings } = ending;
  const detail: unknown = error === undefined ? undefined : Reflect.get(error, 'detail');
  host.log('debug', `WebSocket dial failed: ${error?.message ?? cause}`, {
    source: 'ws-dial',
    url: loggedUrl(url),
    reason: cause,
    ...(typeof detail === 'string' && detail !== '' ? { detail } : {}),
    ...(response === undefined
      ? {}
      : { status: String(response.status), body: decoder.decode(response.body) }),
    ms: timings.totalMs.toFixed(1),
  });
}
