/**
 * One run on the main thread: probe the script, settle the options, start the workers, see setup,
 * scenarios, teardown and summary through, and decide how the run ended.
 *
 * It prints nothing and exits nothing: logs and outputs are the caller's, the result is returned.
 */
import { startAlignedInterval } from '../base/aligned-interval.ts';
import { nowMs } from '../base/clock.ts';
import { ExitCode, GharialError } from '../base/errors.ts';
import type { FromWorker, ProbeResult } from '../bridge/messages.ts';
import { NO_WAITS, type RunCounters } from '../bridge/run-counters.ts';
import type { LogLevel } from '../k6/host.ts';
import { rowBytes } from '../k6/shared-rows.ts';
import { Aggregate } from '../metrics/aggregate.ts';
import { crossedMessage, type ThresholdSet } from '../metrics/threshold.ts';
import type { Options, Warning } from '../options/values.ts';
import type { RunResult as OutputEnding } from '../output/output.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import { type InstancePlan, planInstance } from '../schedule/requirements.ts';
import { Collector } from './collector.ts';
import { Crew, SILENCE_MS } from './crew.ts';
import { Helm } from './helm.ts';
import { OutputSet } from './output-set.ts';
import { PhaseCalls } from './phase-calls.ts';
import { type RestApi, type RunControl, startRestApi } from './rest-api.ts';
import type { RunReport, RunRequest, RunResult, RunStage, RunStatus } from './run-contract.ts';
import { createRunControl, StartGate } from './run-control.ts';
import { TICK_MS, WorkerPlans } from './run-plan.ts';
import { scenarioView } from './scenario-progress.ts';
import { ScriptPhases } from './script-phases.ts';
import { defineMetrics, settleOptions } from './settled-options.ts';
import { type ControlSurface, reportedError, type StopReason } from './stop-reason.ts';
import { StopSwitch } from './stop-switch.ts';
import { waitFor } from './wait.ts';
import { Watchdog } from './watchdog.ts';

/**
 * A thread that has built larger SharedArrays holds several times as much in garbage, which V8 would
 * keep for the whole run: the thread is replaced.
 */
const SHARED_BYTES_KEPT = 8 * 1024 * 1024;
const SAMPLES_PER_BATCH = 4096;
/** How often thresholds are compared: k6's period, which decides what aborts a run. */
const EVALUATION_MS = 2000;
/** How often `vus` and its like are sampled: k6's period. */
const COUNTS_MS = 1000;
/** Half a tick (and half a short one) after the workers': their snapshots are all in, even if some are late. */
const TICK_OFFSET_MS = 500;

/** Runs a test. Rejects only by faults of gharial itself. */
export function runTest(request: RunRequest): Promise<RunResult> {
  return new TestRun(request).run();
}

/** What there is once the script has told its options. */
interface Prepared {
  readonly options: Options;
  readonly instance: InstancePlan;
  readonly thresholds: ThresholdSet | undefined;
  readonly plans: WorkerPlans;
  readonly counters: RunCounters;
  readonly collector: Collector;
  readonly phases: ScriptPhases;
  readonly startGate: StartGate;
}

class TestRun {
  readonly #request: RunRequest;
  readonly #crew: Crew;
  readonly #loggedOnce = new Set<string>();
  readonly #aggregate: Aggregate;
  readonly #watchdog = new Watchdog((message) => this.#log('warning', message));
  readonly #stopSwitch = new StopSwitch();
  readonly #helm = new Helm((message) => this.#crew.broadcast(message));
  readonly #calls: PhaseCalls;
  #outputs = new OutputSet([]);
  #stage: RunStage = 'loading';
  #probe: ProbeResult | undefined;
  #prepared: Prepared | undefined;
  #api: RestApi | undefined;
  #clockStartMs: number | undefined;
  #scenariosStartMs: number | undefined;
  #clockEndMs: number | undefined;
  #isMarkedFailed = false;
  #endLinger: () => void = () => {};

