/**
 * What a run shows while it goes on: the header, and the progress block, redrawn in place on a
 * terminal, printed once a second elsewhere. `--quiet` shows neither.
 */
import type { RunStatus } from '../engine/run-contract.ts';
import type { Options, RunSettings } from '../options/values.ts';
import type { Output } from '../output/output.ts';
import { describeScenario } from '../schedule/executors.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import type { CommandContext } from './context.ts';
import { renderBanner, renderHeader } from './header.ts';
import {
  executorColumns,
  renderProgress,
  type ScenarioProgress,
  toPlainFrame,
  toTerminalFrame,
  waitingColumns,
} from './progress.ts';

const TERMINAL_PERIOD_MS = 100;
const PLAIN_PERIOD_MS = 1000;
const CLEAR_BELOW = '\r\u001b[J';

export interface RunPlanView {
  readonly script: string;
  readonly options: Options;
  readonly plan: InstancePlan;
  readonly outputs: readonly Output[];
  /** Of the live page. */
  readonly dashboardUrl: string | undefined;
}

export class RunView {
  readonly #context: CommandContext;
  readonly #isQuiet: boolean;
  readonly #isColored: boolean;
  #plan: RunPlanView | undefined;
  #read: (() => RunStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFrameShown = false;

  constructor(context: CommandContext, settings: RunSettings) {
    this.#context = context;
    this.#isQuiet = settings.quiet;
    this.#isColored = context.stdout.isTerminal && !context.log.isColorless;
  }

  /** Shows the header. */
  begin(plan: RunPlanView): void {
    this.#plan = plan;
    if (this.#isQuiet) return;
    const { script, plan: instance, outputs, dashboardUrl } = plan;
    this.#context.stdout.write(renderBanner(this.#isColored));
    this.#context.stdout.write(
      renderHeader(
        {
          script,
          outputs: outputs.map(({ description }) => description),
          dashboardUrl,
          scenarios: instance.scenarios.map(({ config, share }) => ({
            name: config.name,
            description: describeScenario(config, share, instance.part),
          })),
          segmentShare: instance.part,
          vusMax: instance.maxVus,
          durationMsMax: instance.totalDurationMs,
        },
        this.#isColored,
      ),
    );
  }

  /** Shows progress from now on. */
  follow(read: () => RunStatus): void {
    if (this.#isQuiet) return;
    this.#read = read;
    const periodMs = this.#context.stdout.isTerminal ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS;
    this.#timer = setInterval(() => this.#draw(false), periodMs);
  }

  /** Writes something else, clear of the progress block. */
  interrupted(write: () => void): void {
    if (!this.#isFrameShown) {
      write();
      return;
    }
    this.#context.stdout.write(CLEAR_BELOW);
    write();
    this.#draw(false);
  }

  /** No more redrawing; takes the block away, the summary comes first. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (this.#isFrameShown) this.#context.stdout.write(CLEAR_BELOW);
    this.#isFrameShown = false;
  }

  /** The last block, below the summary. */
  end(): void {
    if (this.#read !== undefined) this.#draw(true);
  }

  #draw(isLast: boolean): void {
    const plan = this.#plan;
    const status = this.#read?.();
    if (plan === undefined || status === undefined) return;
    const { stdout } = this.#context;
    const columns = stdout.isTerminal ? stdout.columns : undefined;
    // A file need not grow while nothing happens any more.
    if (columns === undefined && status.stage === 'lingering' && !isLast) return;
    const lines = renderProgress(statusLine(status, plan), scenarioLines(status, plan), {
      terminalColumns: columns,
      isColored: this.#isColored,
    });
    if (columns === undefined) {
      stdout.write(toPlainFrame(lines));
      return;
    }
    stdout.write(toTerminalFrame(lines, columns, isLast));
    this.#isFrameShown = !isLast;
  }
}

function statusLine(status: RunStatus, plan: RunPlanView): Parameters<typeof renderProgress>[0] {
  const { plannedVus, maxVus, totalDurationMs } = plan.plan;
  if (status.stage === 'init') {
    const fraction = plannedVus === 0 ? 1 : status.vusInitialized / plannedVus;
    return {
      kind: 'starting',
      label: 'Init',
      fraction,
      activity: `${status.vusInitialized}/${plannedVus} VUs initialized`,
    };
  }
  if (status.stage === 'paused') {
    return { kind: 'starting', label: 'Init', fraction: 1, activity: 'paused' };
  }
  if (status.stage === 'setup') {
    return { kind: 'starting', label: 'Run', fraction: 1, activity: 'setup()' };
  }
  return {
    kind: status.isPaused ? 'paused' : 'running',
    elapsedMs: status.elapsedMs,
    durationMsMax: totalDurationMs,
    vusActive: status.vusActive,
    vusInitialized: status.vusInitialized,
    vusMax: maxVus,
    iterationsComplete: status.iterationsCompleted,
    iterationsInterrupted: status.iterationsInterrupted,
  };
}

/** One line per scenario, from the beginning on, so that the block keeps its height. */
function scenarioLines(status: RunStatus, plan: RunPlanView): ScenarioProgress[] {
  return (
    status.scenarios?.map(scenarioLine) ??
    plan.plan.scenarios.map(({ config }) => ({
      name: config.name,
      state: 'running',
      fraction: 0,
      columns: [],
    }))
  );
}

function scenarioLine(view: ScenarioView): ScenarioProgress {
  const { name, state, fraction, waitMs, startTimeMs, counts } = view;
  const columns =
    waitMs > 0 ? waitingColumns(waitMs, startTimeMs) : executorColumns({ ...view, ...counts });
  return { name, state, fraction, columns };
}
