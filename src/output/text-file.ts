/**
 * The file (or standard output) that an output writes lines to: in large chunks, synchronously, compressed
 * if its name ends in `.gz`.
 *
 * A slow disk holds up the merge; the bounded batches of the workers then drop samples, which is counted
 * and reported. A disk that fails ends the output with one warning, never the run.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { reasonOf } from '../base/system-error.ts';
import { type OutputLosses, type TextWriter, withDropped } from './output.ts';
import { outputFault } from './output-settings.ts';

export interface TextFileSettings {
  /** Of the output, for messages. */
  readonly name: string;
  /** '' or '-' = stdout. */
  readonly path: string;
  readonly stdout: TextWriter;
  /** Runtime failures and lost samples. */
  readonly warn: (message: string) => void;
}

/** Written at once when so much has gathered. */
const CHUNK_CHARS = 1 << 18;

export class TextFile {
  /** True if lines go to standard output. */
  readonly isStdout: boolean;
  readonly #settings: TextFileSettings;
  #file: number | undefined;
  #chunk = '';
  #droppedSamples = 0;
  /** Why nothing is written any more. */
  #breakage: string | undefined;
  #samplesLost = 0;
  #chunkSamples = 0;

  constructor(settings: TextFileSettings) {
    this.#settings = settings;
    this.isStdout = settings.path === '' || settings.path === '-';
  }

  /** Errors: OUTPUT_FAILED if the file cannot be made. */
  open(): void {
    if (this.isStdout) return;
    try {
      this.#file = openSync(this.#settings.path, 'w');
    } catch (error) {
      throw outputFault(this.#settings.name, reasonOf(error), error);
    }
  }

  /** Keeps the text of so many samples, and writes what is kept if that has become much. */
  append(text: string, samples = 0): void {
    this.#chunk += text;
    this.#chunkSamples += samples;
    if (this.#chunk.length >= CHUNK_CHARS) this.flush();
  }

  /** Samples that never reached the output, told of at the end. */
  countDropped(samples: number): void {
    this.#droppedSamples += samples;
  }

  flush(): void {
    const text = this.#chunk;
    const samples = this.#chunkSamples;
    this.#chunk = '';
    this.#chunkSamples = 0;
    if (this.#breakage !== undefined) this.#samplesLost += samples;
    if (text === '' || this.#breakage !== undefined) return;
    const { name, path, stdout, warn } = this.#settings;
    try {
      if (this.#file === undefined) stdout.write(text);
      else writeAll(this.#file, this.#encode(text));
    } catch (error) {
      this.#breakage = `could not write ${this.isStdout ? 'to standard output' : path}: ${reasonOf(error)}`;
      this.#samplesLost += samples;
      warn(`the ${name} output stopped: ${this.#breakage}`);
    }
  }

  close(): void {
    this.flush();
    const { name, warn } = this.#settings;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    if (this.#droppedSamples === 0) return;
    warn(
      `the ${name} output lost ${this.#droppedSamples} samples, since it could not be written fast enough`,
    );
  }

  get losses(): OutputLosses | undefined {
    const broken =
      this.#breakage === undefined
        ? undefined
        : { batchesLost: 0, batches: 0, samplesLost: this.#samplesLost, reason: this.#breakage };
    return withDropped(broken, this.#droppedSamples);
  }

  /** Each chunk is a gzip member of its own; a sequence of members is a valid gzip file. */
  #encode(text: string): Buffer {
    return this.#settings.path.endsWith('.gz') ? gzipSync(text) : Buffer.from(text);
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
