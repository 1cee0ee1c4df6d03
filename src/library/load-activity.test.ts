import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemoteAnswer } from '../script/remote-fetch.ts';
import { LoadActivity } from './load-activity.ts';

test('says which module is fetched, how many are done and under way, else that it bundles', async () => {
  const activity = new LoadActivity('tests/chat.ts');
  const settle = new Map<string, (answer: RemoteAnswer | Error) => void>();
  const fetch = activity.watch(
    (url) =>
      new Promise((resolve, reject) => {
        settle.set(url, (answer) => {
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      }),
  );
  assert.equal(activity.text, 'bundling chat.ts');
  const first = fetch('https://a.example/1.js');
  const second = fetch('https://a.example/2.js');
  const third = fetch('https://a.example/3.js');
  assert.equal(activity.text, 'fetching https://a.example/1.js (2 more under way)');
  settle.get('https://a.example/1.js')?.({
    status: 200,
    location: undefined,
    body: Buffer.alloc(0),
  });
  await first;
  assert.equal(activity.text, 'fetching https://a.example/2.js (1 done, 1 more under way)');
  settle.get('https://a.example/2.js')?.(new Error('gone'));
  await assert.rejects(second, { message: 'gone' });
  settle.get('https://a.example/3.js')?.({
    status: 404,
    location: undefined,
    body: Buffer.alloc(0),
  });
  await third;
  assert.equal(activity.text, 'bundling chat.ts');
});
