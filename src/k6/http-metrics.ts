/** The samples of one HTTP request, redirects counting each for itself. */
import type { TagSet } from '../metrics/tag-set.ts';
import type { VuHost } from './host.ts';
import type { ConnectionFacts, WireTimings } from './http-client.ts';

/** What happened to a request, as far as metrics tell. */
export interface RequestOutcome {
  readonly method: string;
  /** The address without credentials. */
  readonly url: string;
  /** 0 if there was no answer. */
  readonly status: number;
  /** '' if there was an answer. */
  readonly error: string;
  /** 0 = none. */
  readonly errorCode: number;
  /** undefined = nobody judges it. */
  readonly isExpected: boolean | undefined;
  readonly facts: ConnectionFacts;
}

const TLS_NAMES: Readonly<Record<string, string>> = {
  TLSv1: 'tls1.0',
  'TLSv1.1': 'tls1.1',
  'TLSv1.2': 'tls1.2',
  'TLSv1.3': 'tls1.3',
};

/** `tls1.3`, as k6 calls it; '' for a plain connection. */
export function tlsVersionOf({ tls }: ConnectionFacts): string {
  return tls === undefined ? '' : (TLS_NAMES[tls.version] ?? '');
}

/** `HTTP/1.1` or `HTTP/2.0`. */
export function protoOf({ isHttp2 }: ConnectionFacts): string {
  return isHttp2 ? 'HTTP/2.0' : 'HTTP/1.1';
}

/** @param base tags of the VU at the time of the call, with the script's. */
function tagsOf(host: VuHost, base: TagSet, outcome: RequestOutcome): TagSet {
  const { facts } = outcome;
  let tags = base;
  const add = (name: string, value: string): void => {
    if (host.isSystemTagEnabled(name)) tags = tags.with(name, value);
  };
  // A name of the script's own stands for the address too, so that addresses do not pile up.
  const name = base.get('name');
  add('url', name ?? outcome.url);
  if (name === undefined) add('name', outcome.url);
  add('method', outcome.method);
  add('status', String(outcome.status));
  if (outcome.errorCode !== 0) add('error_code', String(outcome.errorCode));
  if (outcome.error !== '') add('error', outcome.error);
  if (outcome.status !== 0) {
    add('proto', protoOf(facts));
    if (facts.tls !== undefined) {
      add('tls_version', tlsVersionOf(facts));
      add('ocsp_status', 'unknown');
    }
  }
  if (facts.remoteIp !== '') add('ip', facts.remoteIp);
  if (outcome.isExpected !== undefined) add('expected_response', String(outcome.isExpected));
  return tags;
}

/** The tags of requests to an address that `http.url` has given a name; a tag of the script's goes before. */
export function withUrlName(host: VuHost, tags: TagSet, urlName: string): TagSet {
  const isNamed = tags.get('name') === undefined && host.isSystemTagEnabled('name');
  return isNamed ? tags.with('name', urlName) : tags;
}

/** Records all samples of a request at the time it ended. */
export function recordRequest(
  host: VuHost,
  base: TagSet,
  metadata: ReadonlyMap<string, string>,
  outcome: RequestOutcome,
  timings: WireTimings,
): void {
  if (!host.isRecording) return;
  const { builtin } = host;
  const tags = tagsOf(host, base, outcome);
  const { endMs, sendingMs, waitingMs, receivingMs } = timings;
  const durationMs = sendingMs + waitingMs + receivingMs;
  host.record(host.series(builtin.http_reqs, tags), 1, endMs, metadata);
  host.record(host.series(builtin.http_req_duration, tags), durationMs, endMs, metadata);
  host.record(host.series(builtin.http_req_blocked, tags), timings.blockedMs, endMs, metadata);
  host.record(
    host.series(builtin.http_req_connecting, tags),
    timings.connectingMs,
    endMs,
    metadata,
  );
  host.record(host.series(builtin.http_req_tls_handshaking, tags), timings.tlsMs, endMs, metadata);
  host.record(host.series(builtin.http_req_sending, tags), sendingMs, endMs, metadata);
  host.record(host.series(builtin.http_req_waiting, tags), waitingMs, endMs, metadata);
  host.record(host.series(builtin.http_req_receiving, tags), receivingMs, endMs, metadata);
  if (outcome.isExpected !== undefined) {
    const failed = outcome.isExpected ? 0 : 1;
    host.record(host.series(builtin.http_req_failed, tags), failed, endMs, metadata);
  }
}
