/** A `CommandContext` without a process: what a command writes is kept, signals are sent by the test. */
import { EventEmitter, once } from 'node:events';
import type { CommandContext, StopSignal, TextStream } from '../context.ts';
import { readLogRequest } from '../log-request.ts';

export class MemoryStream implements TextStream {
  readonly isTerminal = false;
  readonly columns = undefined;
  readonly rows = undefined;
  readonly losesCursorLine = false;
  text = '';
  readonly #writes = new EventEmitter();

  write(text: string): void {
    this.text += text;
    this.#writes.emit('write');
  }

  /** Resolves as soon as the text written so far matches. */
  async waitFor(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) await once(this.#writes, 'write');
  }
}

export interface FakeContext extends CommandContext {
  readonly stdout: MemoryStream;
  readonly stderr: MemoryStream;
  sendSignal(signal: StopSignal): void;
}

export function fakeContext(env: Readonly<Record<string, string>> = {}): FakeContext {
  const stdout = new MemoryStream();
  const stderr = new MemoryStream();
  const signals = new EventEmitter();
  return {
    env,
    cwd: '/',
    platform: { nodeVersion: 'v20.19.0', os: 'linux', architecture: 'x64' },
    stdout,
    stderr,
    writeBytes(bytes) {
      stdout.write(Buffer.from(bytes).toString('latin1'));
    },
    log: readLogRequest([], env, stdout, stderr),
    onStopSignal(onSignal) {
      signals.on('signal', onSignal);
      return () => signals.off('signal', onSignal);
    },
    onExit: () => () => {},
    exitNow(exitCode) {
      throw new Error(`the process would have ended with ${exitCode}`);
    },
    sendSignal(signal) {
      signals.emit('signal', signal);
    },
  };
}
