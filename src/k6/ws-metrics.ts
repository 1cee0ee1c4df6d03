/**
 * The samples of one socket. Tags and metadata are frozen when the socket is created and completed by
 * the handshake; series are looked up once, so a message costs one `record`.
 */
import { withoutUserInfo } from '../base/credentials.ts';
import type { Metric } from '../metrics/metric.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import {
  type DialTimings,
  EndCause,
  type Ending,
  type HandshakeResponse,
} from '../websocket/api.ts';
import { reasonTag } from './close-reasons.ts';
import { closeReasonText } from './go-errors.ts';
import type { VuHost } from './host.ts';

type CloseFacts = Pick<Ending, 'cause' | 'code' | 'reason' | 'error' | 'response'>;

/** The end of a socket whose request could not even be made: a malformed URL. */
export const NOT_DIALLED: CloseFacts = {
  cause: EndCause.dialFailed,
  code: 1006,
  reason: 'malformed request',
  error: undefined,
  response: undefined,
};

const UNKNOWN_SERIES = -1;
/** Pings that may wait for their pong; beyond that the oldest counts as lost. */
const PENDING_PINGS_MAX = 1000;

/** Tags of a `k6/websockets` socket: a `name` of the script's own is the `url` tag too. */
export function namedSocketTags(host: VuHost, tags: TagSet, url: string): TagSet {
  const name = tags.get('name') ?? url;
  const named = host.isSystemTagEnabled('name') ? tags.with('name', name) : tags;
  return host.isSystemTagEnabled('url') ? named.with('url', name) : named;
}

/** Tags of a `k6/ws` socket: `url` only, without credentials. */
export function plainSocketTags(host: VuHost, tags: TagSet, url: string): TagSet {
  return host.isSystemTagEnabled('url') ? tags.with('url', withoutUserInfo(url)) : tags;
}

/** `address:port` or `[address]:port` without the port. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

export class SocketMetrics {
  readonly #host: VuHost;
  readonly #metadata: ReadonlyMap<string, string>;
  #tags: TagSet;
  #isOpen = false;
  #sentSeries = UNKNOWN_SERIES;
  #receivedSeries = UNKNOWN_SERIES;
  #pingSeries = UNKNOWN_SERIES;
  #pingCount = 0;
  /** Send times of pings without a pong, by number. */
  #pingTimesMs: Map<string, number> | undefined;

  constructor(host: VuHost, tags: TagSet) {
    this.#host = host;
    this.#tags = tags;
    this.#metadata = host.metadata;
  }

  /** The dial is over, well or not: `ws_sessions`, `ws_connecting` and its phases at the time it began. */
  dialEnded(
    timings: DialTimings,
    response: HandshakeResponse | undefined,
    remoteAddress: string | undefined,
  ): void {
    const host = this.#host;
    if (response !== undefined) {
      if (host.isSystemTagEnabled('status')) {
        this.#tags = this.#tags.with('status', String(response.status));
      }
      if (host.isSystemTagEnabled('subproto')) {
        this.#tags = this.#tags.with('subproto', response.protocol);
      }
    }
    if (remoteAddress !== undefined && host.isSystemTagEnabled('ip')) {
      this.#tags = this.#tags.with('ip', hostOf(remoteAddress));
    }
    const { builtin } = host;
    const { startMs, totalMs } = timings;
    host.record(host.series(builtin.ws_sessions, this.#tags), 1, startMs, this.#metadata);
    host.record(host.series(builtin.ws_connecting, this.#tags), totalMs, startMs, this.#metadata);
    this.#phase(builtin.ws_dns_lookup, timings.dnsMs, startMs);
    this.#phase(builtin.ws_tcp_connecting, timings.tcpMs, startMs);
    this.#phase(builtin.ws_tls_handshaking, timings.tlsMs, startMs);
    this.#phase(builtin.ws_upgrading, timings.upgradeMs, startMs);
  }

  /** A phase that did not happen took 0 ms and is no sample; no metric: the script has one of its name. */
  #phase(metric: Metric | undefined, valueMs: number, startMs: number): void {
    if (metric === undefined || valueMs === 0) return;
    this.#host.record(this.#host.series(metric, this.#tags), valueMs, startMs, this.#metadata);
  }

  /** The connection is open. */
  opened(): void {
    this.#isOpen = true;
    this.#host.socketOpened();
  }

  /**
   * The connection is gone, or never came up: one `ws_sockets_closed`, tagged with the close `code` of
   * the close event, the engine's `cause` and, if there is one, the `reason`: the peer's words or the kind
   * of error. None if the script has a metric of that name.
   */
  gone(ending: CloseFacts): void {
    const host = this.#host;
    if (this.#isOpen) {
      this.#isOpen = false;
      host.socketGone();
    }
    const { ws_sockets_closed } = host.builtin;
    if (ws_sockets_closed === undefined) return;
    let tags = this.#tags.with('cause', ending.cause).with('code', String(ending.code));
    const reason = closeReasonText(ending);
    if (reason !== '') tags = tags.with('reason', reasonTag(reason));
    host.recordClose(host.series(ws_sockets_closed, tags), this.#metadata);
  }

  sent(): void {
    if (this.#sentSeries === UNKNOWN_SERIES) {
      this.#sentSeries = this.#host.series(this.#host.builtin.ws_msgs_sent, this.#tags);
    }
    this.#host.count(this.#sentSeries, this.#metadata);
  }

  received(atMs: number): void {
    if (this.#receivedSeries === UNKNOWN_SERIES) {
      this.#receivedSeries = this.#host.series(this.#host.builtin.ws_msgs_received, this.#tags);
    }
    this.#host.record(this.#receivedSeries, 1, atMs, this.#metadata);
  }

  /** Payload of the next ping: a decimal counter. */
  nextPing(): string {
    return String(this.#pingCount);
  }

  pingSent(timeMs: number): void {
    this.#pingTimesMs ??= new Map();
    if (this.#pingTimesMs.size >= PENDING_PINGS_MAX) {
      for (const oldest of this.#pingTimesMs.keys()) {
        this.#pingTimesMs.delete(oldest);
        break;
      }
    }
    this.#pingTimesMs.set(this.nextPing(), timeMs);
    this.#pingCount += 1;
  }

  /** `ws_ping`, if the pong answers a ping of ours; else returns false. */
  pongReceived(payload: string, atMs: number): boolean {
    const sentMs = this.#pingTimesMs?.get(payload);
    if (sentMs === undefined) return false;
    this.#pingTimesMs?.delete(payload);
    if (this.#pingSeries === UNKNOWN_SERIES) {
      this.#pingSeries = this.#host.series(this.#host.builtin.ws_ping, this.#tags);
    }
    this.#host.record(this.#pingSeries, atMs - sentMs, atMs, this.#metadata);
    return true;
  }

  ended(durationMs: number, timeMs: number): void {
    const series = this.#host.series(this.#host.builtin.ws_session_duration, this.#tags);
    this.#host.record(series, durationMs, timeMs, this.#metadata);
  }
}
