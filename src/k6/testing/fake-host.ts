/**
 * A virtual user for tests of script-facing modules: drives tasks and coroutines as the real one does
 * (one thing at a time, inner loops of blocked operations first), and keeps what was recorded and
 * logged.
 */

import { nowMs } from '../../base/clock.ts';
import { GharialError } from '../../base/errors.ts';
import { TimerHeap } from '../../base/timer-heap.ts';
import { BUILTIN_METRICS } from '../../metrics/builtin.ts';
import { type Metric, MetricRegistry } from '../../metrics/metric.ts';
import { type TagSet, TagSpace } from '../../metrics/tag-set.ts';
import { type Coroutine, Op, type Resumer } from '../../suspend/op.ts';
import { CookieJar } from '../cookie-jar.ts';
import { NO_DIAL_LIMITS } from '../dial-limits.ts';
import type {
  BuiltinMetrics,
  EventLoop,
  ExecutionFacts,
  HttpSettings,
  IterationResource,
  LogLevel,
  NetworkSettings,
  Phase,
  Task,
  TimerHandle,
  VuHost,
} from '../host.ts';
import { createSecretReader, NO_SECRETS, type SecretReader } from '../secret-reader.ts';
import { SharedArrayStore } from '../shared-array.ts';

export interface FakeSample {
  readonly metric: string;
  readonly value: number;
  readonly timeMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface FakeLogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string>>;
}

class Frame implements Resumer, EventLoop {
  readonly queue: Task[] = [];
  outcome: (() => IteratorResult<Op, unknown>) | undefined;
  readonly coroutine: Coroutine;
  readonly op: Op;
  readonly #host: FakeHost;

  constructor(host: FakeHost, coroutine: Coroutine, op: Op) {
    this.#host = host;
    this.coroutine = coroutine;
    this.op = op;
  }

  ok(value: unknown): void {
    this.outcome ??= () => this.coroutine.next(value);
    this.#host.pump();
  }

  fail(error: unknown): void {
    this.outcome ??= () => {
      if (this.coroutine.throw === undefined) throw error;
      return this.coroutine.throw(error);
    };
    this.#host.pump();
  }

  post(task: Task): void {
    this.queue.push(task);
    this.#host.pump();
  }
}

/** Waits for the microtask queue to run empty. */
class DrainOp extends Op {
  start(resumer: Resumer): void {
    setImmediate(() => resumer.ok(undefined));
  }

  cancel(): void {}
}

const heap = new TimerHeap();

const NO_FACTS: ExecutionFacts = {
  idInInstance: 1,
  idInTest: 1,
  iterationInInstance: 0,
  iterationInScenario: 0,
  scenario: undefined,
  instance: {
    currentTestRunDurationMs: 0,
    iterationsCompleted: 0,
    iterationsInterrupted: 0,
    vusActive: 1,
    vusInitialized: 1,
  },
};

