/**
 * Sends batches to a server over HTTP on behalf of an output, beside the run.
 *
 * Everything is bounded: the bytes that wait, the requests at a time, the time and the number of attempts,
 * and the time at the end. What does not get through is lost, counted and told; it never slows or ends
 * the run.
 */
import { Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import type { OutputLosses } from './output.ts';

export interface HttpBatch {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** That are lost with it. */
  readonly samples?: number;
  /** Of the whole run, with the last batch of each push of totals: what came before need not be known. */
  readonly samplesTotal?: number;
}

/** How to trust the server, and who to be for it. PEM texts. */
export interface TlsSettings {
  readonly isVerified: boolean;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface HttpSenderSettings {
  /** Of the output, for messages. */
  readonly name: string;
  /** Per attempt. */
  readonly timeoutMs: number;
  /** Requests at a time; with 1, batches arrive in order. */
  readonly concurrency: number;
  readonly tls?: TlsSettings;
  /** Instead of plain HTTP; closed with the sender. */
  readonly transport?: BatchTransport;
  readonly warn: (message: string) => void;
  /** Before the second attempt; each further delay is four times as long. */
  readonly retryDelayMs?: number;
  /** For all that is left when the run has ended. */
  readonly closeTimeoutMs?: number;
  /** Bodies that wait or are under way; a batch that does not fit is lost. */
  readonly pendingBytesMax?: number;
}

const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS = 250;
const RETRY_FACTOR = 4;
const CLOSE_TIMEOUT_MS = 5000;
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** Of the server's answer, for the log. */
const ANSWER_CHARS_MAX = 300;

/** Why an attempt failed. */
export interface SendFault {
  readonly reason: string;
  readonly isWorthRetrying: boolean;
}

/** One way to bring a batch to a server. */
export interface BatchTransport {
  /** One attempt; undefined if the server took the batch. Rejects if it could not be asked. */
  post(batch: HttpBatch, signal: AbortSignal): Promise<SendFault | undefined>;
  close(): void;
}

export class HttpSender {
  readonly #settings: HttpSenderSettings;
  readonly #transport: BatchTransport;
  readonly #giveUp = new AbortController();
  readonly #waiting: HttpBatch[] = [];
  #pendingBytes = 0;
  #running = 0;
  #batches = 0;
  #lost = 0;
  #samplesLost = 0;
  /** By the last push of totals, and by the last one that got through as a whole. */
  #total = 0;
  #totalDelivered = 0;
  #isPushDamaged = false;
  #lastReason = '';
  #onIdle: (() => void) | undefined;

  constructor(settings: HttpSenderSettings) {
    this.#settings = settings;
    this.#transport = settings.transport ?? new HttpTransport(settings.concurrency, settings.tls);
  }

  /** Batches that did not get through so far. */
  get lostBatches(): number {
    return this.#lost;
  }

  /** Undefined as long as nothing is lost. */
  get losses(): OutputLosses | undefined {
    if (this.#lost === 0) return undefined;
    return {
      batchesLost: this.#lost,
      batches: this.#batches,
      samplesLost: this.#samplesLost + this.#total - this.#totalDelivered,
      reason: this.#lastReason,
    };
  }

  /** Sends soon, or counts the batch as lost. Never throws. */
  send(batch: HttpBatch): void {
    this.#batches++;
    this.#total = batch.samplesTotal ?? this.#total;
    const { pendingBytesMax = PENDING_BYTES_MAX } = this.#settings;
    if (this.#pendingBytes + batch.body.length > pendingBytesMax) {
      this.#lose(batch, 'batches come faster than they can be sent');
      return;
    }
    this.#pendingBytes += batch.body.length;
    this.#waiting.push(batch);
    this.#pump();
  }

  /** One attempt at once; resolves to why it failed, or to undefined. Counts no batch. */
  async probe(batch: HttpBatch): Promise<string | undefined> {
    return (await this.#attempt(batch))?.reason;
  }

  /** Waits, with a bound, until all is sent, and tells how many batches were lost. */
  async close(): Promise<void> {
    const { name, warn, closeTimeoutMs = CLOSE_TIMEOUT_MS } = this.#settings;
    const timer = setTimeout(() => this.#giveUp.abort(), closeTimeoutMs);
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    clearTimeout(timer);
    this.#transport.close();
    if (this.#lost > 0) warn(`the ${name} output lost ${this.#lost} of ${this.#batches} batches`);
  }

  #pump(): void {
    while (this.#running < this.#settings.concurrency) {
      const batch = this.#waiting.shift();
      if (batch === undefined) break;
      this.#running++;
      void this.#deliver(batch).then(() => {
        this.#running--;
        this.#pendingBytes -= batch.body.length;
        this.#pump();
      });
    }
    if (this.#running === 0) this.#onIdle?.();
  }

  /** Never rejects. */
  async #deliver(batch: HttpBatch): Promise<void> {
    let delayMs = this.#settings.retryDelayMs ?? RETRY_DELAY_MS;
    for (let attempt = 1; ; attempt++) {
      const fault = await this.#attempt(batch);
      if (fault === undefined) {
        this.#count(batch, true);
        return;
      }
      if (!fault.isWorthRetrying || attempt === ATTEMPTS_MAX || this.#giveUp.signal.aborted) {
        this.#lose(batch, fault.reason);
        return;
      }
      await sleep(delayMs, this.#giveUp.signal);
      delayMs *= RETRY_FACTOR;
    }
  }

  /** Never rejects. */
  async #attempt(batch: HttpBatch): Promise<SendFault | undefined> {
    if (this.#giveUp.signal.aborted) return { reason: 'the run has ended', isWorthRetrying: false };
    const timeout = AbortSignal.timeout(this.#settings.timeoutMs);
    const signal = AbortSignal.any([timeout, this.#giveUp.signal]);
    try {
      return await this.#transport.post(batch, signal);
    } catch (error) {
      if (timeout.aborted) {
        const reason = `no answer from ${batch.url.host} within ${this.#settings.timeoutMs} ms`;
        return { reason, isWorthRetrying: true };
      }
      return { reason: describe(error), isWorthRetrying: true };
    }
  }

  /** Tells of a reason once, until another one comes. */
  #lose(batch: HttpBatch, reason: string): void {
    this.#lost++;
    this.#count(batch, false);
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    this.#settings.warn(`the ${this.#settings.name} output could not send a batch: ${reason}`);
  }

  #count({ samples = 0, samplesTotal }: HttpBatch, isDelivered: boolean): void {
    if (!isDelivered) {
      this.#samplesLost += samples;
      this.#isPushDamaged = true;
    }
    if (samplesTotal === undefined) return;
    if (!this.#isPushDamaged) this.#totalDelivered = samplesTotal;
    this.#isPushDamaged = false;
  }
}

/** HTTP/1.1 with connections that are kept. */
class HttpTransport implements BatchTransport {
  readonly #agent: Agent;
  readonly #tlsAgent: TlsAgent;

  constructor(maxSockets: number, tls: TlsSettings | undefined) {
    this.#agent = new Agent({ keepAlive: true, maxSockets });
    this.#tlsAgent = new TlsAgent({ keepAlive: true, maxSockets, ...toTlsOptions(tls) });
  }

  async post(batch: HttpBatch, signal: AbortSignal): Promise<SendFault | undefined> {
    const { status, text } = await this.#request(batch, signal);
    if (status >= 200 && status < 300) return undefined;
    const answer = text === '' ? '' : ` (${text.trim()})`;
    return {
      reason: `got status code: ${status} instead expected a 2xx successful status code${answer}`,
      isWorthRetrying: status === 429 || status >= 500,
    };
  }

  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  #request(batch: HttpBatch, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const { url, body } = batch;
    const isTls = url.protocol === 'https:';
    const headers = { ...batch.headers, 'Content-Length': String(body.length) };
    const agent = isTls ? this.#tlsAgent : this.#agent;
    return new Promise((resolve, reject) => {
      const onResponse = (response: IncomingMessage): void => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          if (text.length < ANSWER_CHARS_MAX) text = (text + part).slice(0, ANSWER_CHARS_MAX);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      };
      const options = { method: 'POST', headers, agent, signal };
      const request = isTls
        ? requestHttps(url, options, onResponse)
        : requestHttp(url, options, onResponse);
      request.on('error', reject);
      request.end(body);
    });
  }
}

/** As node:https and node:http2 take them. */
export function toTlsOptions(tls: TlsSettings | undefined) {
  return {
    rejectUnauthorized: tls?.isVerified ?? true,
    minVersion: tls?.minVersion,
    ca: tls?.ca,
    cert: tls?.certificate,
    key: tls?.key,
  };
}

/** Resolves after the time, or at once when the signal is aborted. */
function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, durationMs);
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });
}

/** A refused connection to a name with several addresses has its message inside. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(describe).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
