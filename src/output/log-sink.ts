/**
 * Where log lines go: `--log-output` and `--console-output`, behind one object.
 *
 * Streams are injected, files are opened here. Every line is written at once and whole, so that
 * nothing is lost when the process ends hard; only Loki gets its lines in batches. Nothing in gharial but this and `cli/` decides
 * what a user sees of the log.
 */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { nowMs } from '../base/clock.ts';
import { GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import type { LogFormatName, LogFormatter, LogLevel, LogRecord } from './log-format.ts';
import { logFormatter } from './log-format.ts';
import { isAtLeast, parseLogLevel } from './log-level.ts';
import { LokiLog } from './loki-log.ts';
import { parseLokiOutput } from './loki-settings.ts';

/** A stream for lines of text; `cli/` gives the process's own. */
export interface LogWriter {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** Takes the log of a run. */
export interface LogSink {
  /**
   * Writes one record, if its level is wanted. `isInit`: a console call of the init context; it
   * stays in the log even when `--console-output` takes the rest of the console, as in k6.
   */
  log(record: LogRecord, isInit?: boolean): void;
  /** Closes the files, sends what waits for a server. Records that come later are dropped. Never rejects. */
  close(): Promise<void>;
}

export interface LogSinkSettings {
  /** Value of `--log-output`: `stderr`, `stdout`, `none`, `file=path[,level=…]`, `loki[=url,…]`. */
  readonly output: string;
  readonly format: LogFormatName;
  /** Path of `--console-output`. */
  readonly consoleOutput?: string | undefined;
  /** `--verbose`: debug records too. */
  readonly isVerbose: boolean;
  /** `--no-color` and its environment variables: terminals get logfmt. */
  readonly isColorless: boolean;
  readonly stdout: LogWriter;
  readonly stderr: LogWriter;
  /** Epoch ms from which terminal lines count seconds. */
  readonly startMs: number;
}

/**
 * Opens the log of a run.
 *
 * @throws GharialError LOG_OUTPUT_INVALID for an output that is unknown or not writable. Files are appended
 *   to and made if absent (log 0600, console 0644).
 */
export function createLogSink(settings: LogSinkSettings): LogSink {
  const log = openTarget(settings);
  const path = settings.consoleOutput;
  const console =
    path === undefined || path === '' ? undefined : openConsoleFile(path, settings.format);
  const levelMin = settings.isVerbose ? 'debug' : 'info';
  let isOpen = true;

  return {
    log(record, isInit = false) {
      if (!isOpen || !isAtLeast(record.level, levelMin)) return;
      if (console !== undefined && !isInit && isConsole(record)) {
        console.write(withoutSource(record));
      } else {
        log.write(record);
      }
    },
    async close() {
      isOpen = false;
      await log.close();
      await console?.close();
    },
  };
}

interface Target {
  write(record: LogRecord): void;
  close(): void | Promise<void>;
}

function openTarget(settings: LogSinkSettings): Target {
  const { output } = settings;
  if (output === '' || output === 'stderr') return streamTarget(settings.stderr, settings);
  if (output === 'stdout') return streamTarget(settings.stdout, settings);
  if (output === 'none') return { write() {}, close() {} };
  if (output === 'file' || output.startsWith('file=')) return logFileTarget(settings);
  if (output === 'loki' || /^loki[=,]/.test(output)) return lokiTarget(settings);
  throw new GharialError('LOG_OUTPUT_INVALID', `unsupported log output '${output}'`, {
    hint: 'use stderr, stdout, none, file=path[,level=…] or loki[=url,…]',
  });
}

function streamTarget(writer: LogWriter, settings: LogSinkSettings): Target {
  const format = logFormatter({
    format: settings.format,
    isTerminal: writer.isTerminal && !settings.isColorless,
    startMs: settings.startMs,
  });
  return {
    write(record) {
      writer.write(format(record));
    },
    close() {},
  };
}

/** What Loki does not take is told on standard error. */
function lokiTarget(settings: LogSinkSettings): Target {
  const stderr = streamTarget(settings.stderr, settings);
  return new LokiLog(parseLokiOutput(settings.output), (message) => {
    stderr.write({ timeMs: nowMs(), level: 'warning', message, fields: {} });
  });
}

function logFileTarget(settings: LogSinkSettings): Target {
  const { path, levelMin } = parseFileOutput(settings.output);
  if (!isDirectory(dirname(path))) {
    throw new GharialError(
      'LOG_OUTPUT_INVALID',
      `provided directory '${dirname(path)}' does not exist`,
    );
  }
  const file = openFile(path, 0o600, plainFormatter(settings.format));
  return {
    write(record) {
      if (isAtLeast(record.level, levelMin)) file.write(record);
    },
    close() {
      file.close();
    },
  };
}

/** Parses `file=path[,level=warning]`. */
function parseFileOutput(output: string): { path: string; levelMin: LogLevel } {
  const [first = '', ...options] = output.split(',');
  const path = first.slice('file='.length);
  if (path === '') {
    throw new GharialError('LOG_OUTPUT_INVALID', 'filepath must not be empty', {
      hint: 'use --log-output file=path',
    });
  }
  let levelMin: LogLevel = 'debug';
  for (const option of options) {
    const [key = '', value = ''] = option.split('=');
    if (key !== 'level') {
      throw new GharialError('LOG_OUTPUT_INVALID', `unknown logfile config key ${key}`, {
        hint: 'the only option of a log file is level=…',
      });
    }
    levelMin = parseLogLevel(value);
  }
  return { path, levelMin };
}

function openConsoleFile(path: string, format: LogFormatName): Target {
  return openFile(path, 0o644, plainFormatter(format));
}

function plainFormatter(format: LogFormatName): LogFormatter {
  return logFormatter({ format, isTerminal: false, startMs: 0 });
}

function openFile(path: string, mode: number, format: LogFormatter): Target {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'a', mode);
  } catch (cause) {
    throw new GharialError(
      'LOG_OUTPUT_INVALID',
      `could not open the log file '${path}': ${reasonOf(cause)}`,
      { cause },
    );
  }
  return {
    write(record) {
      writeSync(descriptor, format(record));
    },
    close() {
      closeSync(descriptor);
    },
  };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isConsole({ fields: { source } }: LogRecord): boolean {
  return source === 'console';
}

function withoutSource(record: LogRecord): LogRecord {
  const { source: _, ...fields } = record.fields;
  return { ...record, fields };
}
