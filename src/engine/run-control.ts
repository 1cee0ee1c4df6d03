/** What the REST API and the live page see of a run and may do to it. */
import { GharialError } from '../base/errors.ts';
import type { RunCounters } from '../bridge/run-counters.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { ThresholdSet } from '../metrics/threshold.ts';
import type { ScenarioConfig } from '../options/scenario.ts';
import type { Helm } from './helm.ts';
import { ApiStage, type ApiStatus, isCrossed, type RunControl } from './rest-api.ts';
import type { RunStage } from './run-contract.ts';
import type { ScriptPhases } from './script-phases.ts';
import type { ControlSurface, StopReason } from './stop-reason.ts';
import type { StopSwitch } from './stop-switch.ts';

const API_STAGES: Readonly<Record<RunStage, ApiStage>> = {
  loading: ApiStage.initVus,
  inspecting: ApiStage.initVus,
  opening: ApiStage.initVus,
  init: ApiStage.initVus,
  paused: ApiStage.pausedBeforeRun,
  setup: ApiStage.setup,
  running: ApiStage.running,
  teardown: ApiStage.teardown,
  lingering: ApiStage.ended,
  closing: ApiStage.ended,
  summary: ApiStage.ended,
  done: ApiStage.ended,
};

/** A run, as far as it can be steered. */
export interface SteerableRun {
  readonly aggregate: Aggregate;
  readonly thresholds: ThresholdSet | undefined;
  readonly counters: RunCounters;
  readonly scenarios: readonly ScenarioConfig[];
  readonly phases: ScriptPhases;
  readonly helm: Helm;
  readonly stopSwitch: StopSwitch;
  readonly startGate: StartGate;
  stage(): RunStage;
  /** The clock has started and not ended. */
  isUnderWay(): boolean;
  elapsedMs(): number;
  stop(reason: StopReason): void;
}

/** `--paused`: the run is ready and waits to be let go; also tells whether it is ready at all. */
export class StartGate {
  isWaiting: boolean;
  /** The VUs are initialised. */
  isPrepared = false;
  /** Resolves when it is let go. */
  readonly opened: Promise<void>;
  #onOpen: () => void = () => {};

  constructor(isWaiting: boolean) {
    this.isWaiting = isWaiting;
    this.opened = new Promise((resolve) => {
      this.#onOpen = resolve;
    });
  }

  open(): void {
    this.isWaiting = false;
    this.#onOpen();
  }
}

/** @param surface where it is steered from. */
export function createRunControl(surface: ControlSurface, run: SteerableRun): RunControl {
  const { phases, helm, scenarios, startGate } = run;
  const assertPrepared = (): void => {
    if (startGate.isPrepared) return;
    throw new GharialError('RUN_NOT_READY', 'the VUs are not initialised yet');
  };
  return {
    aggregate: run.aggregate,
    thresholds: run.thresholds,
    status: () => statusOf(run),
    elapsedMs: () => run.elapsedMs(),
    stop: () => run.stop({ kind: 'control', surface }),
    setPaused: (isPaused) => {
      if (!startGate.isWaiting) helm.setPaused(isPaused, scenarios);
      else if (isPaused) throw new GharialError('STEERING_INVALID', 'execution is already paused');
      else startGate.open();
    },
    setVus: (vus, vusMax) => helm.setVus(vus, vusMax, scenarios),
    setupData: () => phases.setupJson,
    setSetupData: (json) => {
      phases.setupJson = json;
    },
    runSetup: async () => {
      assertPrepared();
      await phases.setup();
    },
    runTeardown: async () => {
      assertPrepared();
      const error = await phases.teardown();
      if (error !== undefined) throw error;
    },
  };
}

function statusOf(run: SteerableRun): ApiStatus {
  const { vusActive, vusInitialized } = run.counters.instance;
  const stage = run.stage();
  const isStopped = run.stopSwitch.isPulled;
  const isInitOrTeardown = stage === 'init' || stage === 'teardown';
  return {
    status: isStopped && !isInitOrTeardown ? ApiStage.interrupted : API_STAGES[stage],
    paused: run.startGate.isWaiting || run.helm.isPaused,
    vus: vusActive,
    'vus-max': vusInitialized,
    stopped: isStopped,
    running: run.isUnderWay() && !isStopped,
    tainted: run.thresholds?.metrics.some(isCrossed) ?? false,
  };
}
