/**
 * What a run shows while it goes on: the header, and the progress block, redrawn in place on a terminal,
 * printed at growing intervals elsewhere. `--quiet` shows neither.
 *
 * Everything else that is written while the block stands goes through `interrupted` or `print`, which take it
 * away first: nothing is ever written into it.
 */
import { nowMs } from '../base/clock.ts';
import type { RunStatus } from '../engine/run-contract.ts';
import type { Options, RunSettings } from '../options/values.ts';
import type { Output } from '../output/output.ts';
import { describeScenario } from '../schedule/executors.ts';
import type { ScenarioView } from '../schedule/progress.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import { activityText, stageStatus } from './activity-text.ts';
import type { CommandContext } from './context.ts';
import { figureLines } from './figure-lines.ts';
import { renderBanner, renderHeader } from './header.ts';
import { LiveFigures } from './live-figures.ts';
import { PlainPace } from './plain-pace.ts';
import {
  executorColumns,
  renderProgress,
  type ScenarioProgress,
  toPlainFrame,
  toTerminalFrame,
  waitingColumns,
} from './progress.ts';
import { fitTo, widthOf } from './terminal-width.ts';

const TERMINAL_PERIOD_MS = 100;
/** How often it is looked whether a frame is due where there is no terminal. */
const PLAIN_PERIOD_MS = 500;
/** Under a flood of log lines the block is not drawn anew for each. */
const REDRAW_MS = 50;
const CLEAR_BELOW = '\r\u001b[J';
const THRESHOLD_LINES_MAX = 6;
/** Of a terminal that does not tell. */
const ROWS_DEFAULT = 24;

export interface RunPlanView {
  readonly script: string;
  readonly options: Options;
  readonly plan: InstancePlan;
  readonly outputs: readonly Output[];
  /** Of the live page. */
  readonly dashboardUrl: string | undefined;
}

export class RunView {
  /** Tells what the block shows; to be fed as an output. */
  readonly figures = new LiveFigures();
  readonly #context: CommandContext;
  readonly #isQuiet: boolean;
  readonly #isColored: boolean;
  readonly #pace = new PlainPace();
  readonly #forget: () => void;
  #plan: RunPlanView | undefined;
  #read: (() => RunStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #redraw: NodeJS.Timeout | undefined;
  #drawnMs = 0;
  /** The block that stands, as it was drawn; the cursor is in the empty line above it. */
  #shown: { readonly columns: number; readonly lines: readonly string[] } | undefined;
  /** What was printed last ended its line. */
  #isAtLineStart = true;

  constructor(context: CommandContext, settings: RunSettings) {
    this.#context = context;
    this.#isQuiet = settings.quiet;
    this.#isColored = context.stdout.isTerminal && !context.log.isColorless;
    this.#forget = context.onExit(() => this.stop());
  }

