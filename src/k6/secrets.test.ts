import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSecretReader, NO_SECRETS, type SecretSources } from './secret-reader.ts';
import { createSecretsModule } from './secrets.ts';
import { FakeHost } from './testing/fake-host.ts';

interface Secrets {
  get(key?: unknown): Promise<string>;
  source(name?: unknown): { get(key?: unknown): Promise<string> };
}

const TWO: SecretSources = {
  sources: [
    { name: 'one', values: { key: 'hunter2', same: 'hunter2' } },
    { name: 'two', values: { key: 'swordfish' } },
  ],
  defaultName: 'one',
};

function setUp(sources: SecretSources) {
  const host = new FakeHost();
  const read: string[] = [];
  host.secrets = createSecretReader(sources, (value) => read.push(value));
  const secrets = createSecretsModule(host).default as Secrets;
  return { secrets, read };
}

test('values come from the default source or a named one', async () => {
  const { secrets } = setUp(TWO);
  assert.equal(await secrets.get('key'), 'hunter2');
  assert.equal(await secrets.source('two').get('key'), 'swordfish');
});

test('whoever is to hide a value hears of it first, and once', async () => {
  const { secrets, read } = setUp(TWO);
  const first = secrets.get('key');
  assert.deepEqual(read, ['hunter2']);
  await first;
  await secrets.get('key');
  await secrets.get('same');
  assert.deepEqual(read, ['hunter2']);
});

test('failures are rejections in the words of k6', async () => {
  const { secrets } = setUp(TWO);
  for (const key of ['no', undefined, 'toString']) {
    await assert.rejects(secrets.get(key), { name: 'GoError', message: 'no value' });
  }
  assert.throws(() => secrets.source('zz'), {
    name: 'GoError',
    message: 'no secret source with name "zz" is configured',
  });
  const none = setUp(NO_SECRETS).secrets;
  await assert.rejects(none.get('a'), { message: 'no secret sources are configured' });
  assert.throws(() => none.source('a'), { message: 'no secret sources are configured' });
  const undecided = setUp({ ...TWO, defaultName: undefined }).secrets;
  await assert.rejects(undecided.get('key'), { message: 'no default secret source is configured' });
});
