/** Each example as an archive: written, and run where nothing else is. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { type DemoServer, startDemoServer } from '../demo/server.ts';
import { runGharial } from './testing/run-gharial.ts';
import { GharialProcess } from './testing/spawn-gharial.ts';

let server: DemoServer;
before(async () => {
  server = await startDemoServer({ host: '127.0.0.1', port: 0, tlsPort: 0 });
});
after(() => server.stop());

const urls = (): string[] => [
  ...['-e', `WS_URL=${server.wsUrl}`],
  ...['-e', `WSS_URL=${server.wssUrl}`],
  ...['-e', `HTTP_URL=${server.httpUrl}`],
];

/** They have scenarios of their own, which flags would replace. */
const OWN_SCENARIOS = new Set(['thresholds.js', 'arrival-rate.js', 'modules.ts']);

for (const name of readdirSync(resolve('examples')).filter((file) => /\.[jt]s$/.test(file))) {
  test(`examples/${name} runs from its archive, from a folder that has nothing else`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gharial-example-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'example.tar');
    const once = OWN_SCENARIOS.has(name) ? [] : ['--vus', '4', '--iterations', '4'];
    const script = resolve('examples', name);
    const archive = new GharialProcess({
      args: ['archive', '-O', path, ...urls(), ...once, script],
    });
    assert.equal(await archive.ended(), 0, archive.stderr);
    const outcome = await runGharial({ script: { path } });
    assert.equal(outcome.exitCode, 0, outcome.stderr);
    assert.ok((outcome.summary?.metrics['iterations']?.['count'] ?? 0) > 0);
    assert.ok((outcome.summary?.metrics['ws_sessions']?.['count'] ?? 0) > 0);
  });
}