export class FakeHost implements VuHost {
  id = 1;
  phase: Phase = 'iteration';
  facts = NO_FACTS;
  testOptions = {};
  isThrowing = false;
  looksAtPrototypes = true;
  groupPath = '';
  isRecording = true;
  readonly registry = new MetricRegistry();
  readonly builtin: BuiltinMetrics;
  readonly cookies = new CookieJar();
  sharedArrays = new SharedArrayStore();
  secrets: SecretReader = createSecretReader(NO_SECRETS, () => {});
  /** Files by absolute path; relative names are looked up below `/`. */
  readonly files = new Map<string, SharedArrayBuffer>();
  readonly disabledSystemTags = new Set(['ip', 'vu', 'iter']);
  readonly samples: FakeSample[] = [];
  /** Samples of `ws_sockets_closed`. */
  readonly closes: FakeSample[] = [];
  socketsOpen = 0;
  readonly logs: FakeLogLine[] = [];
  readonly onceKeys = new Set<string>();
  /** Exceptions that ended the iteration. */
  readonly errors: unknown[] = [];
  readonly resources = new Set<IterationResource>();
  holdCount = 0;
  sentBytes = 0;
  receivedBytes = 0;
  network: NetworkSettings = {
    resolve: (_host, port, done) => done(null, [{ address: '127.0.0.1', family: 4, port }]),
    userAgent: 'gharial-test',
    leaseSource: undefined,
    proxyFor: () => undefined,
    dialLimits: NO_DIAL_LIMITS,
    wsDebug: 'off',
    wsDebugSecrets: false,
    tlsFor: () => ({}),
  };
  http: HttpSettings = {
    batch: 20,
    batchPerHost: 6,
    maxRedirects: 10,
    isMaxRedirectsSet: false,
    discardResponseBodies: false,
    noConnectionReuse: false,
    noVUConnectionReuse: false,
    debug: '',
    reserveSlot: undefined,
  };
  tags: TagSet = new TagSpace().from([
    ['group', ''],
    ['scenario', 'default'],
  ]);
  metadata: ReadonlyMap<string, string> = new Map();
  readonly #seriesList: { metric: Metric; tags: TagSet }[] = [];
  readonly #queue: Task[] = [];
  #frames: Frame[] = [];
  #isRunning = false;
  #idleWaiters: (() => void)[] = [];

  constructor() {
    const builtin: Partial<Record<keyof BuiltinMetrics, Metric>> = {};
    for (const { name, type, contains } of BUILTIN_METRICS) {
      builtin[name] = this.registry.define(name, type, contains);
    }
    this.builtin = builtin as BuiltinMetrics; // complete: the table has every name
  }

  get isBlocked(): boolean {
    return this.#frames.length > 0;
  }

  get loop(): EventLoop {
    return this;
  }

  post(task: Task): void {
    this.#queue.push(task);
    this.pump();
  }

  openInnerLoop(): EventLoop {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw new Error('openInnerLoop() outside of Op.start()');
    return frame;
  }

  /** Runs a task and everything that follows; resolves when the iteration is over. */
  async run(task: Task): Promise<void> {
    this.post(task);
    while (!this.#isIdle) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      // Promise reactions may go on.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && this.#frames.length === 0 && this.holdCount <= 0;
  }

  /** End of test: nothing of the script runs any more. */
  interrupt(): void {
    this.isRecording = false;
    this.#queue.length = 0;
    const frames = this.#frames;
    this.#frames = [];
    for (const frame of frames.reverse()) frame.op.cancel();
    for (const resource of [...this.resources]) resource.drop();
    this.resources.clear();
    this.holdCount = 0;
    this.#noteIdle();
  }

  pump(): void {
    while (!this.#isRunning) {
      const frame = this.#frames.at(-1);
      if (frame?.outcome !== undefined) {
        this.#frames.pop();
        this.#advance(frame.coroutine, frame.outcome);
        continue;
      }
      const task = frame === undefined ? this.#queue.shift() : frame.queue.shift();
      if (task === undefined) {
        this.#noteIdle();
        return;
      }
      this.#runTask(task);
    }
  }

  #noteIdle(): void {
    if (!this.#isIdle) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  #runTask(task: Task): void {
    this.#isRunning = true;
    let coroutine: Coroutine | undefined;
    try {
      coroutine = task();
    } catch (error) {
      this.failIteration(error);
    } finally {
      this.#isRunning = false;
    }
    if (coroutine !== undefined) {
      const begun = coroutine;
      this.#advance(begun, () => begun.next());
    }
  }

  #advance(coroutine: Coroutine, resume: () => IteratorResult<Op, unknown>): void {
    this.#isRunning = true;
    try {
      const step = resume();
      if (step.done !== true) {
        const frame = new Frame(this, coroutine, step.value);
        this.#frames.push(frame);
        this.#start(frame);
      }
    } catch (error) {
      this.failIteration(error);
    } finally {
      this.#isRunning = false;
    }
  }