  /** Shows the header. */
  begin(plan: RunPlanView): void {
    this.#plan = plan;
    if (this.#isQuiet) return;
    const { script, plan: instance, outputs, dashboardUrl } = plan;
    const header = renderHeader(
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
    );
    this.print(`${renderBanner(this.#isColored)}${header}`);
  }

  /** Shows progress from now on. */
  follow(read: () => RunStatus): void {
    if (this.#isQuiet) return;
    this.#read = read;
    const { isTerminal } = this.#context.stdout;
    if (isTerminal) this.#timer = setInterval(() => this.#draw(), TERMINAL_PERIOD_MS);
    else this.#timer = setInterval(() => this.#printFrame(), PLAIN_PERIOD_MS);
  }

  /** Writes to standard output, clear of the progress block. */
  print(text: string): void {
    this.interrupted(() => {
      this.#context.stdout.write(text);
      if (text !== '') this.#isAtLineStart = text.endsWith('\n');
    });
  }

  /** Writes whole lines somewhere else, clear of the progress block. */
  interrupted(write: () => void): void {
    if (this.#shown === undefined) {
      write();
      return;
    }
    this.#takeAway();
    write();
    const waitMs = this.#drawnMs + REDRAW_MS - nowMs();
    if (waitMs <= 0) this.#draw();
    else this.#redraw ??= setTimeout(() => this.#draw(), waitMs);
  }

  /** No more redrawing; takes the block away, the summary comes first. */
  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#redraw);
    this.#timer = undefined;
    this.#redraw = undefined;
    this.#takeAway();
    this.#forget();
  }

  /** The last block, below the summary: how far the scenarios came. */
  end(): void {
    const status = this.#read?.();
    if (status === undefined || this.#plan === undefined) return;
    const lines = this.#progressLines(status, this.#plan);
    const { columns } = this.#context.stdout;
    const isPlain = columns === undefined || !this.#context.stdout.isTerminal;
    this.print(isPlain ? toPlainFrame(lines) : toTerminalFrame(lines, columns, true));
  }

  #draw(): void {
    clearTimeout(this.#redraw);
    this.#redraw = undefined;
    const { stdout } = this.#context;
    const { columns = 80, rows = ROWS_DEFAULT } = stdout;
    const status = this.#read?.();
    if (status === undefined) return;
    // One line stays for the cursor, one is empty.
    const lines = this.#lines(status, Math.max(1, rows - 2));
    const lineEnd = this.#isAtLineStart ? '' : '\n';
    this.#isAtLineStart = true;
    stdout.write(`${this.#toTop()}${lineEnd}${toTerminalFrame(lines, columns, false)}`);
    this.#shown = { columns, lines: lines.map((line) => fitTo(line, columns - 1)) };
    this.#drawnMs = nowMs();
  }

  #takeAway(): void {
    if (this.#shown === undefined) return;
    this.#context.stdout.write(`${this.#toTop()}${CLEAR_BELOW}`);
    this.#shown = undefined;
  }

  /** Back to the empty line above the block, if a resize has moved the cursor. */
  #toTop(): string {
    const { columns, losesCursorLine } = this.#context.stdout;
    if (this.#shown === undefined || columns === undefined || !losesCursorLine) return '';
    if (columns >= this.#shown.columns) return '';
    const rows = this.#shown.lines.map((line) => Math.max(1, Math.ceil(widthOf(line) / columns)));
    const added = rows.reduce((sum, count) => sum + count - 1, 0);
    return added === 0 ? '' : `\u001b[${added}A`;
  }

  #printFrame(): void {
    const status = this.#read?.();
    if (status === undefined) return;
    const crossed = this.figures.read()?.thresholds.filter(({ isOk }) => !isOk).length ?? 0;
    if (!this.#pace.isDue(nowMs(), status, crossed)) return;
    const lineEnd = this.#isAtLineStart ? '' : '\n';
    this.#isAtLineStart = true;
    const lines = this.#lines(status, Number.POSITIVE_INFINITY);
    this.#context.stdout.write(`${lineEnd}${toPlainFrame(lines)}`);
  }

  /** The block, with so many lines at most: what is left out is told. */
  #lines(status: RunStatus, linesMax: number): string[] {
    const activity = activityText(status);
    if (this.#plan === undefined) return [activity ?? ''];
    const progress = this.#progressLines(status, this.#plan);
    const activities = activity === undefined ? [] : [activity];
    const figures = this.#figureLines(status, linesMax - progress.length - activities.length);
    return cutLines([...progress, ...activities, ...figures], linesMax);
  }

  #figureLines({ socketsOpen }: RunStatus, linesMax: number): string[] {
    const figures = this.figures.read();
    if (figures === undefined) return [];
    const options = { socketsOpen, isColored: this.#isColored };
    const others = figureLines(figures, { ...options, thresholdsMax: 0 }).length;
    const thresholdsMax = Math.min(THRESHOLD_LINES_MAX, Math.max(0, linesMax - others));
    return figureLines(figures, { ...options, thresholdsMax });
  }

  #progressLines(status: RunStatus, plan: RunPlanView): string[] {
    const { stdout } = this.#context;
    return renderProgress(statusLine(status, plan), scenarioLines(status, plan), {
      terminalColumns: stdout.isTerminal ? stdout.columns : undefined,
      isColored: this.#isColored,
    });
  }
}

function cutLines(lines: readonly string[], linesMax: number): string[] {
  if (lines.length <= linesMax) return [...lines];
  const shown = lines.slice(0, linesMax - 1);
  return [...shown, `… ${lines.length - shown.length} more lines`];
}

function statusLine(status: RunStatus, plan: RunPlanView): Parameters<typeof renderProgress>[0] {
  const starting = stageStatus(status);
  if (starting !== undefined) return starting;
  const { maxVus, totalDurationMs } = plan.plan;
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
