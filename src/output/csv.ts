/**
 * `--out csv[=file]`: every sample as a row, in k6's columns.
 *
 * System tags have columns of their own, all other tags share one, and so does metadata. What is the same
 * in all rows of a series is made once.
 */
import type { AggregateSeries } from '../metrics/aggregate.ts';
import type { Output, OutputLosses, RunInfo, SampleBatch, TextWriter } from './output.ts';
import { type Environment, OutputSettings, outputFault } from './output-settings.ts';
import { PushInterval } from './push-interval.ts';
import { nanosecondText, timeFormatter, toMicroseconds } from './sample-time.ts';
import { TextFile } from './text-file.ts';

const TIME_FORMATS = [
  'unix',
  'unix_milli',
  'unix_micro',
  'unix_nano',
  'rfc3339',
  'rfc3339_nano',
] as const;
export type CsvTimeFormat = (typeof TIME_FORMATS)[number];

export interface CsvSettings {
  /** '-' = stdout; a name that ends in `.gz` is compressed. */
  readonly fileName: string;
  /** Between writes; those come with the ticks of the run, so at most once per tick. */
  readonly saveIntervalMs: number;
  readonly timeFormat: CsvTimeFormat;
}

export interface CsvOutputSettings extends CsvSettings {
  /** System tags that are on. */
  readonly systemTags: readonly string[];
  readonly stdout: TextWriter;
  /** Runtime failures and lost samples. */
  readonly warn: (message: string) => void;
}

/** Names of settings in arguments and in the environment. */
const KEYS = { fileName: 'FILENAME', saveInterval: 'SAVE_INTERVAL', timeFormat: 'TIME_FORMAT' };
/** System tags that never belong to a series; they are metadata of samples. */
const METADATA_TAGS: ReadonlySet<string> = new Set(['vu', 'iter']);

type Pairs = readonly (readonly [string, string])[];

/**
 * Settings by the argument of `--out`, `K6_CSV_*` and defaults, in that order.
 * @throws GharialError OUTPUT_FAILED with k6's texts
 */
export function readCsvSettings(argument: string, env: Environment): CsvSettings {
  const ofEnvironment = OutputSettings.ofEnvironment('csv', env, 'K6_CSV_');
  const ofArgument = readArgument(argument);
  const timeFormat = ofArgument.text('TIME_FORMAT') ?? ofEnvironment.text('TIME_FORMAT') ?? 'unix';
  return {
    fileName: ofArgument.text('FILENAME') ?? ofEnvironment.text('FILENAME') ?? 'file.csv',
    saveIntervalMs:
      ofArgument.durationMs('SAVE_INTERVAL') ?? ofEnvironment.durationMs('SAVE_INTERVAL') ?? 1000,
    timeFormat: readTimeFormat(timeFormat),
  };
}

