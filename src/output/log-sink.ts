/**
 * Where log lines go: `--log-output` and `--console-output`, behind one object.
 *
 * Streams are injected, files are opened here. Every line is written at once and whole, so that
 * nothing is lost when the process ends hard. Nothing in gharial but this and `cli/` decides
 * what a user sees of the log.
 */
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { GharialError } from '../base/errors.ts';
import type { LogFormatName, LogFormatter, LogLevel, LogRecord } from './log-format.ts';
import { logFormatter } from './log-format.ts';

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
  /** Closes the files. Records that come later are dropped. */
  close(): void;
}

export interface LogSinkSettings {
  /** Value of `--log-output`: `stderr`, `stdout`, `none`, `file=path[,level=…]`. */
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

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
const LEVEL_NAMES: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  fatal: 'error',
  panic: 'error',
};

/**
 * Opens the log of a run.
 *
 * @throws GharialError LOG_OUTPUT_INVALID for an output that is unknown, not supported or not
 *   writable. Files are appended to and made if absent (log 0600, console 0644).
 */
export function createLogSink(settings: LogSinkSettings): LogSink {
  const log = openTarget(settings);
  const path = settings.consoleOutput;
  const console =
    path === undefined || path === '' ? undefined : openConsoleFile(path, settings.format);
  const severityMin = SEVERITY[settings.isVerbose ? 'debug' : 'info'];
  let isOpen = true;

  return {
    log(record, isInit = false) {
      if (!isOpen || SEVERITY[record.level] < severityMin) return;
      if (console !== undefined && !isInit && isConsole(record)) {
        console.write(withoutSource(record));
      } else {
        log.write(record);
      }
    },
    close() {
      isOpen = false;
      log.close();
      console?.close();
    },
  };
}

interface Target {
  write(record: LogRecord): void;
  close(): void;
}

function openTarget(settings: LogSinkSettings): Target {
  const { output } = settings;
  if (output === '' || output === 'stderr') return streamTarget(settings.stderr, settings);
  if (output === 'stdout') return streamTarget(settings.stdout, settings);
  if (output === 'none') return { write() {}, close() {} };
  if (output === 'file' || output.startsWith('file=')) return logFileTarget(settings);
  if (output === 'loki' || output.startsWith('loki=')) {
    throw new GharialError('LOG_OUTPUT_INVALID', `log output 'loki' is not supported yet`, {
      hint: 'use --log-output file=path with --log-format json and ship the file to Loki',
    });
  }
  throw new GharialError('LOG_OUTPUT_INVALID', `unsupported log output '${output}'`, {
    hint: 'use stderr, stdout, none or file=path[,level=…]',
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

function logFileTarget(settings: LogSinkSettings): Target {
  const { path, levelMin } = parseFileOutput(settings.output);
  if (!isDirectory(dirname(path))) {
    throw new GharialError(
      'LOG_OUTPUT_INVALID',
      `provided directory '${dirname(path)}' does not exist`,
    );
  }
  const file = openFile(path, 0o600, plainFormatter(settings.format));
  const severityMin = SEVERITY[levelMin];
  return {
    write(record) {
      if (SEVERITY[record.level] >= severityMin) file.write(record);
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
    const level = LEVEL_NAMES[value.toLowerCase()];
    if (level === undefined) {
      throw new GharialError('LOG_OUTPUT_INVALID', `unknown log level '${value}'`, {
        hint: 'use debug, info, warning or error',
      });
    }
    levelMin = level;
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GharialError(
      'LOG_OUTPUT_INVALID',
      `could not open the log file '${path}': ${reason}`,
      {
        cause,
      },
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
