/** A running `gharial` process that a test talks to: wait for what it prints, signal it, see it end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** A process that lives longer hangs. */
const TIMEOUT_MS = 30_000;

export interface SpawnInput {
  readonly args: readonly string[];
  /** Written to the folder the process runs in. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export class GharialProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #output = new EventEmitter();
  readonly #closed: Promise<number | null>;

  constructor({ args, files = {}, env = {} }: SpawnInput) {
    this.#folder = mkdtempSync(join(tmpdir(), 'gharial-run-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text);
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.#folder,
      env: { PATH: process.env['PATH'], HOME: this.#folder, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#output.emit('output');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#output.emit('output');
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    this.#closed = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode) => {
        clearTimeout(timer);
        this.#output.emit('output');
        resolve(exitCode);
      });
    });
  }

  /** Resolves once the output matches. Fails if the process ends without it. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`ended without printing ${pattern}:\n${this.stdout}${this.stderr}`);
      }
      await once(this.#output, 'output');
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code (null: killed, e.g. since it hung); the folder is deleted then. */
  async ended(): Promise<number | null> {
    try {
      return await this.#closed;
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** A file it wrote. */
  read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }
}
