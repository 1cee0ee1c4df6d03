/** Runs the built command line as users do, against the demo server, in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** A run that lasts longer is a hang. */
const TIMEOUT_MS = 30_000;

export interface RunOutcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
  /** The text of each `console.*` line, in order. */
  readonly console: readonly string[];
  /** The `--summary-export` file. */
  readonly summary: SummaryExport | undefined;
  readonly files: Readonly<Record<string, string>>;
}

export interface SummaryExport {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface RunInput {
  /** Text of script.js; or the path of an existing script. */
  readonly script: string | { readonly path: string };
  readonly args?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with a function that signals the process, once the output matches. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly after: RegExp };
}

export async function runGharial(input: RunInput): Promise<RunOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'gharial-run-'));
  try {
    for (const [name, text] of Object.entries(input.files ?? {})) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const script = typeof input.script === 'string' ? 'script.js' : input.script.path;
    if (typeof input.script === 'string') writeFileSync(join(folder, script), input.script);
    const args = ['run', '-q', '--summary-export', 'summary.json', ...(input.args ?? []), script];
    return await execute(args, folder, input);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function execute(
  args: readonly string[],
  folder: string,
  { signal, env }: Pick<RunInput, 'signal' | 'env'>,
): Promise<RunOutcome> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let isSignalled = false;
    const onOutput = (): void => {
      if (signal === undefined || isSignalled || !signal.after.test(stdout + stderr)) return;
      isSignalled = true;
      child.kill(signal.name);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onOutput();
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(timer);
      resolve({
        exitCode,
        stdout,
        stderr,
        wallMs: performance.now() - started,
        console: consoleLines(stderr),
        summary: readSummary(folder),
        files: readFiles(folder),
      });
    });
  });
}

function consoleLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.includes(' source=console'))
    .map((line) => {
      const [, quoted, bare] = /msg=(?:"((?:[^"\\]|\\.)*)"|(\S*))/.exec(line) ?? [];
      return quoted === undefined ? (bare ?? '') : String(JSON.parse(`"${quoted}"`));
    });
}

function readSummary(folder: string): SummaryExport | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8')) as SummaryExport; // our own export
  } catch {
    return undefined; // the run wrote none
  }
}

function readFiles(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}
