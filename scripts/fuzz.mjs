// Drives gharial through a hostile WebSocket server that judges clients (Autobahn's URL protocol):
//   node scripts/fuzz.mjs [--server <folder>] [--api websockets|ws] [--compression deflate] [--list 1,2]
// Prints a verdict per behaviour and every failing case; exit code 1 if a case fails.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    server: { type: 'string', default: '../shared/fuzzserver' },
    api: { type: 'string', default: 'websockets' },
    compression: { type: 'string', default: '' },
    list: { type: 'string', default: '' },
  },
});
const server = resolve(options.server);
const script = join(server, `client-${options.api}.js`);
if (!existsSync(script)) {
  console.error(`no ${script}`);
  process.exit(2);
}

const reports = mkdtempSync(join(tmpdir(), 'gharial-fuzz-'));
const port = await freePort();
const fuzz = spawn(
  process.execPath,
  [join(server, 'server.mjs'), '--port', port, '--out', reports],
  { stdio: 'ignore' },
);
try {
  await listening(port);
  const args = [
    'dist/cli/main.js',
    'run',
    '-q',
    '-e',
    'AGENT=gharial',
    '-e',
    `FUZZ_URL=ws://127.0.0.1:${port}`,
  ];
  if (options.compression !== '') args.push('-e', `COMPRESSION=${options.compression}`);
  if (options.list !== '') args.push('-e', `LIST=${options.list}`);
  const client = spawn(process.execPath, [...args, script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await new Promise((done) => client.on('close', done));
  report(JSON.parse(readFileSync(join(reports, 'index.json'), 'utf8')).gharial);
} finally {
  fuzz.kill();
  rmSync(reports, { recursive: true, force: true });
}

function report(cases) {
  const BAD = new Set(['FAILED', 'WRONG CODE', 'UNCLEAN', 'FAILED BY CLIENT']);
  const counts = {};
  const failing = Object.entries(cases).filter(([, verdict]) => {
    counts[verdict.behavior] = (counts[verdict.behavior] ?? 0) + 1;
    return BAD.has(verdict.behavior) || BAD.has(verdict.behaviorClose);
  });
  console.log(`${Object.keys(cases).length} cases`, counts, `${failing.length} failing`);
  for (const [id, { behavior, behaviorClose, desc, why }] of failing) {
    console.log(`  ${id} ${behavior}/${behaviorClose} ${desc}: ${why}`);
  }
  process.exitCode = failing.length > 0 ? 1 : 0;
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address();
      probe.close(() => done(String(free)));
    });
  });
}

async function listening(wanted) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await fetch(`http://127.0.0.1:${wanted}/getCaseCount`).then(
      () => true,
      (error) => error.cause?.code !== 'ECONNREFUSED',
    );
    if (isUp) return;
    await wait(50);
  }
  throw new Error('the fuzz server does not listen');
}
