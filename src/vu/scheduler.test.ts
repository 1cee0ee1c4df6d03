import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventLoop } from '../k6/host.ts';
import { type Coroutine, Op, type Resumer } from '../suspend/op.ts';
import { Scheduler } from './scheduler.ts';

/** An operation that the test settles by hand. */
class ManualOp extends Op {
  resumer: Resumer | undefined;
  isCancelled = false;
  readonly onStart: () => void;

  constructor(onStart: () => void = () => {}) {
    super();
    this.onStart = onStart;
  }

  start(resumer: Resumer): void {
    this.resumer = resumer;
    this.onStart();
  }

  cancel(): void {
    this.isCancelled = true;
  }
}

function setUp(usesPromises = false, afterError: () => void = () => {}) {
  const trace: string[] = [];
  let onIdle = (): void => {};
  const scheduler = new Scheduler(
    {
      onError: (error) => {
        trace.push(`error ${error instanceof Error ? error.message : error}`);
        afterError();
      },
      onIdle: () => onIdle(),
      onEnter: () => {},
      onLeave: () => {},
      onWait: (op, resumer) => op.start(resumer),
    },
    usesPromises,
  );
  const say = (text: string) => () => {
    trace.push(text);
    return undefined;
  };
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      onIdle = resolve;
      scheduler.pump();
    });
  return { trace, scheduler, say, idle };
}

function* blocking(op: Op, trace: string[], name: string): Coroutine<void> {
  trace.push(`${name} before`);
  trace.push(`${name} got ${yield* op}`);
}

test('tasks run in order, those posted by a task after it', () => {
  const { trace, scheduler, say } = setUp();
  scheduler.post(() => {
    scheduler.post(say('posted'));
    trace.push('first');
    return undefined;
  });
  scheduler.post(say('second'));
  assert.deepEqual(trace, ['first', 'posted', 'second']);
});

test('a task posted while an error is told does not overtake what waits', async () => {
  for (const usesPromises of [false, true]) {
    const { trace, scheduler, say, idle } = setUp(usesPromises, () => scheduler.post(say('later')));
    scheduler.post(() => {
      scheduler.post(say('queued'));
      throw new Error('boom');
    });
    await idle();
    assert.deepEqual(trace, ['error boom', 'queued', 'later']);
  }
});

test('a task posted while an error is told comes after the reactions of the task that threw', async () => {
  for (const isDeferred of [false, true]) {
    const { trace, scheduler, say, idle } = setUp(!isDeferred, () => scheduler.post(say('later')));
    scheduler.post(() => {
      if (isDeferred) scheduler.defer(say('reaction'));
      else void Promise.resolve().then(say('reaction'));
      throw new Error('boom');
    });
    await idle();
    assert.deepEqual(trace, ['error boom', 'reaction', 'later']);
  }
});

test('while a task is blocked, everything of the VU waits and then runs in order', () => {
  const { trace, scheduler, say } = setUp();
  const op = new ManualOp();
  scheduler.post(() => blocking(op, trace, 'task'));
  scheduler.post(say('later 1'));
  scheduler.post(say('later 2'));
  assert.equal(scheduler.isBlocked, true);
  assert.deepEqual(trace, ['task before']);
  op.resumer?.ok(7);
  assert.deepEqual(trace, ['task before', 'task got 7', 'later 1', 'later 2']);
});

test('an operation that settles in start() resumes without recursion', () => {
  const { trace, scheduler } = setUp();
  scheduler.post(function* () {
    for (let i = 0; i < 20_000; i += 1) {
      const op = new ManualOp(() => op.resumer?.ok(i));
      yield* op;
    }
    trace.push('done');
  });
  assert.deepEqual(trace, ['done']);
});

test('an error of the operation, or of its start, is thrown at the blocking call', () => {
  const { trace, scheduler } = setUp();
  const fails = new ManualOp(() => fails.resumer?.fail(new Error('refused')));
  const throws = new ManualOp(() => {
    throw new Error('broken');
  });
  for (const op of [fails, throws]) {
    scheduler.post(function* () {
      try {
        yield* op;
      } catch (error) {
        trace.push(`caught ${String(error)}`);
      }
    });
  }
  assert.deepEqual(trace, ['caught Error: refused', 'caught Error: broken']);
});

test('the inner loop of a blocked operation runs its tasks, which may block in turn', () => {
  const { trace, scheduler, say } = setUp();
  let inner: EventLoop | undefined;
  const connect = new ManualOp(() => {
    inner = scheduler.openInnerLoop();
  });
  const sleep = new ManualOp();
  scheduler.post(() => blocking(connect, trace, 'connect'));
  scheduler.post(say('own timer'));
  inner?.post(() => blocking(sleep, trace, 'handler'));
  inner?.post(say('next message'));
  connect.resumer?.ok('closed'); // the session ends while its handler sleeps
  assert.deepEqual(trace, ['connect before', 'handler before']);
  sleep.resumer?.ok('awake');
  assert.deepEqual(trace.slice(2), ['handler got awake', 'connect got closed', 'own timer']);
});

test('dropping forgets blocked coroutines where they stand and cancels their operations', () => {
  const { trace, scheduler } = setUp();
  const op = new ManualOp();
  scheduler.post(function* () {
    try {
      yield* op;
    } finally {
      trace.push('finally must not run');
    }
  });
  scheduler.drop();
  assert.equal(op.isCancelled, true);
  op.resumer?.ok(1);
  assert.equal(scheduler.isBlocked, false);
  assert.deepEqual(trace, []);
});

test('a task that drops its own run is not continued', () => {
  const { trace, scheduler } = setUp();
  const op = new ManualOp();
  scheduler.post(function* () {
    scheduler.drop();
    yield* op;
    trace.push('must not run');
  });
  assert.deepEqual([op.isCancelled, scheduler.isBlocked, trace], [true, false, []]);
});

test('exceptions of tasks and coroutines are reported, and the next task runs', () => {
  const { trace, scheduler, say } = setUp();
  scheduler.post(() => {
    throw new Error('plain');
  });
  scheduler.post(function* () {
    yield* new ManualOp(() => {
      throw new Error('coroutine');
    });
  });
  scheduler.post(say('next'));
  assert.deepEqual(trace, ['error plain', 'error coroutine', 'next']);
});

test('promise reactions run between two tasks, chains of them too', async () => {
  const { trace, scheduler, say, idle } = setUp(true);
  scheduler.post(() => {
    Promise.resolve()
      .then(() => trace.push('reaction 1'))
      .then(() => trace.push('reaction 2'));
    return undefined;
  });
  scheduler.post(say('second task'));
  await idle();
  assert.deepEqual(trace, ['reaction 1', 'reaction 2', 'second task']);
});

test('reactions that came while the VU was blocked run before its next task', () => {
  const { trace, scheduler, say } = setUp();
  const op = new ManualOp();
  scheduler.post(() => blocking(op, trace, 'task'));
  scheduler.post(say('queued task'));
  scheduler.defer(say('reaction'));
  op.resumer?.ok(1);
  assert.deepEqual(trace.slice(2), ['reaction', 'queued task']);
});