function readArgument(argument: string): OutputSettings {
  const values = new Map<string, string>();
  if (!argument.includes('=')) values.set('FILENAME', argument);
  else {
    for (const pair of argument.split(',')) {
      const [, key = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(pair) ?? [];
      if (value === undefined) {
        throw outputFault(
          'csv',
          `couldn't parse ${JSON.stringify(pair)} as argument for csv output`,
        );
      }
      const name = Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : undefined; // a key of it
      if (name === undefined) {
        throw outputFault('csv', `unknown key ${JSON.stringify(key)} as argument for csv output`);
      }
      values.set(name, value);
    }
  }
  return new OutputSettings('csv', values, (key) => key);
}

function readTimeFormat(text: string): CsvTimeFormat {
  const format = TIME_FORMATS.find((known) => known === text);
  if (format !== undefined) return format;
  throw outputFault('csv', `${text} does not belong to TimeFormat values`);
}

export class CsvOutput implements Output {
  readonly needs = 'samples';
  readonly description: string;
  readonly #file: TextFile;
  readonly #saveInterval: PushInterval;
  /** System tags with a column of their own, in the order of the columns. */
  readonly #columns: readonly string[];
  readonly #formatTime: (timeMs: number) => string;
  /** What stands before the time and after the value in all rows of a series. */
  readonly #parts = new Map<AggregateSeries, { readonly head: string; readonly tags: string }>();
  #metadata: Pairs | undefined;
  #metadataField = '';
  #lastTimeMs = 0;

  constructor(settings: CsvOutputSettings) {
    const { fileName, systemTags } = settings;
    this.#file = new TextFile({ name: 'csv', path: fileName, ...settings });
    this.#saveInterval = new PushInterval(settings.saveIntervalMs);
    this.#columns = systemTags.filter((tag) => !METADATA_TAGS.has(tag)).toSorted();
    this.#formatTime = timeWriter(settings.timeFormat);
    this.description = this.#file.isStdout ? 'csv (stdout)' : `csv (${fileName})`;
  }

  /** Errors: OUTPUT_FAILED if the file cannot be made. */
  start(_info: RunInfo): void {
    this.#file.open();
    const names = ['metric_name', 'timestamp', 'metric_value', ...this.#columns];
    this.#file.append(`${[...names, 'extra_tags', 'metadata'].map(field).join(',')}\n`);
  }

  onSamples(batch: SampleBatch): void {
    this.#file.countDropped(batch.droppedSamples);
    for (const [index, series] of batch.series.entries()) {
      const { head, tags } = this.#parts.get(series) ?? this.#prepare(series);
      const timeMs = batch.timesMs[index] ?? 0;
      if (timeMs > this.#lastTimeMs) this.#lastTimeMs = timeMs;
      const time = this.#formatTime(timeMs);
      const value = fixedNumber(batch.values[index] ?? 0);
      const metadata = this.#metadataOf(batch.metadataOf(index));
      this.#file.append(`${head}${time},${value}${tags},${metadata}\n`, 1);
    }
  }

  /** Time goes by the samples: without new ones there is nothing to write. */
  onTick(): void {
    if (this.#saveInterval.isDue(this.#lastTimeMs)) this.#file.flush();
  }

  stop(): void {
    this.#file.close();
  }

  get losses(): OutputLosses | undefined {
    return this.#file.losses;
  }

  #prepare(series: AggregateSeries): { head: string; tags: string } {
    const { metric, tags } = series;
    const columns = this.#columns.map((tag) => `,${field(tags.get(tag) ?? '')}`).join('');
    const extra = tags.entries().filter(([key]) => !this.#columns.includes(key));
    const parts = {
      head: `${field(metric.name)},`,
      tags: `${columns},${field(joinPairs(extra))}`,
    };
    this.#parts.set(series, parts);
    return parts;
  }

  /** One text serves all samples of an iteration. */
  #metadataOf(metadata: Pairs | undefined): string {
    if (metadata === undefined) return '';
    if (metadata !== this.#metadata) {
      this.#metadata = metadata;
      const sorted = metadata.toSorted(([a], [b]) => (a < b ? -1 : 1));
      this.#metadataField = field(joinPairs(sorted));
    }
    return this.#metadataField;
  }
}

/** k6's form, which escapes nothing. */
function joinPairs(pairs: Pairs): string {
  return pairs.map(([key, value]) => `${key}=${value}`).join('&');
}

/** Quotes where RFC 4180 asks for it, and where a reader may trim: before a leading space. */
function field(text: string): string {
  return /[",\r\n]|^\s|^\\\.$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Six decimals, without an exponent. */
function fixedNumber(value: number): string {
  if (Math.abs(value) < 1e21) return value.toFixed(6);
  if (Number.isFinite(value)) return `${BigInt(value)}.000000`;
  return value > 0 ? '+Inf' : '-Inf';
}

function timeWriter(format: CsvTimeFormat): (timeMs: number) => string {
  switch (format) {
    case 'unix':
      return (timeMs) => String(Math.floor(timeMs / 1000));
    case 'unix_milli':
      return (timeMs) => String(Math.floor(timeMs));
    case 'unix_micro':
      return (timeMs) => String(toMicroseconds(timeMs));
    case 'unix_nano':
      return nanosecondText;
    case 'rfc3339_nano':
      return timeFormatter();
    case 'rfc3339': {
      const toText = timeFormatter();
      return (timeMs) => toText(Math.floor(timeMs / 1000) * 1000);
    }
  }
}
