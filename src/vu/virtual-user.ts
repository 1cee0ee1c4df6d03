/**
 * One virtual user: an instance of the script with its own module state, globals, event loop and
 * timers, and the life cycle around it (init, setup, iterations, teardown, summary).
 *
 * It runs one thing at a time, a `Run`: from the call of a script function until the event loop has
 * run dry, an exception has ended it, or it was interrupted.
 */
import { nextTick } from 'node:process';
import { nowMs } from '../base/clock.ts';
import { GharialError } from '../base/errors.ts';
import { createConsole } from '../k6/console.ts';
import { CookieJar } from '../k6/cookie-jar.ts';
import type { RandomSource } from '../k6/core.ts';
import type {
  BuiltinMetrics,
  EventLoop,
  ExecutionFacts,
  HttpSettings,
  IterationResource,
  LogLevel,
  NetworkSettings,
  Phase,
  ResourceKind,
  Task,
  TimerHandle,
  VuHost,
} from '../k6/host.ts';
import { NativeError } from '../k6/script-error.ts';
import type { SecretReader } from '../k6/secret-reader.ts';
import type { SharedArrayStore } from '../k6/shared-array.ts';
import { createTimerFunctions, type TimerFunctions } from '../k6/timers.ts';
import type { Metric, MetricRegistry } from '../metrics/metric.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import { createImportMeta } from '../script/import-meta.ts';
import { directoryOf, isRelative } from '../script/open-files.ts';
import { createScriptRequire, initOnlyMessage } from '../script/script-require.ts';
import { type Coroutine, Op, type OpKind, type Resumer } from '../suspend/op.ts';
import { twinOf } from '../suspend/runtime.ts';
import { evaluatedFile, userFrames } from '../suspend/stack.ts';
import type { ScriptRunner, VuEnvironment } from './environment.ts';
import { createGlobalObject, type GlobalsOwner, type OwnGlobal } from './global-object.ts';
import { createImporter, type ModuleImporter, type ModuleOwner } from './module-importer.ts';
import { afterReactions, Scheduler, type SchedulerEvents } from './scheduler.ts';
import { ScriptEnv } from './script-env.ts';
import { describeFailure } from './script-failure.ts';
import { seedableMath } from './seedable-math.ts';

/** How a run ended. `failed`: by an exception or an unhandled rejection of the script. */
export type RunEnd =
  | { readonly outcome: 'complete'; readonly value: unknown }
  | { readonly outcome: 'failed'; readonly error: unknown; readonly isRejection: boolean }
  | { readonly outcome: 'interrupted' };

interface Run {
  readonly onEnd: (end: RunEnd) => void;
  state: 'running' | 'failing';
  value: unknown;
  error: unknown;
  isRejection: boolean;
  /** What its handlers have begun since it failed. */
  lateCount: number;
}

/** After a failure, handlers see the end of what they had; one that begins anew each time is stopped here. */
const LATE_COUNT_MAX = 100;

/** The scenario a VU is activated for. */
export interface Activation {
  readonly name: string;
  readonly executor: string;
  readonly startTimeMs: number;
  readonly exec: string;
  /** Whole `__ENV`: the run's with the scenario's own. */
  readonly env: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  progress(): number;
  /** Takes the next iteration numbers: in this instance and over the whole test. */
  nextIteration(): { readonly inInstance: number; readonly inTest: number };
}

type UserFunction = (this: unknown, ...args: unknown[]) => unknown;

/** The end of an init run whose top-level `await` waits for what nobody will settle. */
const UNFINISHED: RunEnd = {
  outcome: 'failed',
  error: new GharialError(
    'SCRIPT_UNFINISHED',
    "initializing the main module hasn't finished: a top-level await waits for a promise that nothing settles",
  ),
  isRejection: false,
};

const NO_METADATA: ReadonlyMap<string, string> = new Map();

/** Lets promise reactions run between two listeners of one event. */
class DrainOp extends Op {
  start(resumer: Resumer): void {
    afterReactions(() => resumer.ok(undefined));
  }

