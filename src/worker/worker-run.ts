/**
 * One worker's part of a run: probe the script, make VUs, run scenarios, call setup, teardown and
 * handleSummary, and report.
 */
import { lookup } from 'node:dns';
import { startAlignedInterval } from '../base/aligned-interval.ts';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import { isThrown, thrownText } from '../base/thrown.ts';
import { TimerHeap } from '../base/timer-heap.ts';
import type {
  ErrorReport,
  FromWorker,
  PhaseEnd,
  RunPlan,
  ScriptPhase,
  ToWorker,
  WorkerInit,
  WorkerScript,
} from '../bridge/messages.ts';
import { RateGate } from '../bridge/rate-gate.ts';
import { RunCounters } from '../bridge/run-counters.ts';
import type { BuiltinMetrics, LogLevel } from '../k6/host.ts';
import { undici } from '../k6/http-dial.ts';
import { createSecretReader, NO_SECRETS, type SecretReader } from '../k6/secret-reader.ts';
import { SharedArrayStore } from '../k6/shared-array.ts';
import { type MetricDefinition, MetricRegistry } from '../metrics/metric.ts';
import { Recorder } from '../metrics/recorder.ts';
import { transferablesOf } from '../metrics/snapshot.ts';
import { TagSpace } from '../metrics/tag-set.ts';
import { consolidate } from '../options/consolidate.ts';
import { createResolve } from '../options/resolve.ts';
import type { Options } from '../options/values.ts';
import type { RunningScenario } from '../schedule/executors.ts';
import { idInTest, instanceDivision } from '../schedule/requirements.ts';
import { startScenario } from '../schedule/run-scenario.ts';
import {
  createFileLookup,
  createFileReader,
  createFileRecorder,
  createReadBytes,
  type OpenFile,
  type ReadBytes,
  type ReadFile,
} from '../script/open-files.ts';
import { compileProgram } from '../suspend/runtime.ts';
import { installStackMapping } from '../suspend/stack.ts';
import type { VuEnvironment, VuProgram } from '../vu/environment.ts';
import { describeFailure } from '../vu/script-failure.ts';
import { type RunEnd, VirtualUser } from '../vu/virtual-user.ts';
import { LaterQueue } from './later.ts';
import { createNetwork, httpSettings } from './network.ts';
import { PromiseOwners } from './promise-owners.ts';
import { createRemoteReader } from './remote-reader.ts';
import { createScenarioPort } from './scenario-port.ts';
import { toSetupJson, toSummaryFiles } from './setup-data.ts';
import { VuPool } from './vu-pool.ts';
import { countWaits } from './wait-count.ts';

/** How often views can see scenarios move. */
const PROGRESS_MS = 100;

type Send = (message: FromWorker, transfer?: readonly ArrayBuffer[]) => void;

/** Everything that exists once the run plan is known. */
interface Prepared {
  readonly plan: RunPlan;
  readonly environment: VuEnvironment;
  readonly counters: RunCounters;
  readonly recorder: Recorder;
  readonly pool: VuPool;
  /** By index in the options. */
  readonly scenarios: Map<number, RunningScenario>;
  /** One per scenario that has started. */
  readonly progressReports: (() => void)[];
}

/** Where init code gets files and shared data from. */
interface InitSources {
  readonly openFile: OpenFile;
  readonly readFile: ReadFile;
  readonly sharedArrays: SharedArrayStore;
}