  #start(frame: Frame): void {
    try {
      frame.op.start(frame);
    } catch (error) {
      frame.fail(error);
    }
  }

  defer(): void {
    throw new Error('promise reactions of scripts are not part of this fake');
  }

  spawn(): void {
    throw new Error('async functions of scripts are not part of this fake');
  }

  reportBlocking(error: Error): void {
    this.errors.push(error);
  }

  hold(): void {
    this.holdCount += 1;
  }

  release(): void {
    this.holdCount -= 1;
    if (this.holdCount < 0) throw new Error('release() without hold()');
    queueMicrotask(() => this.pump());
  }

  addResource(resource: IterationResource): void {
    this.resources.add(resource);
  }

  removeResource(resource: IterationResource): void {
    this.resources.delete(resource);
  }

  failIteration(error: unknown): void {
    this.errors.push(error);
    this.isRecording = false;
    for (const resource of [...this.resources]) resource.windDown();
  }

  setTimer(delayMs: number, onDue: () => void): TimerHandle {
    return heap.set(nowMs() + delayMs, onDue);
  }

  *drainReactions(): Coroutine<void> {
    yield* new DrainOp();
  }

  readFile(path: string): { readonly path: string; readonly bytes: SharedArrayBuffer } {
    const absolutePath = path.startsWith('/') ? path : `/${path}`;
    const bytes = this.files.get(absolutePath);
    if (bytes !== undefined) return { path: absolutePath, bytes };
    const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    throw new GharialError('SCRIPT_OPEN', `stat ${absolutePath}: no such file or directory`, {
      cause,
    });
  }

  setTags(tags: TagSet): void {
    this.tags = tags;
  }

  setMetadata(metadata: ReadonlyMap<string, string>): void {
    this.metadata = metadata;
  }

  isSystemTagEnabled(name: string): boolean {
    return !this.disabledSystemTags.has(name);
  }

  series(metric: Metric, tags: TagSet): number {
    return this.#seriesList.push({ metric, tags }) - 1;
  }

  record(
    series: number,
    value: number,
    timeMs = nowMs(),
    metadata: ReadonlyMap<string, string> = this.metadata,
  ): void {
    if (!this.isRecording) return;
    const found = this.#seriesList[series];
    if (found === undefined) throw new Error(`unknown series ${series}`);
    const tags = Object.fromEntries(found.tags.entries());
    this.samples.push({ metric: found.metric.name, value, timeMs, tags, metadata });
  }

  count(series: number, metadata: ReadonlyMap<string, string>): void {
    this.record(series, 1, nowMs(), metadata);
  }

  socketOpened(): void {
    this.socketsOpen += 1;
  }

  socketGone(): void {
    this.socketsOpen -= 1;
  }

  recordClose(series: number, metadata: ReadonlyMap<string, string>): void {
    const found = this.#seriesList[series];
    if (found === undefined) throw new Error(`unknown series ${series}`);
    const tags = Object.fromEntries(found.tags.entries());
    this.closes.push({ metric: found.metric.name, value: 1, timeMs: nowMs(), tags, metadata });
  }

  recordCheck(): void {
    throw new Error('checks are not part of this fake');
  }

  countBytes(sentBytes: number, receivedBytes: number): void {
    this.sentBytes += sentBytes;
    this.receivedBytes += receivedBytes;
  }

  abortTest(message: string): void {
    this.errors.push(new Error(`test aborted: ${message}`));
    this.interrupt();
  }

  failTest(message: string): void {
    this.errors.push(new Error(message));
  }

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, string>>): void {
    this.logs.push(fields === undefined ? { level, message } : { level, message, fields });
  }

  logOnce(key: string, level: LogLevel, message: string): void {
    if (this.onceKeys.has(key)) return;
    this.onceKeys.add(key);
    this.log(level, message);
  }

  /** Samples of one metric. */
  samplesOf(metric: string): readonly FakeSample[] {
    return this.samples.filter((sample) => sample.metric === metric);
  }
}
