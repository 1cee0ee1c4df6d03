import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event, EventTarget } from '../k6/events.ts';
import { FakeHost } from '../k6/testing/fake-host.ts';
import { createGlobalObject } from './global-object.ts';

type Globals = Readonly<Record<string, unknown>>;

const create = (own: Globals = {}) => {
  const owner = Object.assign(new FakeHost(), { createGlobal: (name: string) => `own ${name}` });
  return createGlobalObject(owner, own) as Globals;
};

test('has the globals of the web that scripts expect, and none of Node', () => {
  const globals = create();
  const expected =
    'URL URLSearchParams TextEncoder TextDecoder AbortController AbortSignal Event EventTarget ' +
    'DOMException structuredClone queueMicrotask atob btoa JSON Promise Intl ' +
    'WebSocket Blob MessageEvent CloseEvent ErrorEvent';
  for (const name of expected.split(' ')) assert.ok(name in globals, name);
  for (const name of ['process', 'Buffer', 'setImmediate', 'fetch']) {
    assert.ok(!(name in globals), name);
  }
  assert.equal(globals['Event'], Event);
  assert.equal(globals['EventTarget'], EventTarget);
});

test('what a VU makes itself is made at the first look, once for each VU', () => {
  const globals = create();
  for (const name of ['console', 'open', 'require', 'setTimeout']) {
    assert.equal(Object.hasOwn(globals, name), false);
    assert.equal(globals[name], `own ${name}`);
    assert.equal(Object.hasOwn(globals, name), true);
  }
});

test('globals are writable and not listed', () => {
  const globals = create({ __VU: 3 });
  assert.deepEqual(Object.keys(globals), []);
  assert.equal(globals['__VU'], 3);
  for (const name of ['__VU', 'URL', 'crypto', 'AbortSignal']) {
    Object.assign(globals, { [name]: 1 });
    assert.equal(globals[name], 1);
  }
});

test('what one VU assigns, another does not see', () => {
  const [a, b] = [create(), create()];
  Object.assign(a, { URL: 1, crypto: 2, mine: 3 });
  assert.equal(b['URL'], URL);
  assert.notEqual(b['crypto'], 2);
  assert.ok(!('mine' in b));
  assert.equal(a['globalThis'], a);
  assert.equal(a['global'], a);
});

test('stateful globals are made at first use, once per VU', () => {
  const [a, b] = [create(), create()];
  assert.ok(!Object.hasOwn(a, 'crypto'));
  for (const name of ['crypto', 'queueMicrotask', 'AbortSignal']) {
    assert.equal(a[name], a[name]);
    assert.notEqual(a[name], b[name]);
    assert.ok(Object.hasOwn(a, name));
  }
  assert.equal(typeof a['crypto'], 'object');
});

test('a VU’s own global object is small', () => {
  assert.deepEqual(Reflect.ownKeys(create()), ['globalThis', 'global']);
});

test('performance counts from its origin and keeps no entries', () => {
  const performance = create()['performance'] as { now(): number; timeOrigin: number };
  const first = performance.now();
  assert.ok(first > 0 && performance.now() >= first);
  assert.ok(Math.abs(performance.timeOrigin + first - Date.now()) < 1000);
  assert.throws(() => Object.assign(performance, { now: 1 }), TypeError);
});

test('a stateful global needs a VU', () => {
  const orphan = Object.create(Object.getPrototypeOf(create()) as object) as Globals;
  assert.throws(() => orphan['crypto'], { name: 'TypeError', message: 'Illegal invocation' });
});
