import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOriginal, runTransformed } from './testing/harness.ts';

const HEAD = "import { block, each } from 'host';\n";

/** The order in which things happen, which must be that of calls that really block. */
async function order(body: string): Promise<string[]> {
  const code = `${HEAD}export default function () {\n${body}\n}`;
  const expected = await runOriginal(code);
  for (const mode of ['auto', 'all', 'force'] as const) {
    for (const trace of await runTransformed(code, { mode, vus: 3 })) {
      assert.deepEqual(trace, expected, mode);
    }
  }
  return expected.map((line) => line.replaceAll('"', ''));
}

test('lets no reaction run while a call blocks', async () => {
  const seen = await order(`
    Promise.resolve().then(() => log('reaction'));
    block(1); log('after first'); block(2); log('after second');`);
  assert.deepEqual(seen, ['after first', 'after second', '= undefined', 'reaction']);
});

test('runs waiting reactions in the order in which they became due', async () => {
  const seen = await order(`
    const p = Promise.resolve();
    p.then(() => log('a')).then(() => log('d'));
    p.then(() => log('b'));
    p.finally(() => log('c'));
    block(1); log('end');`);
  assert.deepEqual(seen, ['end', '= undefined', 'a', 'b', 'c', 'd']);
});

test('holds the rest back when a reaction blocks', async () => {
  const seen = await order(`
    const p = Promise.resolve();
    p.then(() => { log('a', block(1)); log('a end', block(2)) }).then(() => log('a then'));
    p.then(() => log('b'));
    log('end');`);
  assert.deepEqual(seen, ['end', '= undefined', 'a 1', 'a end 2', 'b', 'a then']);
});

test('blocks the caller in the first part of an async function, not in the others', async () => {
  const seen = await order(`
    const f = async () => { log('first', block(1)); await null; log('second', block(2)) };
    f(); log('called'); block(3); log('end');`);
  assert.deepEqual(seen, ['first 1', 'called', 'end', '= undefined', 'second 2']);
});

test('takes as many ticks per await as the language', async () => {
  await order(`
    const tick = (name, n) => { let p = Promise.resolve(); for (let i = 0; i < n; i++) p = p.then(() => log(name, i)) };
    tick('t', 8);
    (async () => { await 1; log('await value'); await Promise.resolve(); log('await promise'); await { then(ok) { ok() } }; log('await thenable') })();
    (async () => { await (async () => { await 0 })(); log('await async') })();
    (async () => { const inner = async () => Promise.resolve(); await inner(); log('async returns promise') })();
    (async () => { try { await Promise.reject(1) } catch { log('caught') } finally { await 0; log('finally') } })();
    Promise.reject(1).catch(() => log('catch')).finally(() => log('finally')).then(() => log('then'));
    Promise.all([1, Promise.resolve(2)]).then(() => log('all'));`);
});

test('passes values and reasons that no callback takes', async () => {
  const seen = await order(`
    Promise.resolve(1).then().then(undefined, undefined).catch(() => log('no')).then((v) => log('value', v));
    Promise.reject(new Error('r')).then(() => log('no')).finally(() => 5).catch((e) => log(e.message));
    Promise.resolve(2).finally(() => { throw 'f' }).catch((e) => log('thrown', e));
    block(0);`);
  assert.deepEqual(seen.slice(1).sort(), ['r', 'thrown f', 'value 1']);
});

test('waits for a timer callback before the next reaction', async () => {
  await order(`
    later(() => { log('timer', block(1)); Promise.resolve().then(() => log('timer reaction')) });
    Promise.resolve().then(() => log('first reaction', block(2)));
    block(3); log('end');`);
});

test('settles what it waits for in group-like callbacks', async () => {
  await order(`
    each((i) => { Promise.resolve(i).then((v) => log('then', v)); return block(i) }, 3);
    log('end');`);
});
