/**
 * What a command gets from the process: its streams, environment and signals, as plain objects, so
 * that commands can be tested without a process and nothing below this room touches one.
 */
import type { ExitCode } from '../base/errors.ts';
import type { LogSinkSettings, LogWriter } from '../output/log-sink.ts';

/** Standard output or standard error. */
export interface TextStream extends LogWriter {
  /** Width of the terminal; undefined if it is none. Read anew for each frame: windows are resized. */
  readonly columns: number | undefined;
  /** Its height. */
  readonly rows: number | undefined;
  /**
   * When its window gets narrower and it breaks the lines that stand there anew, the terminal moves the cursor down
   * with the lines below it. Most keep the cursor in its line; xterm.js, and so VS Code, does not.
   */
  readonly losesCursorLine: boolean;
}

/** What the user asked of the log by global flags and environment, for `createLogSink`. */
export type LogRequest = Omit<LogSinkSettings, 'consoleOutput'>;

export interface Platform {
  readonly nodeVersion: string;
  readonly os: string;
  readonly architecture: string;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: Platform;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Writes to standard output what is no text. */
  writeBytes(bytes: Uint8Array): void;
  readonly log: LogRequest;
  /** Calls back at each SIGINT or SIGTERM until the returned function is called. */
  onStopSignal(onSignal: (signal: StopSignal) => void): () => void;
  /** Calls back when the process ends or is about to tell why it fails, until the returned function is called. */
  onExit(restore: () => void): () => void;
  /** Ends the process on the spot: the user asked twice to stop. */
  exitNow(exitCode: ExitCode): never;
}
