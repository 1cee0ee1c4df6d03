/**
 * One run on the main thread: probe the script, settle the options, start the workers, see setup,
 * scenarios, teardown and summary through, and decide how the run ended.
 *
 * It prints nothing and exits nothing: logs and outputs are the caller's, the result is returned.
 */
import { startAlignedInterval } from '../base/aligned-interval.ts';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import type { FromWorker, ProbeResult, RunPlan } from '../bridge/messages.ts';
import { RateGate } from '../bridge/rate-gate.ts';
import { RunCounters } from '../bridge/run-counters.ts';
import type { LogLevel } from '../k6/host.ts';
import { rowBytes } from '../k6/shared-rows.ts';
import { Aggregate } from '../metrics/aggregate.ts';
import { crossedMessage, selectView, ThresholdSet } from '../metrics/threshold.ts';
import { consolidate } from '../options/consolidate.ts';
import { NO_PROXIES } from '../options/proxies.ts';
import { toTestOptions } from '../options/test-options.ts';
import type { Options } from '../options/values.ts';
import type { Output } from '../output/output.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import {
  divideAmongWorkers,
  type InstancePlan,
  planInstance,
  type WorkerPlan,
} from '../schedule/requirements.ts';
import { LINUX_SOURCE_PORTS, partOfPorts } from '../websocket/source-ports.ts';
import { Collector } from './collector.ts';
import { Crew, SILENCE_MS } from './crew.ts';
import { Helm } from './helm.ts';
import { PhaseCalls } from './phase-calls.ts';
import { exportedFunctionsOf, scriptOptionsOf } from './probe.ts';
import {
  ApiStage,
  type ApiStatus,
  isCrossed,
  type RestApi,
  type RunControl,
  startRestApi,
} from './rest-api.ts';
import type { RunReport, RunRequest, RunResult, RunStage, RunStatus } from './run-contract.ts';
import { scenarioView } from './scenario-progress.ts';
import { type ControlSurface, reportedError, type StopReason, stopError } from './stop-reason.ts';
import { waitFor } from './wait.ts';
import { Watchdog } from './watchdog.ts';

const TICK_MS = 1000;
/** Half a tick (and half a short one) after the workers': their snapshots are all in, even if some are late. */
const TICK_OFFSET_MS = 500;
/** Snapshots come faster when a threshold may stop the run. */
const ABORT_TICK_MS = 200;
/**
 * A thread that has built larger SharedArrays holds several times as much in garbage, which V8 would
 * keep for the whole run: the thread is replaced.
 */
const SHARED_BYTES_KEPT = 8 * 1024 * 1024;
const SAMPLES_PER_BATCH = 4096;
/** VUs a thread should have for the arrivals it is given. */
const ARRIVAL_VUS_MIN = 50;
/** Cells for workers that take the place of lost ones. */
const SPARE_WORKERS = 4;
const API_STAGES: Readonly<Record<RunStage, ApiStage>> = {
  init: ApiStage.initVus,
  paused: ApiStage.pausedBeforeRun,
  setup: ApiStage.setup,
  running: ApiStage.running,
  teardown: ApiStage.teardown,
  lingering: ApiStage.ended,
  done: ApiStage.ended,
};
/** For a worker that only calls setup, teardown or handleSummary. */
const NO_WORK: WorkerPlan = { scenarios: [], plannedVus: 0, maxVus: 0, vuIds: [] };

/** Runs a test. Rejects only by faults of gharial itself. */
export function runTest(request: RunRequest): Promise<RunResult> {
  return new TestRun(request).run();
}