export class WorkerRun {
  readonly #init: WorkerInit;
  readonly #env: Readonly<Record<string, string>>;
  readonly #isEnvFrozen: boolean;
  readonly #send: Send;
  readonly #timers = new TimerHeap();
  readonly #later = new LaterQueue();
  readonly #owners = new PromiseOwners();
  readonly #program: VuProgram;
  readonly #readBytes: ReadBytes;
  readonly #secrets: SecretReader;
  #prepared: Prepared | undefined;
  #phaseVu: VirtualUser | undefined;
  #tick = 0;
  #stopTicker: () => void = () => {};
  #progressTicker: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(init: WorkerInit, script: WorkerScript, send: Send) {
    this.#init = init;
    this.#env = script.env;
    this.#isEnvFrozen = script.isEnvFrozen ?? false;
    this.#send = send;
    this.#secrets = createSecretReader(script.secrets ?? NO_SECRETS, (value) => {
      this.#send({ kind: 'secret', value });
    });
    const { bundle } = script;
    installStackMapping(bundle);
    this.#readBytes = createReadBytes(bundle.archivedFiles, createRemoteReader(bundle.remoteFiles));
    this.#program = {
      compiled: compileProgram(bundle.code, bundle.fileName),
      globalNames: bundle.globalNames,
      isCommonJs: bundle.entryFormat === 'commonjs',
      usesPromises: bundle.usesPromises,
      asksForMeta: bundle.code.includes('.meta'),
      looksAtPrototypes: bundle.looksAtPrototypes,
      entryUrl: bundle.entryUrl,
    };
    // Loading it takes some 70 ms, which the first call of a VU should not measure.
    if (/\bfetch\b/.test(bundle.code)) undici();
    this.#owners.start(bundle.usesPromises, (reason) => {
      this.#log('error', describeFailure(reason, true));
    });
  }

  handle(message: Exclude<ToWorker, { kind: 'load' }>): void {
    switch (message.kind) {
      case 'probe':
        this.#probe();
        break;
      case 'prepare':
        this.#prepare(message.plan);
        break;
      case 'phase':
        this.#runPhase(message.phase, message.data);
        break;
      case 'start':
        this.#start(message.startMs, message.setupData);
        break;
      case 'steer':
        this.#prepared?.scenarios.get(message.scenario)?.steer?.(message.steering);
        break;
      case 'stop':
        this.#stop();
        break;
      case 'stopPhase':
        this.#phaseVu?.interrupt();
        break;
      case 'flush':
        this.#flush();
        break;
      default:
        message satisfies never;
    }
  }

  // ---- probe ---------------------------------------------------------------------------------

  #probe(): void {
    const recorder = createFileRecorder(this.#readBytes);
    const registry = new MetricRegistry();
    const sharedArrays = new SharedArrayStore(new Map(), recorder.passing);
    const environment = this.#createEnvironment(undefined, registry, {
      openFile: recorder.open,
      readFile: recorder.read,
      sharedArrays,
    });
    const vu = new VirtualUser(environment, 0);
    vu.initialize((end) => {
      if (end.outcome !== 'complete') {
        this.#reportInitEnd(end);
        return;
      }
      const exports: Record<string, 'function' | 'other'> = {};
      for (const name of vu.exportNames) {
        exports[name] = typeof vu.exported(name) === 'function' ? 'function' : 'other';
      }
      const optionsJson = this.#optionsJson(vu.exported('options'));
      if (optionsJson instanceof GharialError) {
        this.#send({
          kind: 'initFailed',
          error: errorReport(optionsJson, false, ExitCode.invalidConfig),
        });
        return;
      }
      this.#send({
        kind: 'probed',
        result: {
          optionsJson,
          exports,
          metrics: declaredOf(registry),
          files: recorder.files,
          sharedArrays: sharedArrays.rows,
        },
      });
    });
  }

  /** The exported options as JSON, undefined if there are none, or why they cannot be told. */
  #optionsJson(options: unknown): string | undefined | GharialError {
    try {
      return options === undefined ? undefined : JSON.stringify(options);
    } catch (cause) {
      const message = `the exported options are not JSON: ${thrownText(cause)}`;
      return new GharialError('OPTION_INVALID', message, { exitCode: ExitCode.invalidConfig });
    }
  }

  #reportInitEnd(end: RunEnd): void {
    if (end.outcome !== 'failed') return; // interrupted: by test.abort(), which has been reported
    const exitCode = end.isRejection ? ExitCode.other : ExitCode.scriptException;
    this.#send({ kind: 'initFailed', error: errorReport(end.error, end.isRejection, exitCode) });
  }

  // ---- prepare -------------------------------------------------------------------------------

  #prepare(plan: RunPlan): void {
    const counters = RunCounters.attach(plan.counters, plan.options.scenarios.length);
    const registry = new MetricRegistry(plan.metrics);
    const recorder = this.#createRecorder(plan.samplesPerBatch);
    const environment = this.#createEnvironment({ plan, counters, recorder }, registry, {
      openFile: createFileLookup(plan.files, this.#readBytes),
      readFile: createFileReader(plan.files, this.#readBytes),
      sharedArrays: new SharedArrayStore(plan.sharedArrays),
    });
    const pool = new VuPool({
      environment,
      timers: this.#timers,
      minIterationDurationMs: plan.options.minIterationDurationMs,
      onInitialized: () => {
        counters.addInitializedVus(1);
      },
      onActive: (change) => counters.addActiveVus(change),
    });
    const scenarios = new Map<number, RunningScenario>();
    const progressReports: (() => void)[] = [];
    this.#prepared = { plan, environment, counters, recorder, pool, scenarios, progressReports };
    this.#progressTicker = setInterval(() => this.#reportProgress(), PROGRESS_MS);
    this.#stopTicker = startAlignedInterval(plan.tickMs, 0, () => this.#sendSnapshot(false));
    this.#initializeVus(pool, plan.work.vuIds, 0);
  }

  /** Makes this worker's VUs one after the other: the init code of one may wait for timers. */
  #initializeVus(pool: VuPool, ids: readonly number[], next: number): void {
    if (this.#isStopped) return;
    const id = ids[next];
    if (id === undefined) {
      this.#send({ kind: 'prepared' });
      return;
    }
    pool.initialize(id, (end) => {
      if (end.outcome === 'complete') this.#initializeVus(pool, ids, next + 1);
      else this.#reportInitEnd(end);
    });
  }

  #createRecorder(samplesPerBatch: number): Recorder {
    return new Recorder(
      { workerId: this.#init.workerIndex, startMs: nowMs(), samplesPerBatch },
      {
        defineSeries: (definition) => this.#send({ kind: 'series', definition }),
        shareBuffers: (buffers) => this.#send({ kind: 'buffers', buffers }),
        warn: (message) => this.#log('warning', message),
        acceptSamples: (samples) => {
          this.#send({ kind: 'samples', samples }, transferablesOf(samples));
          return true;
        },
      },
    );
  }

  #createEnvironment(
    run: Pick<Prepared, 'plan' | 'counters' | 'recorder'> | undefined,
    registry: MetricRegistry,
    sources: InitSources,
  ): VuEnvironment {
    const options = run?.plan.options ?? defaultOptions();
    const space = new TagSpace((message) => this.#log('warning', message));
    const { workerIndex } = this.#init;
    const instance = instanceDivision(options);
    const resolve = createResolve(options, (host, done) => {
      lookup(host, { all: true }, done);
    });
    return {
      program: this.#program,
      timers: this.#timers,
      registry,
      builtin: builtinsOf(registry),
      recorder: run?.recorder ?? this.#createRecorder(0),
      runTags: space.empty.withAll(options.tags),
      systemTags: new Set(options.systemTags),
      testOptions: deepFreeze(run?.plan.testOptions ?? {}),
      isThrowing: options.throw,
      resetsCookies: !options.noCookiesReset,
      env: this.#env,
      isEnvFrozen: this.#isEnvFrozen,
      idInTest: (id) => idInTest(id, instance),
      http: httpSettings(options, run === undefined ? undefined : slotsOf(run.plan)),
      networkFor: createNetwork(options, run?.plan.network, resolve),
      instanceFacts: () => ({
        ...(run?.counters.instance ?? NO_INSTANCE),
        currentTestRunDurationMs: this.#startMs === undefined ? 0 : nowMs() - this.#startMs,
      }),
      ...sources,
      secrets: this.#secrets,
      log: (level, message, fields, isInit) => this.#log(level, message, { fields, isInit }),
      logOnce: (key, level, message) => this.#log(level, message, { onceKey: key }),
      later: this.#later.push,
      enter: (vu) => {
        this.#owners.current = vu;
        run?.counters.enter(workerIndex, vu.id);
      },
      leave: () => {
        this.#owners.current = undefined;
        run?.counters.leave(workerIndex);
      },
      countOpenSockets: (change) => run?.counters.addOpenSockets(change),
      iterationEnded: (outcome) => run?.counters.countIteration(outcome),
      abortTest: (message) => {
        this.#send({ kind: 'abort', message });
        this.#stop(); // the main thread's order would come some iterations later
      },
      failTest: () => this.#send({ kind: 'markFailed' }),
      reportBlocking: (error) => {
        this.#log('warning', error.stack ?? error.message, { onceKey: error.stack });
      },
    };
  }

  // ---- setup, teardown, summary --------------------------------------------------------------

  #runPhase(phase: ScriptPhase, data: unknown): void {
    const prepared = this.#prepared;
    if (prepared === undefined) throw new Error('a phase needs a prepared worker');
    const name = phase === 'summary' ? 'handleSummary' : phase;
    const vu = new VirtualUser(prepared.environment, 0);
    this.#phaseVu = vu;
    const end = (phaseEnd: PhaseEnd): void => {
      this.#phaseVu = undefined;
      this.#reportProgress();
      this.#send({ kind: 'phaseEnd', phase, end: phaseEnd });
    };
    vu.initialize((initEnd) => {
      if (initEnd.outcome !== 'complete') {
        end(failedPhase(initEnd));
        return;
      }
      if (typeof vu.exported(name) !== 'function') {
        end({ outcome: 'complete', value: undefined });
        return;
      }
      const args = phase === 'setup' ? [] : [phase === 'teardown' ? parseData(data) : data];
      vu.runPhase(phase, name, args, (runEnd) => {
        if (runEnd.outcome === 'complete') end(completedPhase(phase, runEnd.value));
        else end(failedPhase(runEnd));
      });
    });
  }

  // ---- scenarios -----------------------------------------------------------------------------

  #startMs: number | undefined;

  #start(startMs: number, setupData: string | undefined): void {
    const prepared = this.#prepared;
    if (prepared === undefined) throw new Error('start needs a prepared worker');
    const { plan, pool, counters } = prepared;
    this.#startMs = startMs;
    pool.setSetupData(setupData);
    let running = plan.work.scenarios.length;
    if (running === 0) this.#send({ kind: 'scenariosEnd' });
    const instance = instanceDivision(plan.options);
    for (const planned of plan.work.scenarios) {
      const { config } = planned;
      const index = plan.options.scenarios.findIndex(({ name }) => name === config.name);
      const port = createScenarioPort({
        config,
        index,
        startMs: startMs + config.startTimeMs,
        instance,
        environment: prepared.environment,
        counters,
        pool,
        timers: this.#timers,
        later: this.#later.push,
        progress: () => scenario.run.progress().fraction,
        nextVuId: () => counters.nextExtraVuId(plan.plannedVus),
        warn: (message) => {
          // Every worker with a part in the scenario comes to the same conclusion.
          const fields = { executor: config.executor, scenario: config.name };
          this.#log('warning', message, { fields, onceKey: `${config.name}: ${message}` });
        },
      });
      const scenario = startScenario(planned, port, startMs);
      prepared.scenarios.set(index, scenario);
      const reportProgress = (): void => {
        counters.reportProgress(this.#init.workerIndex, index, scenario.run.progress());
      };
      reportProgress();
      prepared.progressReports.push(reportProgress);
      scenario.run.whenDone((error) => {
        this.#reportProgress();
        if (error !== undefined)
          this.#log('error', error.message, { fields: { scenario: config.name } });
        running -= 1;
        if (running === 0) this.#send({ kind: 'scenariosEnd' });
      });
    }
  }

  #stop(): void {
    this.#isStopped = true;
    this.#phaseVu?.interrupt();
    for (const scenario of this.#prepared?.scenarios.values() ?? []) scenario.run.abort();
    this.#prepared?.pool.interruptAll();
  }

  // ---- reporting -----------------------------------------------------------------------------

  #reportProgress(): void {
    if (this.#prepared === undefined) return;
    const { pool, scenarios, counters, plan, progressReports } = this.#prepared;
    for (const report of progressReports) report();
    const ending = new Set<string>();
    for (const [index, { run }] of scenarios) {
      const name = plan.options.scenarios[index]?.name;
      if (name !== undefined && run.progress().phase === 'stopping') ending.add(name);
    }
    const phaseVus = this.#phaseVu === undefined ? [] : [this.#phaseVu];
    const vus = ending.size === 0 ? [] : pool.all.filter((vu) => ending.has(vu.scenarioName ?? ''));
    const waits = countWaits([...phaseVus, ...vus]);
    counters.reportWaits(this.#init.workerIndex, waits);
  }

  #sendSnapshot(isLast: boolean): void {
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    for (const vu of prepared.pool.all) vu.flushBytes(true);
    this.#tick += 1;
    const samples = prepared.recorder.takeSamples();
    if (samples !== undefined) this.#send({ kind: 'samples', samples }, transferablesOf(samples));
    const snapshot = prepared.recorder.snapshot(this.#tick, nowMs());
    this.#send({ kind: 'snapshot', snapshot, isLast }, transferablesOf(snapshot));
  }

  #flush(): void {
    this.#stopTicker();
    clearInterval(this.#progressTicker);
    this.#sendSnapshot(true);
  }

  #log(level: LogLevel, message: string, facets: LogFacets = {}): void {
    if (level === 'debug' && !this.#init.isVerbose) return;
    const { fields = {}, isInit = false, onceKey } = facets;
    this.#send({ kind: 'log', timeMs: nowMs(), level, message, fields, isInit, onceKey });
  }
}

