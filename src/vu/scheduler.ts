/**
 * Runs one virtual user's script code: one thing at a time, in order, suspendable.
 *
 * A VU has an event loop (its own queue) and a stack of blocked frames. A task that reaches a blocking
 * call suspends: its coroutine is kept in a frame on the stack, and only the innermost frame's inner
 * loop (the handlers of a `ws.connect`) may run until the call is done. Events for the VU's own loop,
 * timers and promise reactions wait meanwhile, in order.
 *
 * Nothing here knows what the tasks do; the `VirtualUser` decides what an error or an empty loop means.
 */
import { nextTick } from 'node:process';
import { assert } from '../base/assert.ts';
import type { EventLoop, Task } from '../k6/host.ts';
import type { Coroutine, Op, Resumer } from '../suspend/op.ts';

export interface SchedulerEvents {
  /** A task threw, or a coroutine ended by an exception. */
  onError(error: unknown): void;
  /** Nothing runs, nothing is queued, nothing is blocked, and promise reactions have been run. */
  onIdle(): void;
  /** Script code is about to run on this thread (watchdog). */
  onEnter(): void;
  onLeave(): void;
  /** A coroutine waits for `op`: start it, or settle `resumer` otherwise. Throwing fails the call. */
  onWait(op: Op, resumer: Resumer): void;
}

/** A first-in-first-out queue that costs nothing while empty. */
class TaskQueue {
  #tasks: Task[] = [];
  #head = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tasks.length;
  }

  push(task: Task): void {
    this.#tasks.push(task);
  }

  shift(): Task | undefined {
    const task = this.#tasks[this.#head];
    if (task === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#tasks.length) {
      this.#tasks = [];
      this.#head = 0;
    }
    return task;
  }

  clear(): void {
    this.#tasks = [];
    this.#head = 0;
  }
}

/** A coroutine being driven, and who wants its outcome. */
interface Fiber {
  readonly coroutine: Coroutine;
  readonly resumer: Resumer | undefined;
}

/**
 * A fiber blocked on an operation, and the inner loop of that operation: tasks posted here run while
 * everything else of the VU waits. `outcome` is set when the operation is done.
 */
class Frame implements Resumer, EventLoop {
  readonly fiber: Fiber;
  readonly op: Op;
  readonly queue = new TaskQueue();
  outcome: { readonly isError: boolean; readonly value: unknown } | undefined;
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler, fiber: Fiber, op: Op) {
    this.#scheduler = scheduler;
    this.fiber = fiber;
    this.op = op;
  }

  ok(value: unknown): void {
    this.#settle(false, value);
  }

  fail(error: unknown): void {
    this.#settle(true, error);
  }

  post(task: Task): void {
    this.queue.push(task);
    this.#scheduler.pump();
  }

  #settle(isError: boolean, value: unknown): void {
    if (this.outcome !== undefined) return;
    this.outcome = { isError, value };
    this.#scheduler.pump();
  }
}

export class Scheduler implements EventLoop {
  readonly #events: SchedulerEvents;
  readonly #usesPromises: boolean;
  readonly #queue = new TaskQueue();
  readonly #reactions = new TaskQueue();
  #frames: Frame[] = [];
  #isRunning = false;
  #isStarting = false;
  #isDraining = false;
  /** Script code has run since promise reactions were last drained. */
  #needsDrain = false;
  #epoch = 0;

  constructor(events: SchedulerEvents, usesPromises: boolean) {
    this.#events = events;
    this.#usesPromises = usesPromises;
  }

  get isBlocked(): boolean {
    return this.#frames.length > 0;
  }

