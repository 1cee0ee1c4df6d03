#!/usr/bin/env node
/**
 * Entry of the `gharial` command: the one place that reads the process and ends it. Commands get what
 * they need as a `CommandContext` and hand back an exit code; a failure becomes one line of log here.
 */
import { nowMs } from '../base/clock.ts';
import { ExitCode } from '../base/errors.ts';
import { runCommandLine } from './commands.ts';
import type { CommandContext, StopSignal, TextStream } from './context.ts';
import { readLogRequest } from './log-request.ts';

const args = process.argv.slice(2);
/** What puts the terminal in order. */
const restores = new Set<() => void>();
const stdout = textStream(process.stdout);
const stderr = textStream(process.stderr);
const context: CommandContext = {
  env: process.env,
  cwd: process.cwd(),
  platform: {
    nodeVersion: process.version,
    os: process.platform,
    architecture: process.arch,
  },
  stdout,
  stderr,
  writeBytes(bytes) {
    process.stdout.write(bytes);
  },
  log: readLogRequest(args, process.env, stdout, stderr),
  onStopSignal,
  onExit,
  exitNow: (exitCode) => process.exit(exitCode),
};

process.on('exit', restoreTerminal);
process.stdout.on('error', endOnBrokenPipe);
process.stderr.on('error', endOnBrokenPipe);
process.on('uncaughtException', (error) => void fail(error).then(end));
runCommandLine(args, context).catch(fail).then(end);

/** Logs what ended the command. */
async function fail(error: unknown): Promise<ExitCode> {
  restoreTerminal();
  const { reportError } = await import('./error-report.ts');
  const { createLogSink } = await import('../output/log-sink.ts');
  const { record, exitCode } = reportError(error, nowMs());
  let sink: ReturnType<typeof createLogSink>;
  try {
    sink = createLogSink(context.log);
  } catch {
    // The log itself is the fault (a bad --log-output): tell it where the user looks.
    sink = createLogSink({ ...context.log, output: 'stderr' });
  }
  sink.log(record);
  await sink.close();
  return exitCode;
}

/** Ends the process once all output is handed over; a stray handle must not keep it. */
function end(exitCode: ExitCode): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}

/** The reader has seen enough (`gharial … | head`): that is its right and no failure. */
function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(ExitCode.ok);
  throw error;
}

function textStream(stream: NodeJS.WriteStream): TextStream {
  return {
    isTerminal: stream.isTTY === true && process.env['TERM'] !== 'dumb',
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    losesCursorLine: process.env['TERM_PROGRAM'] === 'vscode',
    get rows() {
      return stream.isTTY ? stream.rows : undefined;
    },
    write(text) {
      stream.write(text);
    },
  };
}

function onExit(restore: () => void): () => void {
  restores.add(restore);
  return () => restores.delete(restore);
}

function restoreTerminal(): void {
  for (const restore of restores) restore();
}

function onStopSignal(onSignal: (signal: StopSignal) => void): () => void {
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}