  constructor(request: RunRequest) {
    this.#request = request;
    this.#aggregate = new Aggregate({ warn: (message) => this.#log('warning', message) });
    this.#crew = new Crew(request.settings.verbose, {
      onMessage: (index, message) => this.#onMessage(index, message),
      onCrash: (index, error) => {
        this.#rescue(index);
        this.#stop({ kind: 'error', error });
      },
      onLost: (index) => this.#onLost(index),
    });
    this.#calls = new PhaseCalls({
      crew: this.#crew,
      spare: () => this.#spareWorker(),
      isStopped: () => this.#stopSwitch.isPulled,
      stopped: this.#stopSwitch.pulled,
    });
  }

  async run(): Promise<RunResult> {
    this.#listenToStop();
    this.#request.onStatus?.(() => this.#status());
    let prepared: Prepared;
    try {
      prepared = await this.#prepare();
    } catch (failure) {
      return this.#abandon(asReportable(failure));
    }
    const stopTicker = startAlignedInterval(TICK_MS, TICK_OFFSET_MS, () => this.#onTick());
    const { collector, counters } = prepared;
    // From here on, not from a full second of the clock: a test shorter than this has no `vus`, as in k6.
    const stopSampling = startAlignedInterval(COUNTS_MS, nowMs(), () =>
      collector.sampleCounts(counters.instance),
    );
    let stopEvaluation = (): void => {};
    let error: GharialError | undefined;
    try {
      await this.#initializeVus(prepared);
      await this.#awaitStart(prepared);
      this.#clockStartMs = nowMs();
      stopEvaluation = startAlignedInterval(EVALUATION_MS, this.#clockStartMs, () =>
        this.#evaluateThresholds(prepared),
      );
      await this.#runSetup(prepared);
      await this.#runScenarios(prepared);
    } catch (failure) {
      error = asReportable(failure);
    }
    if (this.#scenariosStartMs !== undefined) {
      const fault = await this.#runTeardown(prepared);
      error ??= fault;
    }
    error ??= this.#stopSwitch.failure;
    this.#clockEndMs = nowMs();
    stopEvaluation();
    await this.#linger();
    stopTicker();
    stopSampling();
    return this.#finish(prepared, error);
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
      if (reason.kind === 'error') this.#stopSwitch.pull(reason);
      return;
    }
    if (this.#stopSwitch.isPulled) return;
    // Before the switch, whose listeners send other orders.
    if (this.#stage !== 'teardown') this.#crew.broadcast({ kind: 'stop' });
    this.#stopSwitch.pull(reason);
  }

  // ---- messages ------------------------------------------------------------------------------

  #onMessage(workerIndex: number, message: FromWorker): void {
    const { collector } = this.#prepared ?? {};
    if (collector?.take(workerIndex, message) === true || this.#calls.take(message)) return;
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

  /** Takes over what a thread that is no more has measured. */
  #rescue(workerIndex: number): void {
    this.#prepared?.collector.rescue(workerIndex);
    this.#prepared?.counters.endProgress(workerIndex);
  }

  #onLost(workerIndex: number): void {
    this.#rescue(workerIndex);
    const busy = this.#prepared?.counters.busy(workerIndex);
    const who = busy === undefined ? 'A worker thread' : `VU ${busy.vuId}`;
    this.#log(
      'warning',
      `${who} did not give up the thread and was ended with it; what its worker had measured is in the results`,
    );
  }

  #onTick(): void {
    if (this.#prepared === undefined) return;
    const { collector, counters } = this.#prepared;
    collector.tick();
    this.#watchdog.check(counters, this.#crew.indexes, nowMs());
  }

  #evaluateThresholds({ thresholds }: Prepared): void {
    if (thresholds === undefined) return;
    const verdict = thresholds.evaluate(this.#clockMs(), false);
    if (verdict.isAborting) {
      this.#stop({ kind: 'thresholds', message: crossedMessage(verdict.failed, true) });
    }
  }

  #log(level: LogLevel, message: string, fields: Readonly<Record<string, string>> = {}): void {
    this.#request.log({ timeMs: nowMs(), level, message, fields, isInit: false });
  }

  // ---- before the run ------------------------------------------------------------------------

  async #prepare(): Promise<Prepared> {
    const probe = await this.#probeScript();
    const warn = ({ level = 'warning', message, error }: Warning): void => {
      this.#log(level, message, error === undefined ? {} : { error });
    };
    const options = settleOptions(this.#request, probe, warn);
    const instance = planInstance(options);
    const thresholds = defineMetrics(this.#request, this.#aggregate, options, probe, warn);
    this.#stage = 'opening';
    this.#outputs = new OutputSet(await this.#request.onPlan(options, instance));
    const samplesPerBatch = this.#outputs.needsSamples ? SAMPLES_PER_BATCH : 0;
    const plans = new WorkerPlans(this.#request, { options, instance, probe, samplesPerBatch });
    const prepared: Prepared = {
      options,
      instance,
      thresholds,
      plans,
      counters: plans.counters,
      collector: new Collector(this.#aggregate, this.#outputs.all, options.tags, samplesPerBatch),
      phases: new ScriptPhases(this.#calls, options, probe, this.#stopSwitch),
      startGate: new StartGate(options.paused),
    };
    this.#prepared = prepared;
    await this.#startApi(prepared);
    this.#request.onControl?.(this.#control(prepared, 'the live page'));
    await this.#outputs.start({ aggregate: this.#aggregate, thresholds, startMs: nowMs() });
    return prepared;
  }

  /** Loads the script, runs its init code once, and gives what it told about itself. */
  async #probeScript(): Promise<ProbeResult> {
    this.#crew.spawn();
    const { env, secrets, settings } = this.#request;
    const bundle = await Promise.race([this.#request.bundle, this.#stopSwitch.pulled]);
    this.#stopSwitch.assertNotPulled();
    if (bundle === undefined) throw new Error('nobody stopped the run');
    this.#stage = 'inspecting';
    this.#crew.load({
      bundle,
      env,
      isEnvFrozen: settings.features.includes('freeze-env'),
      secrets: secrets?.sources,
    });
    const probed = this.#crew.answers([0], ({ kind }) => kind === 'probed');
    this.#crew.send(0, { kind: 'probe' });
    await Promise.race([probed.all, this.#stopSwitch.pulled]);
    this.#stopSwitch.assertNotPulled();
    const probe = this.#probe;
    if (probe === undefined) throw new Error('the probe gave no result');
    const sharedBytes = [...probe.sharedArrays.values()].reduce(
      (sum, rows) => sum + rowBytes(rows),
      0,
    );
    if (sharedBytes > SHARED_BYTES_KEPT) await this.#crew.renew(0);
    return probe;
  }

  async #initializeVus({ plans, instance, startGate }: Prepared): Promise<void> {
    this.#stage = 'init';
    while (this.#crew.indexes.length < plans.workerCount) this.#crew.spawn();
    const prepared = this.#crew.answers(this.#crew.indexes, ({ kind }) => kind === 'prepared');
    for (const [index, plan] of plans.all.entries()) {
      this.#crew.send(index, { kind: 'prepare', plan });
    }
    await Promise.race([prepared.all, this.#stopSwitch.pulled]);
    this.#stopSwitch.assertNotPulled();
    startGate.isPrepared = true;
    this.#log('debug', `${instance.plannedVus} VUs initialised`);
  }

  /** `--paused`: everything is ready, and stays so until the REST API says go. */
  async #awaitStart({ options, startGate }: Prepared): Promise<void> {
    if (!options.paused) return;
    this.#stage = 'paused';
    if (this.#api === undefined) {
      this.#log('warning', 'the test is paused, and without --address nothing can resume it');
    }
    await Promise.race([startGate.opened, this.#stopSwitch.pulled]);
    this.#stopSwitch.assertNotPulled();
    this.#stage = 'init';
  }

  async #startApi(prepared: Prepared): Promise<void> {
    const { restApi } = this.#request;
    if (restApi === undefined) return;
    try {
      this.#api = await startRestApi(restApi.address, this.#control(prepared, 'REST API'));
      this.#log('debug', `the REST API listens on ${this.#api.address}`);
    } catch (error) {
      if (restApi.isRequired || !(error instanceof GharialError)) throw error;
      this.#log('warning', error.message);
    }
  }

  #control(prepared: Prepared, surface: ControlSurface): RunControl {
    return createRunControl(surface, {
      ...prepared,
      aggregate: this.#aggregate,
      scenarios: prepared.options.scenarios,
      helm: this.#helm,
      stopSwitch: this.#stopSwitch,
      stage: () => this.#stage,
      isUnderWay: () => this.#clockStartMs !== undefined && this.#clockEndMs === undefined,
      elapsedMs: () => this.#clockMs(),
      stop: (reason) => this.#stop(reason),
    });
  }

  /** There is no run to be made of it. */
  async #abandon(error: GharialError): Promise<RunResult> {
    await this.#api?.close();
    await this.#outputs.stop(this.#endingOf([], error));
    await this.#crew.terminateAll();
    this.#stage = 'done';
    return { error, report: undefined, summaryFiles: undefined };
  }

  // ---- the run -------------------------------------------------------------------------------

  async #runSetup({ phases }: Prepared): Promise<void> {
    if (!phases.hasSetup) return;
    this.#stage = 'setup';
    await phases.setup();
  }

  async #runScenarios({ phases, instance }: Prepared): Promise<void> {
    this.#stage = 'running';
    const startMs = nowMs();
    this.#scenariosStartMs = startMs;
    const ended = this.#crew.answers(this.#crew.indexes, ({ kind }) => kind === 'scenariosEnd');
    this.#crew.broadcast({ kind: 'start', startMs, setupData: phases.setupJson });
    this.#helm.begin();
    const hardEnd = waitFor(instance.totalDurationMs + SILENCE_MS);
    await Promise.race([ended.all, this.#stopSwitch.pulled, hardEnd.promise]);
    hardEnd.cancel();
    await this.#crew.awaitOrLose(ended);
    this.#stopSwitch.assertNotPulled();
  }

  async #runTeardown({ phases }: Prepared): Promise<GharialError | undefined> {
    if (!phases.hasTeardown) return undefined;
    this.#stage = 'teardown';
    return phases.teardown();
  }

  /** A worker in the place of those that were lost, for what the script still has to do. */
  async #spareWorker(): Promise<number> {
    if (this.#prepared === undefined) throw new Error('the run is not planned');
    const index = this.#crew.spawn();
    const prepared = this.#crew.answers([index], ({ kind }) => kind === 'prepared');
    this.#crew.send(index, { kind: 'prepare', plan: this.#prepared.plans.spare });
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

  async #finish(prepared: Prepared, runError: GharialError | undefined): Promise<RunResult> {
    const { options, thresholds, collector, counters, phases } = prepared;
    await this.#api?.close();
    await this.#calls.finish();
    const durationMs = this.#clockMs();
    const flushed = this.#crew.answers(
      this.#crew.indexes,
      (message) => message.kind === 'snapshot' && message.isLast,
    );
    this.#crew.broadcast({ kind: 'flush' });
    await this.#crew.awaitOrLose(flushed);
    collector.sampleSockets(counters.instance.socketsOpen);
    collector.tick();
    this.#stage = 'closing';
    const failed = thresholds?.evaluate(durationMs, true).failed ?? [];
    const error = runError ?? this.#verdict(failed);
    const losses = await this.#outputs.stop(this.#endingOf(failed, error));
    if (runError === undefined && counters.instance.iterationsCompleted === 0) {
      this.#log(
        'warning',
        'No script iterations fully finished, consider making the test duration longer',
      );
    }
    const report: RunReport = {
      options,
      aggregate: this.#aggregate,
      thresholds,
      durationMs,
      setupData: phases.setupJson === undefined ? undefined : JSON.parse(phases.setupJson),
      counts: counters.instance,
      losses,
    };
    const summaryFiles = await this.#summarize(report, phases);
    await this.#crew.terminateAll();
    this.#stage = 'done';
    return { error: error ?? this.#stopSwitch.failure, report, summaryFiles };
  }

  /** Why a run failed that came to its end. */
  #verdict(failed: readonly string[]): GharialError | undefined {
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

  #endingOf(failedThresholds: readonly string[], error: GharialError | undefined): OutputEnding {
    return { aggregate: this.#aggregate, durationMs: this.#clockMs(), failedThresholds, error };
  }

  async #summarize(report: RunReport, phases: ScriptPhases): Promise<RunResult['summaryFiles']> {
    const { summaryData } = this.#request;
    if (summaryData === undefined || !phases.hasSummary) return undefined;
    this.#stage = 'summary';
    const files = await phases.summary(await summaryData(report));
    if (!(files instanceof GharialError)) return files;
    this.#log('error', 'failed to handle the end-of-test summary', { error: files.message });
    return undefined;
  }

  // ---- what can be seen ----------------------------------------------------------------------

  #status(): RunStatus {
    const { counters, instance } = this.#prepared ?? {};
    return {
      ...(counters?.instance ?? NOTHING_COUNTED),
      stage: this.#stage,
      waits: counters?.waits ?? NO_WAITS,
      activity: this.#activity(),
      isPaused: this.#helm.isPaused,
      elapsedMs: this.#clockMs(),
      vusPlanned: instance?.plannedVus ?? 0,
      scenarios: this.#scenarioViews(),
    };
  }

  #activity(): string {
    if (this.#stage === 'loading') return this.#request.loadingActivity?.() ?? '';
    if (this.#stage === 'opening' || this.#stage === 'closing') return this.#outputs.activity;
    return '';
  }

  #scenarioViews(): readonly ScenarioView[] | undefined {
    const startMs = this.#scenariosStartMs;
    if (startMs === undefined || this.#prepared === undefined) return undefined;
    const { options, instance, counters } = this.#prepared;
    return instance.scenarios.map((planned) => {
      const index = options.scenarios.findIndex(({ name }) => name === planned.config.name);
      return scenarioView(planned, counters.progressOf(index), nowMs() - startMs);
    });
  }

  /** Time since the clock started; it stands still after teardown. */
  #clockMs(): number {
    if (this.#clockStartMs === undefined) return 0;
    return (this.#clockEndMs ?? nowMs()) - this.#clockStartMs;
  }
}

const NOTHING_COUNTED = {
  vusActive: 0,
  vusInitialized: 0,
  iterationsCompleted: 0,
  iterationsInterrupted: 0,
  socketsOpen: 0,
};

function asReportable(error: unknown): GharialError {
  if (error instanceof GharialError) return error;
  throw error;
}
