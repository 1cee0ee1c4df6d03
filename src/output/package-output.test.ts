import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Aggregate } from '../metrics/aggregate.ts';
import { createPackageOutput, type OutputContext } from './package-output.ts';
import { capturingWorker, resultOf, runThrough } from './testing/sample-feed.ts';

let folder = '';
let printed = '';
let warnings: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gharial-package-'));
  printed = '';
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function context(argument = ''): OutputContext {
  return {
    argument,
    env: {},
    cwd: folder,
    systemTags: [],
    stdout: {
      write: (text) => {
        printed += text;
      },
    },
    warn: (message) => warnings.push(message),
  };
}

function install(name: string, code: string): void {
  const home = join(folder, 'node_modules', name);
  mkdirSync(home, { recursive: true });
  const facts = { name, version: '1.0.0', type: 'module', exports: './main.js' };
  writeFileSync(join(home, 'package.json'), JSON.stringify(facts));
  writeFileSync(join(home, 'main.js'), code);
}

const COUNTING = `
export default ({ argument, stdout }) => {
  let samples = 0;
  return {
    description: 'counting (' + argument + ')',
    needs: 'samples',
    start() {},
    onSamples(batch) { samples += batch.values.length; },
    onTick(aggregate) { stdout.write(aggregate.observed().map(({ name }) => name).join() + '\\n'); },
    async stop({ durationMs }) { stdout.write(argument + ' ' + samples + ' ' + durationMs + '\\n'); },
  };
};`;

function broken(member: string): string {
  return `export const createOutput = async () => ({
    description: 'broken', needs: 'samples', start() {}, onSamples() {}, onTick() {}, stop() {},
    ${member}
  });`;
}

describe('createPackageOutput', () => {
  it('makes the output of an installed package and hands it samples and aggregate', async () => {
    install('@me/counting', COUNTING);
    const output = await createPackageOutput('@me/counting', context('x'));
    assert.ok(output !== undefined);
    assert.equal(output.description, 'counting (x)');
    const worker = capturingWorker();
    worker.add('iterations', 1);
    worker.add('iterations', 1);
    await runThrough(output, worker);
    assert.equal(printed, 'iterations\nx 2 1000\n');
    assert.deepEqual(warnings, []);
  });

  it('takes a local file by its path', async () => {
    writeFileSync(join(folder, 'mine.mjs'), COUNTING);
    const output = await createPackageOutput('./mine.mjs', context());
    assert.equal(output?.description, 'counting ()');
  });

  it('knows when there is no such package', async () => {
    assert.equal(await createPackageOutput('nope', context()), undefined);
    assert.equal(await createPackageOutput('./nope.js', context()), undefined);
  });

  it('refuses what is no output, and what fails to load or start', async () => {
    const refuse = async (code: string, message: RegExp) => {
      const name = `p${Math.random()}`;
      install(name, code);
      await assert.rejects(createPackageOutput(name, context()), {
        code: 'OUTPUT_FAILED',
        message,
      });
    };
    await refuse('export const x = 1;', /exports no function/);
    await refuse('export default () => ({});', /no output: expected description/);
    await refuse('throw new Error("no licence");', /the 'p.*' output: no licence/);
    install('late', broken("start() { throw new Error('no server'); },"));
    const output = await createPackageOutput('late', context());
    await assert.rejects(
      async () => output?.start({ aggregate: new Aggregate(), thresholds: undefined, startMs: 0 }),
      { code: 'OUTPUT_FAILED', message: "could not create the 'late' output: no server" },
    );
  });

  it('keeps faults during the run from the run, with one warning', async () => {
    for (const member of ['onSamples', 'onTick', 'stop']) {
      warnings = [];
      install(member, broken(`${member}() { throw new Error('bad ${member}'); },`));
      const output = await createPackageOutput(member, context());
      assert.ok(output !== undefined);
      const worker = capturingWorker();
      worker.add('iterations', 1);
      await runThrough(output, worker);
      assert.deepEqual(warnings, [`the ${member} output stopped: bad ${member}`]);
      const { reason, samplesLost } = output.losses ?? {};
      assert.equal(reason, `bad ${member}`);
      assert.equal(samplesLost, member === 'onSamples' ? 1 : 0);
    }
  });

  it('does not wait for ever for the end', async () => {
    install('endless', broken('stop() { return new Promise(() => {}); },'));
    const output = await createPackageOutput('endless', context(), 5);
    await output?.stop(resultOf(capturingWorker()));
    assert.deepEqual(warnings, ['the endless output stopped: it did not stop within 5 ms']);
  });
});
