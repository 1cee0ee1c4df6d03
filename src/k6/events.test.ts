import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent } from './events.ts';

test('events take what their init says', () => {
  const event = new Event('x', { bubbles: true, cancelable: true, composed: true });
  assert.deepEqual(
    [event.type, event.bubbles, event.cancelable, event.composed, event.isTrusted],
    ['x', true, true, true, false],
  );
  assert.equal(event.eventPhase, Event.NONE);
  event.preventDefault();
  assert.equal(event.defaultPrevented, true);
  const message = new MessageEvent('message', { data: 0, origin: 'o', lastEventId: 5, ports: [1] });
  assert.deepEqual(
    [message.data, message.origin, message.lastEventId, message.source, message.ports],
    [0, 'o', '5', null, [1]],
  );
  const close = new CloseEvent('close', { code: 1000, reason: 'r', wasClean: true });
  assert.deepEqual([close.code, close.reason, close.wasClean], [1000, 'r', true]);
  const error = new ErrorEvent('error', { message: 'm', error: new TypeError('t') });
  assert.deepEqual([error.message, error.error instanceof TypeError], ['m', true]);
  assert.equal(String(message), '[object MessageEvent]');
  assert.ok(Math.abs(event.timestamp - Date.now()) < 1000);
});

test('stopImmediatePropagation ends the delivery of this event only', () => {
  const target = new EventTarget();
  const lines: string[] = [];
  target.addEventListener('x', (e: Event) => {
    lines.push('first');
    e.stopImmediatePropagation();
  });
  target.addEventListener('x', () => lines.push('second'));
  const event = new Event('x');
  target.dispatchEvent(event);
  target.dispatchEvent(event);
  assert.deepEqual(lines, ['first', 'first']);
  assert.equal(event.currentTarget, null);
  assert.equal(event.target, target);
});

test('a listener removed during the delivery is not called; once is removed before its call', () => {
  const target = new EventTarget();
  const lines: string[] = [];
  const last = (): void => {
    lines.push('last');
  };
  target.addEventListener(
    'x',
    () => {
      lines.push('once');
      target.removeEventListener('x', last);
      target.dispatchEvent(new Event('x'));
    },
    { once: true },
  );
  target.addEventListener('x', last);
  target.dispatchEvent(new Event('x'));
  assert.deepEqual(lines, ['once']);
});

test('capture listeners are listeners of their own; null is none', () => {
  const target = new EventTarget();
  let count = 0;
  const listener = (): void => {
    count += 1;
  };
  target.addEventListener('x', null);
  target.addEventListener('x', listener);
  target.addEventListener('x', listener, true);
  target.addEventListener('x', listener, { capture: true });
  target.dispatchEvent(new Event('x'));
  assert.equal(count, 2);
  target.removeEventListener('x', listener);
  target.dispatchEvent(new Event('x'));
  assert.equal(count, 3);
});

test('an event cannot be dispatched while it is being dispatched', () => {
  const target = new EventTarget();
  target.addEventListener('x', (e: Event) => target.dispatchEvent(e));
  assert.throws(() => target.dispatchEvent(new Event('x')), { name: 'InvalidStateError' });
});