interface LogFacets {
  readonly fields?: Readonly<Record<string, string>>;
  readonly isInit?: boolean;
  readonly onceKey?: string | undefined;
}

/** For the first init run, which happens before the options are known. */
function defaultOptions(): Options {
  const sources = { layers: [], exportedFunctions: undefined, defaultUserAgent: '' };
  return consolidate(sources).options;
}

/** The clone that a thread gets of frozen data is not frozen. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

const NO_INSTANCE = {
  iterationsCompleted: 0,
  iterationsInterrupted: 0,
  vusActive: 0,
  vusInitialized: 0,
};

function slotsOf({ rateGate, options }: RunPlan): (() => number) | undefined {
  if (rateGate === undefined) return undefined;
  const gate = RateGate.attach(rateGate, options.rps);
  return () => gate.reserve(nowMs());
}

function builtinsOf(registry: MetricRegistry): BuiltinMetrics {
  const entries = registry
    .all()
    .flatMap((metric) => (metric.isBuiltin ? [[metric.name, metric]] : []));
  return Object.fromEntries(entries) as BuiltinMetrics; // the script can only take names beyond k6's
}

function declaredOf(registry: MetricRegistry): MetricDefinition[] {
  const declared = registry.all().filter(({ isBuiltin }) => !isBuiltin);
  return declared.map(({ name, type, contains }) => ({ name, type, contains }));
}

function errorReport(error: unknown, isRejection: boolean, exitCode: ExitCode): ErrorReport {
  if (isThrown(error, GharialError)) {
    const { code, message, hint } = error;
    return { code, message, hint, exitCode: error.exitCode, isScriptException: false };
  }
  return {
    code: 'SCRIPT_EXCEPTION',
    message: describeFailure(error, isRejection),
    hint: undefined,
    exitCode,
    isScriptException: !isRejection,
  };
}

function failedPhase(end: RunEnd): PhaseEnd {
  if (end.outcome !== 'failed') return { outcome: 'interrupted' };
  const error = errorReport(end.error, end.isRejection, ExitCode.scriptException);
  return { outcome: 'failed', error };
}

function parseData(json: unknown): unknown {
  return typeof json === 'string' ? JSON.parse(json) : undefined;
}

function completedPhase(phase: ScriptPhase, value: unknown): PhaseEnd {
  try {
    if (phase === 'setup') return { outcome: 'complete', value: toSetupJson(value) };
    return { outcome: 'complete', value: phase === 'summary' ? toSummaryFiles(value) : undefined };
  } catch (error) {
    return { outcome: 'failed', error: errorReport(error, false, ExitCode.other) };
  }
}
