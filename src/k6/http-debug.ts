/** The `httpDebug` option: requests and answers in the log, as they went over the wire. */
import type { VuHost } from './host.ts';
import type { ConnectionFacts, WireAnswer } from './http-client.ts';
import { canonicalName, type WireHeaders } from './http-headers.ts';
import { protoOf } from './http-metrics.ts';
import type { RequestUrl } from './http-url.ts';

interface ShownRequest {
  readonly method: string;
  readonly url: RequestUrl;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

let requestCount = 0;

/** Logs a request and returns the id its answer is logged under. */
export function logRequest(host: VuHost, { method, url, headers, body }: ShownRequest): string {
  requestCount += 1;
  const id = `${host.id}-${requestCount}`;
  const lines = [`${method} ${url.target} HTTP/1.1`, ...headerLines(headers)];
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  log(host, id, 'Request', lines, body);
  return id;
}

export function logAnswer(
  host: VuHost,
  id: string,
  answer: WireAnswer,
  facts: ConnectionFacts,
): void {
  const head = `${protoOf(facts)} ${answer.status} ${answer.statusText}`;
  log(host, id, 'Response', [head, ...answerLines(answer.headers)], answer.body);
}

function headerLines(headers: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  }
  return lines;
}

function answerLines(headers: WireHeaders): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((text) => `${canonicalName(name)}: ${text}`),
  );
}

function log(
  host: VuHost,
  id: string,
  title: string,
  lines: readonly string[],
  body: Uint8Array | undefined,
): void {
  const isFull = host.http.debug === 'full' && body !== undefined;
  const text = isFull ? Buffer.from(body).toString('utf8') : '';
  host.log('info', `${title}:\n${lines.join('\r\n')}\r\n\r\n${text}\n`, {
    group: host.groupPath,
    request_id: id,
    scenario: host.tags.get('scenario') ?? '',
    source: 'http-debug',
    vu: String(host.id),
  });
}