  cancel(): void {}
}

export type WaitKind = ResourceKind | OpKind;

export class VirtualUser
  implements VuHost, SchedulerEvents, ScriptRunner, GlobalsOwner, ModuleOwner, ExecutionFacts
{
  readonly id: number;
  readonly #environment: VuEnvironment;
  readonly #scheduler: Scheduler;
  readonly #resources = new Set<IterationResource>();
  /** Rejected promises nobody has handled yet; made when there is one. */
  #rejections: Map<Promise<unknown>, unknown> | undefined;
  /** One came while the VU was blocked: the code that waits may still handle it, which Node tells a turn later. */
  #rejectionsMayBeHandled = false;
  readonly #globalObject: object;
  readonly #env: ScriptEnv;
  readonly #import: ModuleImporter;
  #timerFunctions: TimerFunctions | undefined;
  #random: RandomSource | undefined;
  readonly network: NetworkSettings;
  readonly cookies = new CookieJar();

  #phase: Phase = 'init';
  #run: Run | undefined;
  /** Undefined until the program has run to its end. */
  #exports: Readonly<Record<string, unknown>> | undefined;
  #holdCount = 0;
  #isFinishing = false;
  #isRecording = true;
  /** It was this VU that ended the test. */
  #hasAborted = false;
  #tags: TagSet;
  #activationTags: TagSet;
  groupPath = '';
  #metadata: ReadonlyMap<string, string> = NO_METADATA;
  #activation: Activation | undefined;
  #iterationCount = 0;
  #iterationInInstance = 0;
  #iterationInScenario = -1;
  #scenarioNumbers = { inInstance: 0, inTest: 0 };
  #sentBytes = 0;
  #receivedBytes = 0;
  #setupData: { readonly value: unknown } | undefined;

  constructor(environment: VuEnvironment, id: number) {
    this.id = id;
    this.#environment = environment;
    this.#scheduler = new Scheduler(this, environment.program.usesPromises);
    this.#tags = environment.runTags;
    this.#activationTags = environment.runTags;
    this.network = environment.networkFor(id);
    this.#env = new ScriptEnv(environment.env, environment.isEnvFrozen);
    this.#globalObject = createGlobalObject(this, { __VU: id, __ENV: this.#env.proxy });
    if (environment.program.globalNames.includes('Math')) this.random.install();
    this.#import = createImporter(this, this, this.#globalObject);
    if (environment.program.asksForMeta) {
      Object.assign(this.#import, { meta: createImportMeta(() => this.#callerUrl()) });
    }
  }

  // ---- made when first asked for -------------------------------------------------------------

  get timers(): TimerFunctions {
    this.#timerFunctions ??= createTimerFunctions(this, this.#globalObject);
    return this.#timerFunctions;
  }

  get random(): RandomSource {
    this.#random ??= seedableMath(this.#globalObject);
    return this.#random;
  }

  createGlobal(name: OwnGlobal): unknown {
    switch (name) {
      case 'console':
        return createConsole(this);
      case 'open':
        return (path: unknown, mode: unknown): string | ArrayBuffer => this.#open(path, mode);
      case 'require':
        return this.#createRequire();
      default:
        return this.timers[name];
    }
  }

  // ---- life cycle, for the worker ------------------------------------------------------------

  /** Runs the init code: module bodies, imports, top-level timers and awaits. */
  initialize(onEnd: (end: RunEnd) => void): void {
    this.#phase = 'init';
    this.#begin(
      () => this.#instantiate(),
      (end) => {
        this.#random?.unseed();
        const isUnfinished = end.outcome === 'complete' && this.#exports === undefined;
        onEnd(isUnfinished ? UNFINISHED : end);
      },
    );
  }

  /** Names of the exported functions, and whether a name is exported at all. */
  exported(name: string): unknown {
    return this.#exports?.[name];
  }

  get exportNames(): string[] {
    return Object.keys(this.#exports ?? {});
  }

  /** Calls an exported function once, outside scenarios: setup, teardown, handleSummary. */
  runPhase(
    phase: 'setup' | 'teardown' | 'summary',
    name: string,
    args: readonly unknown[],
    onEnd: (end: RunEnd) => void,
  ): void {
    this.#phase = phase;
    const groupPath = phase === 'summary' ? '' : `::${phase}`;
    this.groupPath = groupPath;
    this.#tags = this.isSystemTagEnabled('group')
      ? this.#environment.runTags.with('group', groupPath)
      : this.#environment.runTags;
    this.#begin(
      () => this.#call(this.exported(name), args),
      (end) => {
        if (phase !== 'summary') this.flushBytes();
        onEnd(end);
      },
    );
  }

  /** Prepares the VU for the iterations of a scenario. */
  activate(activation: Activation): void {
    this.#phase = 'iteration';
    this.#activation = activation;
    this.#iterationInScenario = -1;
    let tags = this.#environment.runTags.withAll(activation.tags);
    if (this.isSystemTagEnabled('scenario')) tags = tags.with('scenario', activation.name);
    if (this.isSystemTagEnabled('group')) tags = tags.with('group', '');
    this.#tags = tags;
    this.#activationTags = tags;
    this.#metadata = NO_METADATA;
    this.#env.reset(activation.env);
  }

  /** What `setup()` returned, as JSON; every VU parses its own copy once. */
  setSetupData(json: string | undefined): void {
    this.#setupData = { value: json === undefined ? undefined : JSON.parse(json) };
  }

  /** Runs one iteration of the scenario the VU is activated for. */
  iterate(onEnd: (outcome: 'complete' | 'interrupted') => void): void {
    const activation = this.#activation;
    if (activation === undefined) throw new Error('iterate() needs an activated VU');
    this.#startIteration(activation);
    const startMs = nowMs();
    this.#begin(
      () => this.#call(this.exported(activation.exec), [this.#setupData?.value]),
      (end) => {
        // As in k6, where the script that aborts sees itself in data.metrics of handleSummary().
        const isCounted = end.outcome !== 'interrupted' || this.#hasAborted;
        if (isCounted) this.#recordIteration(nowMs() - startMs);
        this.flushBytes();
        if (end.outcome === 'failed') this.#logFailure(end.error, end.isRejection);
        const outcome = end.outcome === 'interrupted' ? 'interrupted' : 'complete';
        this.#environment.iterationEnded(outcome);
        onEnd(outcome);
      },
    );
  }

  /** Ends the run at once: no more script code runs, blocked calls are dropped, sockets close quietly. */
  interrupt(): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#isRecording = false;
    this.#dropAll();
    if (run.state === 'failing') this.#logFailure(run.error, run.isRejection);
    this.#finish(run, { outcome: 'interrupted' });
  }

  /** Emits the bytes counted since the last time as data_sent and data_received samples. */
  flushBytes(onlyIfCounted = false): void {
    if (onlyIfCounted && this.#sentBytes === 0 && this.#receivedBytes === 0) return;
    const { recorder, builtin } = this.#environment;
    const timeMs = nowMs();
    const sent = recorder.series(builtin.data_sent, this.#tags);
    const received = recorder.series(builtin.data_received, this.#tags);
    recorder.add(sent, this.#sentBytes, timeMs, this.#sampleMetadata());
    recorder.add(received, this.#receivedBytes, timeMs, this.#sampleMetadata());
    this.#sentBytes = 0;
    this.#receivedBytes = 0;
  }

  noteRejection(promise: Promise<unknown>, reason: unknown): void {
    this.#rejections ??= new Map();
    this.#rejections.set(promise, reason);
    if (this.#scheduler.isBlocked) this.#rejectionsMayBeHandled = true;
    this.#scheduler.pump();
  }

  noteHandled(promise: Promise<unknown>): void {
    this.#rejections?.delete(promise);
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** Of the scenario it was last activated for. */
  get scenarioName(): string | undefined {
    return this.#activation?.name;
  }

  /** What keeps the running call from ending, in no order. */
  get waitsFor(): WaitKind[] {
    const resources = [...this.#resources].map(({ kind }) => kind);
    return [...resources, ...this.#scheduler.blockedOps.map(({ kind }) => kind)];
  }

  // ---- the run -------------------------------------------------------------------------------

  #begin(task: Task, onEnd: (end: RunEnd) => void): void {
    if (this.#run !== undefined) throw new Error('the VU is busy');
    this.#run = {
      onEnd,
      state: 'running',
      value: undefined,
      error: undefined,
      isRejection: false,
      lateCount: 0,
    };
    this.#isRecording = true;
    this.#rejectionsMayBeHandled = false;
    this.#isFinishing = false;
    this.#scheduler.post(task);
  }

  #call(exported: unknown, args: readonly unknown[]): Coroutine | undefined {
    if (typeof exported !== 'function') throw new TypeError('the exported value is not a function');
    const fn = exported as UserFunction; // border to script values
    const twin = twinOf(fn);
    if (twin === undefined) {
      this.#takeValue(fn.call(undefined, ...args));
      return undefined;
    }
    return this.#callTwin(twin.call(undefined, ...args));
  }

  *#callTwin(coroutine: Coroutine): Coroutine<void> {
    this.#takeValue(yield* coroutine);
  }

  /** The function's value; of an async function the promise's, once the event loop has run dry. */
  #takeValue(value: unknown): void {
    const run = this.#run;
    if (run === undefined) return;
    if (!(value instanceof Promise)) {
      run.value = value;
      return;
    }
    value.then(
      (settled) => {
        run.value = settled;
      },
      (reason) => this.#fail(reason, true),
    );
  }

  *#instantiate(): Coroutine<void> {
    const program = this.#environment.program;
    const globals = program.globalNames.map((name) => Reflect.get(this.#globalObject, name));
    const instance = program.compiled.instantiate(this, this.#import, ...globals);
    if (program.compiled.kind === 'plain') {
      this.#takeExports(instance);
    } else if (program.compiled.kind === 'coroutine') {
      const coroutine = instance as Coroutine; // its value is the namespace
      this.#takeExports(yield* coroutine);
    } else {
      (instance as Promise<unknown>).then(
        (exports) => this.#takeExports(exports),
        (reason) => this.#fail(reason, false),
      );
    }
  }

  #takeExports(namespace: unknown): void {
    const exports = namespace as Readonly<Record<string, unknown>>; // border to script values
    const commonJs = exports['default'];
    const isObject = typeof commonJs === 'object' && commonJs !== null;
    this.#exports =
      this.#environment.program.isCommonJs && isObject
        ? (commonJs as Readonly<Record<string, unknown>>)
        : exports;
  }

  onError(error: unknown): void {
    this.#fail(error, false);
  }

  onIdle(): void {
    const run = this.#run;
    if (run === undefined) return;
    if (this.#rejectionsMayBeHandled) {
      this.#environment.later(() => {
        if (this.#run !== run) return;
        this.#rejectionsMayBeHandled = false;
        this.#scheduler.pump();
      });
      return;
    }
    if (this.#rejections !== undefined) {
      const reasons = [...this.#rejections.values()];
      this.#rejections = undefined;
      if (reasons.length > 0) this.#fail(reasons[0], true);
    }
    if (this.#holdCount > 0 || this.#isFinishing) return;
    this.#isFinishing = true;
    // Rejections of this turn are reported after its microtasks: wait for the next turn.
    this.#environment.later(() => {
      this.#isFinishing = false;
      if (this.#run !== run) return;
      if (this.#holdCount > 0 || this.#scheduler.isBlocked || this.#rejections !== undefined) {
        this.#scheduler.pump();
        return;
      }
      if (run.state === 'failing') {
        this.#finish(run, failureOf(run));
      } else {
        this.#finish(run, { outcome: 'complete', value: run.value });
      }
    });
  }

  /** In a run that has failed nothing new is waited for: sleeps are over at once, requests fail. */
  onWait(op: Op, resumer: Resumer): void {
    if (this.#run?.state !== 'failing' || op.kind === 'other') op.start(resumer);
    else if (!this.#takesLate(this.#run)) return;
    else if (op.kind === 'sleep') resumer.ok(undefined);
    else resumer.fail(new NativeError('operation was canceled'));
  }

  /** False once a failed run has begun too much: it ends as it is, in the next turn. */
  #takesLate(run: Run): boolean {
    run.lateCount += 1;
    if (run.lateCount < LATE_COUNT_MAX) return true;
    if (run.lateCount === LATE_COUNT_MAX) {
      this.#environment.later(() => {
        if (this.#run !== run) return;
        this.#dropAll();
        this.#finish(run, failureOf(run));
      });
    }
    return false;
  }

  #dropAll(): void {
    this.#scheduler.drop();
    for (const resource of [...this.#resources]) resource.drop();
    this.#resources.clear();
    this.#holdCount = 0;
  }

  onEnter(): void {
    this.#environment.enter(this);
  }

  onLeave(): void {
    this.#environment.leave();
  }

  #finish(run: Run, end: RunEnd): void {
    this.#run = undefined;
    this.#rejections = undefined;
    // What held the run is gone; what is left (an AbortSignal's timer) must not reach into the next one.
    for (const resource of [...this.#resources]) resource.drop();
    this.#resources.clear();
    run.onEnd(end);
  }

  /** The first failure ends the run: sockets and timers wind down; later failures are its consequences. */
  #fail(error: unknown, isRejection: boolean): void {
    const run = this.#run;
    if (run === undefined || run.state === 'failing') return;
    run.state = 'failing';
    run.error = error;
    run.isRejection = isRejection;
    this.#isRecording = false;
    if (this.#scheduler.isBlocked) this.#scheduler.drop();
    for (const resource of [...this.#resources]) resource.windDown();
    this.#scheduler.pump();
  }

  #startIteration(activation: Activation): void {
    this.#iterationInInstance = this.#iterationCount;
    this.#iterationCount += 1;
    this.#iterationInScenario += 1;
    this.#scenarioNumbers = activation.nextIteration();
    Reflect.set(this.#globalObject, '__ITER', this.#iterationInInstance);
    if (this.#environment.resetsCookies) this.cookies.reset();
    this.groupPath = '';
    const group = this.#activationTags.get('group');
    if (group !== undefined && this.#tags.get('group') !== group) {
      this.#tags = this.#tags.with('group', group);
    }
    this.#metadata = this.#iterationMetadata();
  }

  #iterationMetadata(): ReadonlyMap<string, string> {
    const withVu = this.isSystemTagEnabled('vu');
    const withIteration = this.isSystemTagEnabled('iter');
    if (!withVu && !withIteration) return this.#metadata;
    const metadata = new Map(this.#metadata);
    if (withVu) metadata.set('vu', String(this.id));
    if (withIteration) metadata.set('iter', String(this.#iterationInInstance));
    return metadata;
  }

  #recordIteration(durationMs: number): void {
    const { recorder, builtin } = this.#environment;
    const timeMs = nowMs();
    const metadata = this.#sampleMetadata();
    recorder.add(
      recorder.series(builtin.iteration_duration, this.#tags),
      durationMs,
      timeMs,
      metadata,
    );
    recorder.add(recorder.series(builtin.iterations, this.#tags), 1, timeMs, metadata);
  }

  #logFailure(error: unknown, isRejection: boolean): void {
    const activation = this.#activation;
    const where: Record<string, string> =
      activation === undefined ? {} : { executor: activation.executor, scenario: activation.name };
    this.#environment.log(
      'error',
      describeFailure(error, isRejection),
      {
        ...where,
        ...(isRejection ? {} : { hint: 'script exception', source: 'stacktrace' }),
      },
      false,
    );
  }

  #sampleMetadata(): ReadonlyMap<string, string> | undefined {
    return this.#metadata.size === 0 ? undefined : this.#metadata;
  }

  // ---- globals of the script -------------------------------------------------------------------

  #open(path: unknown, mode: unknown): string | ArrayBuffer {
    if (this.#phase !== 'init') throw new NativeError(initOnlyMessage('open'));
    const from = evaluatedFile() ?? this.#environment.program.entryUrl;
    this.#noteForeignOpen(path, from);
    return nativeErrors(() => this.#environment.openFile(path, mode, directoryOf(from)));
  }

  /** k6's rule for relative paths surprises whoever calls `open()` in a helper of another folder. */
  #noteForeignOpen(path: unknown, evaluatedUrl: string): void {
    const callerUrl = this.#callerUrl();
    if (!isRelative(path) || directoryOf(callerUrl) === directoryOf(evaluatedUrl)) return;
    this.#environment.logOnce(
      `open ${callerUrl} ${evaluatedUrl}`,
      'warning',
      `open(${JSON.stringify(path)}) is called in ${callerUrl}, but relative paths start, as in k6, at the file whose evaluation ` +
        `led to the call: ${evaluatedUrl}`,
    );
  }

  #createRequire(): (specifier: unknown) => unknown {
    const require = createScriptRequire({
      isInit: () => this.#phase === 'init',
      load: (specifier) => {
        const module = this.#import(specifier);
        const exports = Object.defineProperties({}, Object.getOwnPropertyDescriptors(module.named));
        // Compiled modules ask for the flag before they look at `default`.
        Object.defineProperty(exports, '__esModule', { value: true });
        return Object.defineProperty(exports, 'default', {
          value: module.default,
          enumerable: true,
        });
      },
    });
    return (specifier) => nativeErrors(() => require(specifier));
  }

  /** The script file whose code is calling; the entry script if that cannot be told. */
  #callerUrl(): string {
    return userFrames()[0]?.file ?? this.#environment.program.entryUrl;
  }

  // ---- VuHost: what modules use --------------------------------------------------------------

  get sharedArrays(): SharedArrayStore {
    return this.#environment.sharedArrays;
  }

  get secrets(): SecretReader {
    return this.#environment.secrets;
  }

  readFile(path: string): { readonly path: string; readonly bytes: SharedArrayBuffer } {
    const { entryUrl } = this.#environment.program;
    return this.#environment.readFile(path, directoryOf(entryUrl));
  }

  get phase(): Phase {
    return this.#phase;
  }

  get testOptions(): Readonly<Record<string, unknown>> {
    return this.#environment.testOptions;
  }

  get looksAtPrototypes(): boolean {
    return this.#environment.program.looksAtPrototypes;
  }

  get isThrowing(): boolean {
    return this.#environment.isThrowing;
  }

  get http(): HttpSettings {
    return this.#environment.http;
  }

  get loop(): EventLoop {
    return this.#scheduler;
  }

  openInnerLoop(): EventLoop {
    return this.#scheduler.openInnerLoop();
  }

  hold(): void {
    this.#holdCount += 1;
  }

  release(): void {
    if (this.#holdCount === 0) return; // a socket that closed after an interruption
    this.#holdCount -= 1;
    if (this.#holdCount === 0) this.#scheduler.pump();
  }

  /** What a failed run begins is wound down before it has done anything. */
  addResource(resource: IterationResource): void {
    this.#resources.add(resource);
    const run = this.#run;
    if (run?.state !== 'failing' || !this.#takesLate(run)) return;
    nextTick(() => {
      if (this.#run === run && this.#resources.has(resource)) resource.windDown();
    });
  }

  removeResource(resource: IterationResource): void {
    this.#resources.delete(resource);
  }

  failIteration(error: unknown): void {
    this.#fail(error, false);
  }

  setTimer(delayMs: number, onDue: () => void): TimerHandle {
    return this.#environment.timers.set(nowMs() + delayMs, onDue);
  }

  *drainReactions(): Coroutine<void> {
    if (this.#environment.program.usesPromises) yield* new DrainOp();
  }

  get isBlocked(): boolean {
    return this.#scheduler.isBlocked;
  }

  defer(job: Task): void {
    this.#scheduler.defer(job);
  }

  spawn(coroutine: Coroutine, resumer: Resumer): void {
    this.#scheduler.spawn(coroutine, resumer);
  }

  reportBlocking(error: Error): void {
    this.#environment.reportBlocking(error);
  }

  get registry(): MetricRegistry {
    return this.#environment.registry;
  }

  get builtin(): BuiltinMetrics {
    return this.#environment.builtin;
  }

  get tags(): TagSet {
    return this.#tags;
  }

  setTags(tags: TagSet): void {
    this.#tags = tags;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#metadata;
  }

  setMetadata(metadata: ReadonlyMap<string, string>): void {
    this.#metadata = metadata;
  }

  isSystemTagEnabled(name: string): boolean {
    return this.#environment.systemTags.has(name);
  }

  series(metric: Metric, tags: TagSet): number {
    return this.#environment.recorder.series(metric, tags);
  }

  get isRecording(): boolean {
    return this.#isRecording;
  }

  record(
    series: number,
    value: number,
    timeMs: number = nowMs(),
    metadata: ReadonlyMap<string, string> | undefined = this.#sampleMetadata(),
  ): void {
    if (this.#isRecording) this.#environment.recorder.add(series, value, timeMs, metadata);
  }

  count(series: number, metadata: ReadonlyMap<string, string>): void {
    if (this.#isRecording) this.#environment.recorder.count(series, metadata);
  }

  socketOpened(): void {
    this.#environment.countOpenSockets(1);
  }

  socketGone(): void {
    this.#environment.countOpenSockets(-1);
  }

  recordClose(series: number, metadata: ReadonlyMap<string, string>): void {
    this.#environment.recorder.count(series, metadata);
  }

  countBytes(sentBytes: number, receivedBytes: number): void {
    this.#sentBytes += sentBytes;
    this.#receivedBytes += receivedBytes;
  }

  abortTest(message: string): void {
    this.#hasAborted = true;
    this.#environment.abortTest(message);
    this.interrupt();
  }

  failTest(message: string): void {
    this.log('error', `test marked as failed: ${message}`);
    this.#environment.failTest();
  }

  log(level: LogLevel, message: string, fields: Readonly<Record<string, string>> = {}): void {
    // Script code that an interruption could not stop at once has nothing more to say.
    if (this.#run === undefined && fields['source'] === 'console') return;
    this.#environment.log(level, message, fields, this.#phase === 'init');
  }

  logOnce(key: string, level: LogLevel, message: string): void {
    this.#environment.logOnce(key, level, message);
  }

  // ---- ExecutionFacts ------------------------------------------------------------------------

  get facts(): ExecutionFacts {
    return this;
  }

  get idInInstance(): number {
    return this.id;
  }

  get idInTest(): number {
    return this.id === 0 ? 0 : this.#environment.idInTest(this.id);
  }

  get iterationInInstance(): number {
    return this.#iterationInInstance;
  }

  get iterationInScenario(): number {
    return this.#iterationInScenario;
  }

  get scenario(): ExecutionFacts['scenario'] {
    const activation = this.#activation;
    if (activation === undefined || this.#phase !== 'iteration') return undefined;
    return {
      name: activation.name,
      executor: activation.executor,
      startTimeMs: activation.startTimeMs,
      progress: activation.progress(),
      iterationInInstance: this.#scenarioNumbers.inInstance,
      iterationInTest: this.#scenarioNumbers.inTest,
    };
  }

  get instance(): ExecutionFacts['instance'] {
    return this.#environment.instanceFacts();
  }
}

function failureOf({ error, isRejection }: Run): RunEnd {
  return { outcome: 'failed', error, isRejection };
}

/** Errors of ours that a script may catch become errors as k6's native code throws them. */
function nativeErrors<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof GharialError ? new NativeError(error.message) : error;
  }
}