  /** The operations of blocked frames, outermost first. */
  get blockedOps(): Op[] {
    return this.#frames.map(({ op }) => op);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Queues a task on the VU's own loop; runs it at once if the VU is free. */
  post(task: Task): void {
    if (this.#isFree) this.#runTask(task);
    else this.#queue.push(task);
    this.pump();
  }

  /** Nothing runs, and nothing is to run before a task that comes now. */
  get #isFree(): boolean {
    return (
      !this.#isRunning &&
      !this.#isDraining &&
      !this.#needsDrain &&
      this.#frames.length === 0 &&
      this.#reactions.isEmpty &&
      this.#queue.isEmpty
    );
  }

  /** Queues a promise reaction that came while the VU was blocked. */
  defer(job: Task): void {
    this.#reactions.push(job);
    this.pump();
  }

  /** Drives a coroutine as a job; at once if the VU is free, else as a deferred reaction. */
  spawn(coroutine: Coroutine, resumer: Resumer): void {
    if (this.#isRunning || this.isBlocked) {
      this.#reactions.push(() => this.#drive({ coroutine, resumer }, false, undefined));
      return;
    }
    this.#drive({ coroutine, resumer }, false, undefined);
    this.pump();
  }

  /** The loop of the operation that is being started; only inside `Op.start`. */
  openInnerLoop(): EventLoop {
    const frame = this.#frames.at(-1);
    assert(frame !== undefined && this.#isStarting, 'openInnerLoop() belongs into Op.start()');
    return frame;
  }

  /**
   * Forgets everything that is queued or blocked. Blocked operations are cancelled, innermost first;
   * their coroutines are dropped where they stand (no `catch`, no `finally` runs).
   */
  drop(): void {
    const frames = this.#frames;
    this.#frames = [];
    this.#epoch += 1;
    this.#queue.clear();
    this.#reactions.clear();
    for (const frame of frames.reverse()) frame.op.cancel();
  }

  /** Runs what can run now. Safe to call at any time; does nothing while script code is on the stack. */
  pump(): void {
    while (!this.#isRunning) {
      const top = this.#frames.at(-1);
      if (top !== undefined) {
        if (top.outcome !== undefined) {
          this.#frames.pop();
          this.#drive(top.fiber, top.outcome.isError, top.outcome.value);
          continue;
        }
        const inner = top.queue.shift();
        if (inner === undefined) return;
        this.#runTask(inner);
        continue;
      }
      const reaction = this.#reactions.shift();
      if (reaction !== undefined) {
        this.#runTask(reaction);
        continue;
      }
      if (this.#isDraining) return;
      if (this.#needsDrain) {
        this.#drainReactions();
        return;
      }
      const task = this.#queue.shift();
      if (task === undefined) {
        this.#events.onIdle();
        return;
      }
      this.#runTask(task);
    }
  }

  get usesPromises(): boolean {
    return this.#usesPromises;
  }

  /**
   * Lets all promise reactions run, then goes on with the queue: a microtask comes after those that
   * are queued now, and the tick it schedules only after the microtask queue has run empty.
   */
  #drainReactions(): void {
    this.#isDraining = true;
    this.#needsDrain = false;
    afterReactions(() => {
      this.#isDraining = false;
      this.pump();
    });
  }

  #runTask(task: Task): void {
    const epoch = this.#epoch;
    this.#enter();
    let coroutine: Coroutine | undefined;
    try {
      coroutine = task();
    } catch (error) {
      this.#leave();
      if (epoch === this.#epoch) this.#events.onError(error);
      return;
    }
    this.#leave();
    if (coroutine !== undefined && epoch === this.#epoch) {
      this.#drive({ coroutine, resumer: undefined }, false, undefined);
    }
  }

  /** Advances a fiber until it ends or blocks. */
  #drive(fiber: Fiber, isError: boolean, value: unknown): undefined {
    const epoch = this.#epoch;
    this.#enter();
    let step: IteratorResult<Op, unknown>;
    try {
      if (isError) {
        if (fiber.coroutine.throw === undefined) throw value;
        step = fiber.coroutine.throw(value);
      } else step = fiber.coroutine.next(value);
    } catch (error) {
      this.#leave();
      if (epoch !== this.#epoch) return;
      if (fiber.resumer === undefined) this.#events.onError(error);
      else fiber.resumer.fail(error);
      return;
    }
    this.#leave();
    if (epoch !== this.#epoch) {
      if (step.done !== true) step.value.cancel();
      return;
    }
    if (step.done === true) {
      fiber.resumer?.ok(step.value);
      return;
    }
    this.#block(fiber, step.value);
  }

  #block(fiber: Fiber, op: Op): void {
    const frame = new Frame(this, fiber, op);
    this.#frames.push(frame);
    // start() may settle at once: the frame then waits for the pump that our caller is in.
    this.#isRunning = true;
    this.#isStarting = true;
    try {
      this.#events.onWait(op, frame);
    } catch (error) {
      frame.fail(error);
    } finally {
      this.#isRunning = false;
      this.#isStarting = false;
    }
  }

  #enter(): void {
    this.#isRunning = true;
    if (this.#usesPromises) this.#needsDrain = true;
    this.#events.onEnter();
  }

  #leave(): void {
    this.#isRunning = false;
    this.#events.onLeave();
  }
}

/** Calls back once the microtask queue of this thread has run empty. */
export function afterReactions(next: () => void): void {
  queueMicrotask(() => nextTick(next));
}
