/**
 * Pushes log lines to Grafana Loki, in batches, beside the run (Loki's HTTP API, `POST /loki/api/v1/push`).
 *
 * A line is the bare message; its level and its other facts are labels of its stream. What the server does
 * not take is lost, and `warn` is told how much.
 */

import { HttpSender } from './http-sender.ts';
import type { LogRecord } from './log-format.ts';
import { quoteIfNeeded } from './log-format.ts';
import { isAtLeast } from './log-level.ts';
import type { LokiSettings } from './loki-settings.ts';

const TIMEOUT_MS = 5000;

/** Lines of one label set, in Loki's JSON. */
interface Stream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: [nanoseconds: string, line: string][];
}

export class LokiLog {
  readonly #settings: LokiSettings;
  readonly #sender: HttpSender;
  readonly #timer: NodeJS.Timeout;
  #records: LogRecord[] = [];
  #leftOut = 0;

  constructor(settings: LokiSettings, warn: (message: string) => void) {
    this.#settings = settings;
    this.#sender = new HttpSender({ name: 'loki', timeoutMs: TIMEOUT_MS, concurrency: 1, warn });
    this.#timer = setInterval(() => this.#push(), settings.pushPeriodMs);
    this.#timer.unref();
  }

  write(record: LogRecord): void {
    if (!isAtLeast(record.level, this.#settings.levelMin)) return;
    if (this.#records.length < this.#settings.limit) this.#records.push(record);
    else this.#leftOut += 1;
  }

  /** Sends what is left, and waits for it for some seconds at most. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#push();
    await this.#sender.close();
  }

  #push(): void {
    const last = this.#records.at(-1);
    if (last === undefined) return;
    if (this.#leftOut > 0) {
      const message = `${this.#leftOut} log lines were left out, above the limit of ${this.#settings.limit}`;
      this.#records.push({ timeMs: last.timeMs, level: 'warning', message, fields: {} });
    }
    const streams = streamsOf(this.#records, this.#settings);
    this.#records = [];
    this.#leftOut = 0;
    this.#sender.send({
      url: this.#settings.url,
      headers: { 'Content-Type': 'application/json', ...this.#settings.headers },
      body: Buffer.from(JSON.stringify({ streams })),
    });
  }
}

function streamsOf(records: readonly LogRecord[], settings: LokiSettings): Stream[] {
  const streams = new Map<string, Stream>();
  // Threads log on their own; Loki wants the lines of a stream in order.
  for (const record of records.toSorted((a, b) => a.timeMs - b.timeMs)) {
    const { labels, line } = labelled(record, settings);
    const key = JSON.stringify(labels);
    const stream = streams.get(key) ?? { stream: labels, values: [] };
    streams.set(key, stream);
    stream.values.push([toNanoseconds(record.timeMs), cut(line, settings.messageBytesMax)]);
  }
  return [...streams.values()];
}

function labelled(
  { level, message, fields }: LogRecord,
  { labels, allowedLabels }: LokiSettings,
): { labels: Readonly<Record<string, string>>; line: string } {
  const facts = Object.entries({ ...fields, level }).sort(([a], [b]) => (a < b ? -1 : 1));
  const isLabel = (name: string): boolean => allowedLabels?.includes(name) ?? true;
  const rest = facts.filter(([name]) => !isLabel(name));
  return {
    labels: { ...labels, ...Object.fromEntries(facts.filter(([name]) => isLabel(name))) },
    line: [message, ...rest.map(([name, value]) => `${name}=${quoteIfNeeded(value)}`)].join(' '),
  };
}

function toNanoseconds(timeMs: number): string {
  return `${Math.round(timeMs * 1000)}000`;
}

function cut(line: string, bytesMax: number): string {
  if (Buffer.byteLength(line) <= bytesMax) return line;
  return `${Buffer.from(line).subarray(0, bytesMax).toString()}…`;
}