class TestRun {
  readonly #request: RunRequest;
  readonly #crew: Crew;
  readonly #loggedOnce = new Set<string>();
  readonly #aggregate: Aggregate;
  readonly #watchdog = new Watchdog((message) => this.#log('warning', message));
  #collector: Collector | undefined;
  #outputs: readonly Output[] = [];
  #options: Options | undefined;
  #thresholds: ThresholdSet | undefined;
  #plan: Omit<RunPlan, 'work'> | undefined;
  #works: readonly WorkerPlan[] = [];
  #counters = RunCounters.create(0, 1);
  #stage: RunStage = 'init';
  #clockStartMs: number | undefined;
  #scenariosStartMs: number | undefined;
  #stopReason: StopReason | undefined;
  #onStop: () => void = () => {};
  readonly #stopped: Promise<void>;
  #isMarkedFailed = false;
  #setupJson: string | undefined;
  #probe: ProbeResult | undefined;
  #instance: InstancePlan | undefined;
  #clockEndMs: number | undefined;
  #api: RestApi | undefined;
  readonly #phases: PhaseCalls;
  readonly #helm = new Helm((message) => this.#crew.broadcast(message));
  #isPrepared = false;
  #isWaitingForResume = false;
  #resume: () => void = () => {};
  readonly #resumed: Promise<void>;
  #endLinger: () => void = () => {};

