// Runs a command and measures it from outside: CPU time and peak memory from /proc, wall time.
// Linux only. CPU has the kernel's resolution (10 ms): measure long runs, or take slopes.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const POLL_MS = 10;

/** CPU ms (user + system, all threads) and resident KiB of a process, or undefined if it is gone. */
export function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const rssKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, rssKib };
  } catch {
    return undefined;
  }
}

/** Runs to the end. `onSample(sample, elapsedMs)` sees each poll. */
export function measure(command, args, { env = {}, onSample } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let last = { cpuMs: 0, rssKib: 0 };
    let peakRssKib = 0;
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const timer = setInterval(() => {
      const sample = readProcess(child.pid);
      if (sample === undefined || sample.rssKib === 0) return;
      last = sample;
      peakRssKib = Math.max(peakRssKib, sample.rssKib);
      onSample?.(sample, performance.now() - started);
    }, POLL_MS);
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      const wallMs = performance.now() - started;
      resolve({ code, cpuMs: last.cpuMs, wallMs, peakRssKib, stdout, stderr });
    });
  });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `12.3 (11.9-13.0)`: median and range. */
export function spread(values, digits = 1) {
  const show = (value) => value.toFixed(digits);
  return `${show(median(values))} (${show(Math.min(...values))}-${show(Math.max(...values))})`;
}

/** Starts bench/lib/echo-server.mjs; `stats()` gives what the server counted since the last call. */
export const startEchoServer = () => startServer('./echo-server.mjs', 'ws');

/** Starts bench/lib/plain-echo-server.mjs, which costs less than the clients; `stats()` as above. */
export const startPlainEchoServer = () => startServer('./plain-echo-server.mjs', 'ws');

/** Starts bench/lib/http-server.mjs; `stats()` as above. */
export const startHttpServer = () => startServer('./http-server.mjs', 'http');

async function startServer(file, scheme) {
  const child = spawn(process.execPath, [new URL(file, import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise((resolve) => {
    child.stdout.once('data', (line) => resolve(Number(line)));
  });
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    stats: async () => (await fetch(`http://127.0.0.1:${port}/stats`)).json(),
    stop: () => child.kill(),
  };
}

/** The k6 binary on PATH, if there is one. */
export async function findK6() {
  const result = await measure('sh', ['-c', 'command -v k6']);
  return result.code === 0 ? result.stdout.trim() : undefined;
}

export const GHARIAL =
  process.env.GHARIAL ?? new URL('../../dist/cli/main.js', import.meta.url).pathname;
