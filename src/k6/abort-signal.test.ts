import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAbortClasses } from './abort-signal.ts';
import { Event, EventTarget } from './events.ts';
import { FakeHost } from './testing/fake-host.ts';

interface Signal extends EventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
  onabort: unknown;
  throwIfAborted(): void;
}
interface Controller {
  readonly signal: Signal;
  abort(reason?: unknown): void;
}
interface SignalClass {
  new (): Signal;
  abort(reason?: unknown): Signal;
  any(signals: readonly unknown[]): Signal;
  timeout(delayMs?: unknown): Signal;
}

function setUp() {
  const host = new FakeHost();
  const classes = createAbortClasses(host);
  return {
    host,
    AbortController: classes.AbortController as new () => Controller,
    AbortSignal: classes.AbortSignal as SignalClass,
  };
}

test('abort tells the listeners once, with the reason', () => {
  const { AbortController, AbortSignal } = setUp();
  const { signal, abort } = (() => {
    const controller = new AbortController();
    return { signal: controller.signal, abort: (reason?: unknown) => controller.abort(reason) };
  })();
  const log: unknown[] = [];
  signal.onabort = () => log.push('handler');
  signal.addEventListener('abort', (event: unknown) => {
    assert.ok(event instanceof Event && event.target === signal);
    log.push(signal.reason);
  });
  assert.ok(signal instanceof AbortSignal && signal instanceof EventTarget);
  assert.equal(signal.aborted, false);
  signal.throwIfAborted();
  abort('why');
  abort('again');
  assert.deepEqual(log, ['handler', 'why']);
  assert.equal(signal.aborted, true);
  assert.throws(
    () => signal.throwIfAborted(),
    (error) => error === 'why',
  );
});

test('without a reason it is an AbortError', () => {
  const { AbortController, AbortSignal } = setUp();
  const controller = new AbortController();
  controller.abort();
  for (const { reason } of [controller.signal, AbortSignal.abort()]) {
    assert.ok(reason instanceof DOMException && reason.name === 'AbortError');
  }
  assert.equal(AbortSignal.abort(5).reason, 5);
});

test('an exception of a listener is the script’s', () => {
  const { AbortController } = setUp();
  const controller = new AbortController();
  const error = new Error('mine');
  controller.signal.addEventListener('abort', () => {
    throw error;
  });
  assert.throws(() => controller.abort(), error);
});

test('any follows the first of several', () => {
  const { AbortController, AbortSignal } = setUp();
  const [a, b] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([a.signal, b.signal]);
  const nested = AbortSignal.any([signal]);
  let count = 0;
  nested.addEventListener('abort', () => {
    count += 1;
  });
  b.abort('b');
  a.abort('a');
  assert.equal(signal.reason, 'b');
  assert.equal(nested.reason, 'b');
  assert.equal(count, 1);
  assert.equal(AbortSignal.any([a.signal, b.signal]).reason, 'a');
  assert.throws(() => AbortSignal.any([{}]), TypeError);
});

test('timeout aborts in the event loop of the VU', async () => {
  const { host, AbortSignal } = setUp();
  const signal = AbortSignal.timeout(1);
  assert.equal(host.holdCount, 0);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
  assert.ok(signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError');
  assert.equal(host.resources.size, 0);
  for (const bad of [undefined, -1, Number.NaN, Number.POSITIVE_INFINITY, 'x']) {
    assert.throws(() => AbortSignal.timeout(bad), RangeError);
  }
});

test('the timer of a timeout ends with the iteration', () => {
  const { host, AbortSignal } = setUp();
  let cancelled = 0;
  host.setTimer = () => ({
    cancel: () => {
      cancelled += 1;
    },
  });
  AbortSignal.timeout(1);
  host.interrupt();
  assert.equal(cancelled, 1);
});

test('signals cannot be constructed', () => {
  const { AbortSignal } = setUp();
  assert.throws(() => new AbortSignal(), { name: 'TypeError', message: 'Illegal constructor' });
});

test('a signal takes a listener of another target off', () => {
  const { AbortController, AbortSignal } = setUp();
  const controller = new AbortController();
  const target = new EventTarget();
  let count = 0;
  const listener = () => {
    count += 1;
  };
  target.addEventListener('x', listener, { signal: controller.signal });
  target.addEventListener('x', () => listener(), { signal: AbortSignal.abort() });
  target.dispatchEvent(new Event('x'));
  controller.abort();
  target.dispatchEvent(new Event('x'));
  assert.equal(count, 1);
});