  constructor(request: RunRequest) {
    this.#request = request;
    this.#stopped = new Promise((resolve) => {
      this.#onStop = resolve;
    });
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve;
    });
    this.#aggregate = new Aggregate({ warn: (message) => this.#log('warning', message) });
    this.#crew = new Crew(request.settings.verbose, {
      onMessage: (index, message) => this.#onMessage(index, message),
      onCrash: (error) => this.#stop({ kind: 'error', error }),
      onLost: (index) => this.#onLost(index),
    });
    this.#phases = new PhaseCalls({
      crew: this.#crew,
      spare: () => this.#spareWorker(),
      isStopped: () => this.#stopReason !== undefined,
      stopped: this.#stopped,
    });
  }

  async run(): Promise<RunResult> {
    this.#listenToStop();
    let instance: InstancePlan;
    try {
      instance = await this.#prepare();
    } catch (error) {
      await this.#api?.close();
      await this.#crew.terminateAll();
      return { error: asReportable(error), report: undefined, summaryFiles: undefined };
    }
    const stopTicker = startAlignedInterval(TICK_MS, TICK_OFFSET_MS, () => this.#onTick());
    let error: GharialError | undefined;
    try {
      await this.#initializeVus();
      await this.#awaitResume();
      this.#clockStartMs = nowMs();
      await this.#runSetup();
      await this.#runScenarios(instance);
    } catch (failure) {
      error = asReportable(failure);
    }
    if (this.#scenariosStartMs !== undefined) {
      error = first(error, await this.#runTeardown());
    }
    if (this.#stopReason !== undefined) error = first(error, stopError(this.#stopReason));
    this.#clockEndMs = nowMs();
    await this.#linger();
    stopTicker();
    return this.#finish(error);
  }

  // ---- stop ----------------------------------------------------------------------------------

  #listenToStop(): void {
    const { stop } = this.#request;
    const onAbort = (): void => this.#stop(stop.reason as StopReason); // see RunRequest.stop
    if (stop.aborted) onAbort();
    else stop.addEventListener('abort', onAbort, { once: true });
  }

  /** The first reason wins; everything that runs is interrupted, but for teardown, which cleans up. */
  #stop(reason: StopReason): void {
    if (this.#stage === 'lingering') {
      this.#endLinger();
      if (reason.kind === 'error') this.#stopReason ??= reason;
      return;
    }
    if (this.#stopReason !== undefined) return;
    this.#stopReason = reason;
    if (this.#stage !== 'teardown') this.#crew.broadcast({ kind: 'stop' });
    this.#onStop();
  }

  #assertNotStopped(): void {
    if (this.#stopReason !== undefined) throw this.#stopFailure();
  }

  #stopFailure(): GharialError {
    if (this.#stopReason === undefined) throw new Error('nobody stopped the run');
    return stopError(this.#stopReason);
  }

  // ---- messages ------------------------------------------------------------------------------

  #onMessage(workerIndex: number, message: FromWorker): void {
    if (this.#collector?.take(workerIndex, message) === true || this.#phases.take(message)) return;
    switch (message.kind) {
      case 'log':
        this.#onLog(message);
        break;
      case 'secret':
        this.#request.secrets?.onRead(message.value);
        break;
      case 'probed':
        this.#probe = message.result;
        break;
      case 'initFailed':
        this.#stop({ kind: 'error', error: reportedError(message.error) });
        break;
      case 'abort':
        this.#stop({ kind: 'script', message: message.message });
        break;
      case 'markFailed':
        this.#isMarkedFailed = true;
        break;
      default:
        break; // answers that somebody waits for, and series of a worker that only probes
    }
  }

  #onLog(entry: Extract<FromWorker, { kind: 'log' }>): void {
    if (entry.onceKey !== undefined) {
      if (this.#loggedOnce.has(entry.onceKey)) return;
      this.#loggedOnce.add(entry.onceKey);
    }
    const { timeMs, level, message, fields, isInit } = entry;
    this.#request.log({ timeMs, level, message, fields, isInit });
  }

  #onLost(workerIndex: number): void {
    this.#collector?.rescue(workerIndex);
    this.#counters.endProgress(workerIndex);
    const busy = this.#counters.busy(workerIndex);
    const who = busy === undefined ? 'A worker thread' : `VU ${busy.vuId}`;
    this.#log(
      'warning',
      `${who} did not give up the thread and was ended with it; what its worker had measured is in the results`,
    );
  }

  #onTick(): void {
    this.#collector?.sampleCounts(this.#counters.instance);
    this.#collector?.tick();
    this.#watchdog.check(this.#counters, this.#crew.indexes, nowMs());
    this.#evaluateThresholds();
  }

  #evaluateThresholds(): void {
    if (this.#thresholds === undefined || this.#clockStartMs === undefined) return;
    const verdict = this.#thresholds.evaluate(this.#clockMs(), false);
    if (verdict.isAborting) {
      this.#stop({ kind: 'thresholds', message: crossedMessage(verdict.failed, true) });
    }
  }

  #log(level: LogLevel, message: string, fields: Readonly<Record<string, string>> = {}): void {
    this.#request.log({ timeMs: nowMs(), level, message, fields, isInit: false });
  }

  // ---- before the run ------------------------------------------------------------------------

  async #prepare(): Promise<InstancePlan> {
    this.#crew.spawn();
    const { env, secrets } = this.#request;
    const bundle = await Promise.race([this.#request.bundle, this.#stopped]);
    if (bundle === undefined) throw this.#stopFailure();
    this.#crew.load({ bundle, env, secrets: secrets?.sources });
    const probed = this.#crew.answers([0], ({ kind }) => kind === 'probed');
    this.#crew.send(0, { kind: 'probe' });
    await Promise.race([probed.all, this.#stopped]);
    this.#assertNotStopped();
    const probe = this.#probe;
    if (probe === undefined) throw new Error('the probe gave no result');
    const sharedBytes = [...probe.sharedArrays.values()].reduce(
      (sum, rows) => sum + rowBytes(rows),
      0,
    );
    if (sharedBytes > SHARED_BYTES_KEPT) await this.#crew.renew(0);
    const options = this.#settleOptions(probe);
    this.#options = options;
    this.#isWaitingForResume = options.paused;
    const instance = planInstance(options);
    this.#instance = instance;
    this.#defineThresholds(options, probe);
    this.#selectExpectedResponses(options);
    this.#outputs = await this.#request.onPlan(options, instance);
    const needsSamples = this.#outputs.some(({ needs }) => needs === 'samples');
    const samplesPerBatch = needsSamples ? SAMPLES_PER_BATCH : 0;
    this.#collector = new Collector(this.#aggregate, this.#outputs, options.tags, samplesPerBatch);
    this.#createPlan(options, instance, probe, samplesPerBatch);
    await this.#startApi();
    this.#request.onControl?.(this.#control('the live page'));
    for (const output of this.#outputs) {
      await output.start({
        aggregate: this.#aggregate,
        thresholds: this.#thresholds,
        startMs: nowMs(),
      });
    }
    this.#request.onStatus?.(() => this.#status());
    return instance;
  }

  #settleOptions(probe: ProbeResult): Options {
    const { lowerLayers, upperLayers, defaultUserAgent, archivedOptions } = this.#request;
    const script = scriptOptionsOf(probe, archivedOptions);
    const functions = exportedFunctionsOf(probe);
    const { options, warnings } = consolidate({
      layers: [...lowerLayers, script.layer, ...upperLayers],
      exportedFunctions: functions,
      defaultUserAgent,
    });
    for (const { message, error } of [...script.warnings, ...warnings]) {
      this.#log('warning', message, error === undefined ? {} : { error });
    }
    return options;
  }

  #defineThresholds(options: Options, probe: ProbeResult): void {
    for (const { name, type, contains } of probe.metrics) {
      this.#aggregate.registry.define(name, type, contains);
    }
    if (!this.#request.settings.noThresholds) {
      this.#thresholds = new ThresholdSet(this.#aggregate, options.thresholds);
      return;
    }
    for (const selector of Object.keys(options.thresholds)) {
      try {
        selectView(this.#aggregate, selector);
      } catch (error) {
        this.#log('warning', error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** k6 tells the duration of good answers apart, asked or not. */
  #selectExpectedResponses({ systemTags }: Options): void {
    if (systemTags.includes('expected_response')) {
      selectView(this.#aggregate, 'http_req_duration{expected_response:true}');
    }
  }

  #createPlan(
    options: Options,
    instance: InstancePlan,
    probe: ProbeResult,
    samplesPerBatch: number,
  ): void {
    const { settings } = this.#request;
    const workerCount = Math.max(1, Math.min(this.#threadsFor(instance), instance.maxVus));
    this.#counters = RunCounters.create(options.scenarios.length, workerCount + SPARE_WORKERS);
    for (const { config, sharedIterations } of instance.scenarios) {
      const index = options.scenarios.findIndex(({ name }) => name === config.name);
      this.#counters.setSharedIterations(index, sharedIterations);
    }
    this.#works = divideAmongWorkers(instance, workerCount);
    const mayAbort = Object.values(options.thresholds)
      .flat()
      .some((spec) => spec.abortOnFail);
    this.#plan = {
      plannedVus: instance.plannedVus,
      counters: this.#counters.buffer,
      rateGate: options.rps > 0 ? RateGate.create(options.rps).buffer : undefined,
      options,
      testOptions: toTestOptions(options),
      network: {
        localIPs: settings.localIPs,
        sourcePorts: this.#request.network?.sourcePorts ?? LINUX_SOURCE_PORTS,
        proxies: this.#request.network?.proxies ?? NO_PROXIES,
        tlsSessionReuse: settings.tlsSessionReuse,
        wsDebug: settings.wsDebug,
        wsDebugVus: settings.wsDebugVus,
      },
      files: probe.files,
      sharedArrays: probe.sharedArrays,
      tickMs: mayAbort ? ABORT_TICK_MS : TICK_MS,
      samplesPerBatch,
    };
  }

  /**
   * As many threads as were asked for, else as many as there are cores. An arrival rate hands its
   * iterations to the idle VUs of a thread; with few VUs each, one thread would drop what another had a
   * VU for, so such a test stays on one.
   */
  #threadsFor(instance: InstancePlan): number {
    const { settings, workerCountMax } = this.#request;
    if (settings.workers > 0) return settings.workers;
    const isOpenModel = instance.scenarios.some(({ config }) => 'preAllocatedVUs' in config);
    const isSmall = instance.maxVus < workerCountMax * ARRIVAL_VUS_MIN;
    return isOpenModel && isSmall ? 1 : workerCountMax;
  }

  async #initializeVus(): Promise<void> {
    const plan = this.#requirePlan();
    while (this.#crew.indexes.length < this.#works.length) this.#crew.spawn();
    const prepared = this.#crew.answers(this.#crew.indexes, ({ kind }) => kind === 'prepared');
    for (const [index, work] of this.#works.entries()) {
      const sourcePorts = partOfPorts(plan.network.sourcePorts, index, this.#works.length);
      const network = { ...plan.network, sourcePorts };
      this.#crew.send(index, { kind: 'prepare', plan: { ...plan, work, network } });
    }
    await Promise.race([prepared.all, this.#stopped]);
    this.#assertNotStopped();
    this.#isPrepared = true;
    this.#log('debug', `${plan.plannedVus} VUs initialised`);
  }

  /** `--paused`: everything is ready, and stays so until the REST API says go. */
  async #awaitResume(): Promise<void> {
    if (!this.#requireOptions().paused) return;
    this.#stage = 'paused';
    if (this.#api === undefined) {
      this.#log('warning', 'the test is paused, and without --address nothing can resume it');
    }
    await Promise.race([this.#resumed, this.#stopped]);
    this.#assertNotStopped();
    this.#stage = 'init';
  }

  // ---- the REST API --------------------------------------------------------------------------

  async #startApi(): Promise<void> {
    const { restApi } = this.#request;
    if (restApi === undefined) return;
    try {
      this.#api = await startRestApi(restApi.address, this.#control('REST API'));
      this.#log('debug', `the REST API listens on ${this.#api.address}`);
    } catch (error) {
      if (restApi.isRequired || !(error instanceof GharialError)) throw error;
      this.#log('warning', error.message);
    }
  }

  /** @param surface where it is steered from. */
  #control(surface: ControlSurface): RunControl {
    const scenarios = this.#requireOptions().scenarios;
    return {
      aggregate: this.#aggregate,
      thresholds: this.#thresholds,
      status: () => this.#apiStatus(),
      elapsedMs: () => this.#clockMs(),
      stop: () => this.#stop({ kind: 'control', surface }),
      setPaused: (isPaused) => {
        if (!this.#isWaitingForResume) this.#helm.setPaused(isPaused, scenarios);
        else if (isPaused)
          throw new GharialError('STEERING_INVALID', 'execution is already paused');
        else {
          this.#isWaitingForResume = false;
          this.#resume();
        }
      },
      setVus: (vus, vusMax) => this.#helm.setVus(vus, vusMax, scenarios),
      setupData: () => this.#setupJson,
      setSetupData: (json) => {
        this.#setupJson = json;
      },
      runSetup: async () => {
        this.#assertPrepared();
        await this.#callSetup();
      },
      runTeardown: async () => {
        this.#assertPrepared();
        const error = await this.#callTeardown();
        if (error !== undefined) throw error;
      },
    };
  }

  #assertPrepared(): void {
    if (this.#isPrepared) return;
    throw new GharialError('RUN_NOT_READY', 'the VUs are not initialised yet');
  }

  #apiStatus(): ApiStatus {
    const { vusActive, vusInitialized } = this.#counters.instance;
    const isStarted = this.#clockStartMs !== undefined;
    const isStopped = this.#stopReason !== undefined;
    const isUnderWay = this.#stage === 'init' || this.#stage === 'teardown';
    return {
      status: isStopped && !isUnderWay ? ApiStage.interrupted : API_STAGES[this.#stage],
      paused: this.#isWaitingForResume || this.#helm.isPaused,
      vus: vusActive,
      'vus-max': vusInitialized,
      stopped: isStopped,
      running: isStarted && this.#clockEndMs === undefined && !isStopped,
      tainted: this.#thresholds?.metrics.some(isCrossed) ?? false,
    };
  }

  // ---- the run -------------------------------------------------------------------------------

  async #runSetup(): Promise<void> {
    const options = this.#requireOptions();
    if (options.noSetup || this.#probe?.exports['setup'] !== 'function') return;
    this.#stage = 'setup';
    await this.#callSetup();
  }

  async #callSetup(): Promise<void> {
    const { setupTimeoutMs } = this.#requireOptions();
    const end = await this.#phases.call({
      phase: 'setup',
      data: undefined,
      timeoutMs: setupTimeoutMs,
    });
    this.#assertNotStopped();
    if (end.outcome === 'failed') throw reportedError(end.error);
    if (end.outcome === 'interrupted') {
      throw timeoutError('setup', setupTimeoutMs, ExitCode.setupTimeout);
    }
    this.#setupJson = typeof end.value === 'string' ? end.value : undefined;
  }

  async #runScenarios(instance: InstancePlan): Promise<void> {
    this.#stage = 'running';
    const startMs = nowMs();
    this.#scenariosStartMs = startMs;
    const ended = this.#crew.answers(this.#crew.indexes, ({ kind }) => kind === 'scenariosEnd');
    this.#crew.broadcast({ kind: 'start', startMs, setupData: this.#setupJson });
    this.#helm.begin();
    const hardEnd = waitFor(instance.totalDurationMs + SILENCE_MS);
    await Promise.race([ended.all, this.#stopped, hardEnd.promise]);
    hardEnd.cancel();
    await this.#crew.awaitOrLose(ended);
    this.#assertNotStopped();
  }

  async #runTeardown(): Promise<GharialError | undefined> {
    const options = this.#requireOptions();
    if (options.noTeardown || this.#probe?.exports['teardown'] !== 'function') return undefined;
    this.#stage = 'teardown';
    return this.#callTeardown();
  }

  async #callTeardown(): Promise<GharialError | undefined> {
    const { teardownTimeoutMs } = this.#requireOptions();
    const end = await this.#phases.call({
      phase: 'teardown',
      data: this.#setupJson,
      timeoutMs: teardownTimeoutMs,
    });
    if (end.outcome === 'failed') return reportedError(end.error);
    if (end.outcome === 'complete') return undefined;
    if (this.#stopReason !== undefined) return stopError(this.#stopReason);
    return timeoutError('teardown', teardownTimeoutMs, ExitCode.teardownTimeout);
  }

  /** A worker in the place of those that were lost, for what the script still has to do. */
  async #spareWorker(): Promise<number> {
    const index = this.#crew.spawn();
    const prepared = this.#crew.answers([index], ({ kind }) => kind === 'prepared');
    this.#crew.send(index, { kind: 'prepare', plan: { ...this.#requirePlan(), work: NO_WORK } });
    await prepared.all;
    return index;
  }

  /** `--linger`: all is done but the end. A signal that ended the run before is enough. */
  async #linger(): Promise<void> {
    const { settings, stop, onLinger } = this.#request;
    if (!settings.linger || stop.aborted) return;
    this.#stage = 'lingering';
    const ended = new Promise<void>((resolve) => {
      this.#endLinger = resolve;
    });
    onLinger?.();
    await ended;
  }

  // ---- after the run -------------------------------------------------------------------------

  async #finish(runError: GharialError | undefined): Promise<RunResult> {
    await this.#api?.close();
    await this.#phases.finish();
    const durationMs = this.#clockMs();
    const flushed = this.#crew.answers(
      this.#crew.indexes,
      (message) => message.kind === 'snapshot' && message.isLast,
    );
    this.#crew.broadcast({ kind: 'flush' });
    await this.#crew.awaitOrLose(flushed);
    this.#collector?.sampleSockets(this.#counters.instance.socketsOpen);
    this.#collector?.tick();
    this.#stage = 'done';
    const verdict = this.#thresholds?.evaluate(durationMs, true);
    const failed = verdict?.failed ?? [];
    const error = this.#decide(runError, failed);
    const ending = {
      aggregate: this.#aggregate,
      durationMs,
      failedThresholds: failed,
      error,
    };
    // At the same time: each may wait for a server that is gone.
    await Promise.all(this.#outputs.map(async (output) => output.stop(ending)));
    this.#warnOfNothing(runError);
    const report: RunReport = {
      options: this.#requireOptions(),
      aggregate: this.#aggregate,
      thresholds: this.#thresholds,
      durationMs,
      setupData: this.#setupJson === undefined ? undefined : JSON.parse(this.#setupJson),
    };
    const summaryFiles = await this.#summarize(report);
    await this.#crew.terminateAll();
    const late = this.#stopReason === undefined ? undefined : this.#stopFailure();
    return { error: first(error, late), report, summaryFiles };
  }

  #decide(runError: GharialError | undefined, failed: readonly string[]): GharialError | undefined {
    if (runError !== undefined) return runError;
    if (this.#isMarkedFailed) {
      return new GharialError('RUN_MARKED_FAILED', 'test run was marked as failed', {
        exitCode: ExitCode.markedFailed,
      });
    }
    if (failed.length === 0) return undefined;
    return new GharialError('THRESHOLDS_CROSSED', crossedMessage(failed, false), {
      exitCode: ExitCode.thresholdsFailed,
    });
  }

  #warnOfNothing(runError: GharialError | undefined): void {
    if (runError !== undefined || this.#counters.instance.iterationsCompleted > 0) return;
    this.#log(
      'warning',
      'No script iterations fully finished, consider making the test duration longer',
    );
  }

  async #summarize(report: RunReport): Promise<RunResult['summaryFiles']> {
    const { summaryData } = this.#request;
    if (summaryData === undefined || this.#probe?.exports['handleSummary'] !== 'function') {
      return undefined;
    }
    const timeoutMs = report.options.handleSummaryTimeoutMs;
    const end = await this.#phases.call({
      phase: 'summary',
      data: await summaryData(report),
      timeoutMs,
    });
    if (end.outcome === 'complete') return end.value as RunResult['summaryFiles']; // checked by the worker
    const late = this.#stopReason === undefined ? undefined : this.#stopFailure();
    const reason =
      end.outcome === 'failed'
        ? reportedError(end.error)
        : (late ?? timeoutError('handleSummary', timeoutMs, ExitCode.timeout));
    this.#log('error', 'failed to handle the end-of-test summary', { error: reason.message });
    return undefined;
  }

  #status(): RunStatus {
    return {
      ...this.#counters.instance,
      stage: this.#stage,
      isPaused: this.#helm.isPaused,
      elapsedMs: this.#clockMs(),
      scenarios: this.#scenarioViews(),
    };
  }

  #scenarioViews(): readonly ScenarioView[] | undefined {
    const startMs = this.#scenariosStartMs;
    const { scenarios } = this.#requireOptions();
    if (startMs === undefined) return undefined;
    return this.#instance?.scenarios.map((planned) => {
      const index = scenarios.findIndex(({ name }) => name === planned.config.name);
      return scenarioView(planned, this.#counters.progressOf(index), nowMs() - startMs);
    });
  }

  /** Time since the clock started; it stands still after teardown. */
  #clockMs(): number {
    if (this.#clockStartMs === undefined) return 0;
    return (this.#clockEndMs ?? nowMs()) - this.#clockStartMs;
  }

  #requireOptions(): Options {
    if (this.#options === undefined) throw new Error('the options are not settled');
    return this.#options;
  }

  #requirePlan(): Omit<RunPlan, 'work'> {
    if (this.#plan === undefined) throw new Error('the run is not planned');
    return this.#plan;
  }
}

function first(
  earlier: GharialError | undefined,
  later: GharialError | undefined,
): GharialError | undefined {
  return earlier ?? later;
}

function asReportable(error: unknown): GharialError {
  if (error instanceof GharialError) return error;
  throw error;
}

function timeoutError(call: string, timeoutMs: number, exitCode: ExitCode): GharialError {
  const seconds = Math.floor(timeoutMs / 1000);
  return new GharialError(
    'PHASE_TIMEOUT',
    `${call}() execution timed out after ${seconds} seconds`,
    {
      exitCode,
      hint: `You can increase the time limit via the ${call}Timeout option`,
    },
  );
}
