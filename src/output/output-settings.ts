/**
 * Settings of outputs as text: environment variables with a common prefix, and `key=value` arguments.
 * Faults name where the value came from.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseExtendedDuration } from '../base/duration.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads typed settings by name. Empty values count as absent. */
export class OutputSettings {
  readonly #outputName: string;
  readonly #values: ReadonlyMap<string, string>;
  readonly #label: (key: string) => string;
  readonly #exitCode: typeof ExitCode.invalidConfig | undefined;

  constructor(
    outputName: string,
    values: ReadonlyMap<string, string>,
    label: (key: string) => string,
    exitCode?: typeof ExitCode.invalidConfig,
  ) {
    this.#exitCode = exitCode;
    this.#outputName = outputName;
    this.#values = values;
    this.#label = label;
  }

  /** The variables that begin with `prefix`, by the rest of their names. */
  static ofEnvironment(
    outputName: string,
    env: Environment,
    prefix: string,
    exitCode?: typeof ExitCode.invalidConfig,
  ): OutputSettings {
    const values = new Map<string, string>();
    for (const [name, value] of Object.entries(env)) {
      if (name.startsWith(prefix) && value !== undefined) {
        values.set(name.slice(prefix.length), value);
      }
    }
    return new OutputSettings(outputName, values, (key) => `${prefix}${key}`, exitCode);
  }

  /** Names that have a value. */
  keys(): string[] {
    return [...this.#values.keys()];
  }

  text(key: string): string | undefined {
    const value = this.#values.get(key);
    return value === '' ? undefined : value;
  }

  bool(key: string): boolean | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (/^(1|t|true)$/i.test(value)) return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw this.fault(`${this.#label(key)}: got ${JSON.stringify(value)}; expected true or false`);
  }

  /** Milliseconds, of k6's duration grammar; more than 0. */
  durationMs(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const durationMs = this.#parseDuration(key, value);
    if (durationMs > 0) return durationMs;
    throw this.fault(`${this.#label(key)}: got ${JSON.stringify(value)}; expected more than 0s`);
  }

  /** A whole number from 1. */
  count(key: string): number | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
    throw this.fault(
      `${this.#label(key)}: got ${JSON.stringify(value)}; expected a whole number from 1`,
    );
  }

  /** Parts between commas, trimmed, without empty ones. */
  list(key: string): string[] | undefined {
    return this.text(key)
      ?.split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  }

  /** `name<separator>value` pairs between commas. */
  pairs(key: string, separator: ':' | '='): [string, string][] {
    return (this.list(key) ?? []).map((pair) => {
      const at = pair.indexOf(separator);
      if (at > 0) return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      throw this.fault(
        `${this.#label(key)}: got ${JSON.stringify(pair)}; expected name${separator}value`,
      );
    });
  }

  /** Refuses a setting that is understood and not there. */
  refuse(key: string, instead: string): void {
    if (this.text(key) === undefined) return;
    throw this.fault(`${this.#label(key)} is not supported yet; ${instead}`);
  }

  fault(reason: string, cause?: unknown): GharialError {
    if (this.#exitCode === undefined) {
      return outputFault(this.#outputName, reason, cause);
    }
    return new GharialError(
      'OUTPUT_FAILED',
      `could not create the '${this.#outputName}' output: ${reason}`,
      {
        cause,
        exitCode: ExitCode.invalidConfig,
      },
    );
  }

  /** The text of the file that the setting names. */
  file(key: string, cwd: string): string | undefined {
    const path = this.text(key);
    if (path === undefined) return undefined;
    try {
      return readFileSync(resolve(cwd, path), 'utf8');
    } catch (error) {
      throw this.fault(`${this.#label(key)}: ${reasonOf(error, path)}`, error);
    }
  }

  #parseDuration(key: string, value: string): number {
    try {
      return parseExtendedDuration(value);
    } catch (error) {
      throw this.fault(`${this.#label(key)}: ${reasonOf(error)}`, error);
    }
  }
}

/** The failure to make an output, as k6 words it. */
export function outputFault(outputName: string, reason: string, cause?: unknown): GharialError {
  return new GharialError(
    'OUTPUT_FAILED',
    `could not create the '${outputName}' output: ${reason}`,
    { cause },
  );
}
