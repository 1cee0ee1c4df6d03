/**
 * The live view of a run as lines of text: one status line, one line per scenario.
 *
 * Pure functions over plain data. A terminal redraws the lines in place, anything else gets them
 * once a second below each other; who writes them, and when, is not decided here.
 */
import type { ExecutorCounts } from '../schedule/progress.ts';
import { fitTo, padTo, widthOf } from './terminal-width.ts';

/** The first line while the run gets ready: `Init   [  50% ] 4/8 VUs initialized`. */
export interface StartStatus {
  readonly kind: 'starting';
  /** At most four characters: `Init`, `Run`. */
  readonly label: string;
  /** 0 … 1. */
  readonly fraction: number;
  /** What is being done: `4/8 VUs initialized`, `setup()`. */
  readonly activity: string;
}

/** The first line from then on. */
export interface RunningStatus {
  readonly kind: 'running' | 'paused';
  readonly elapsedMs: number;
  /** Graceful stops included; sets the width of the elapsed time. */
  readonly durationMsMax: number;
  readonly vusActive: number;
  readonly vusInitialized: number;
  /** Sets the width of both VU counts. */
  readonly vusMax: number;
  readonly iterationsComplete: number;
  readonly iterationsInterrupted: number;
}

export type ScenarioState = 'running' | 'waiting' | 'stopping' | 'interrupted' | 'done';

export interface ScenarioProgress {
  readonly name: string;
  readonly state: ScenarioState;
  /** 0 … 1. */
  readonly fraction: number;
  /** What stands right of the bar; see `waitingColumns` and `executorColumns`. */
  readonly columns: readonly string[];
}

export interface ProgressLayout {
  /** Width of the terminal; undefined: no terminal, so percentages instead of bars and no colours. */
  readonly terminalColumns: number | undefined;
  readonly isColored: boolean;
}

const LABEL_COLUMNS_MIN = 4;
const LABEL_COLUMNS_MAX = 30;
/** A bar with its brackets. */
const BAR_COLUMNS_MAX = 40;
/** A bar that would be narrower is shown as a percentage. */
const PERCENTAGE_COLUMNS = 8;
const COLUMN_GAP = '  ';

const STATE_MARKS: Readonly<Record<ScenarioState, readonly [mark: string, sgr: number]>> = {
  running: [' ', 0],
  waiting: ['•', 2],
  stopping: ['↓', 0],
  interrupted: ['✗', 31],
  done: ['✓', 32],
};
const FAINT = 2;

/** The lines of one frame, without newlines. */
export function renderProgress(
  status: StartStatus | RunningStatus,
  scenarios: readonly ScenarioProgress[],
  layout: ProgressLayout,
): string[] {
  const labelColumnsMax = labelLimit(layout);
  const fit = (name: string): string => fitTo(name, labelColumnsMax, '...');
  const labelColumns = Math.max(
    LABEL_COLUMNS_MIN,
    ...scenarios.map(({ name }) => widthOf(fit(name))),
  );
  const right = alignColumns(scenarios.map(({ columns }) => columns));
  const starting = status.kind === 'starting' ? [status.activity] : [];
  const barColumns = availableBarColumns(labelColumns, [...right, ...starting], layout);
  const line = (label: string, state: ScenarioState, fraction: number, columns: string) => {
    const [mark, sgr] = STATE_MARKS[state];
    const bar = renderBar(fraction, barColumns, layout.isColored);
    const head = `${padTo(fit(label), labelColumns)} ${paint(mark, sgr, layout.isColored)} ${bar}`;
    return `${head} ${columns}`.trimEnd();
  };
  const first =
    status.kind === 'starting'
      ? line(status.label, 'running', status.fraction, status.activity)
      : renderStatus(status, layout.terminalColumns);
  return [
    first,
    ...scenarios.map((s, index) => line(s.name, s.state, s.fraction, right[index] ?? '')),
  ];
}

/** A frame for pipes and files: an empty line, then the lines. */
export function toPlainFrame(lines: readonly string[]): string {
  return `\n${lines.join('\n')}\n`;
}

/**
 * A frame for a terminal: an empty line, then the lines, cut to its width. Each clears what stood there, and
 * the cursor returns to the top, so that the next frame draws over it. The last frame leaves the cursor below.
 *
 * The cursor waits at the start of the empty line: when the window is resized and the terminal breaks the
 * lines anew, it stays there, and what is below it is drawn over.
 */
export function toTerminalFrame(
  lines: readonly string[],
  terminalColumns: number,
  isLast: boolean,
): string {
  // The last column stays free: in it, "clear the rest of the line" would take a character with it.
  const fitting = ['', ...lines].map((line) => fitTo(line, terminalColumns - 1));
  const text = fitting.map((line) => `${line}\u001b[K\n`).join('');
  // Terminals have ideas of their own about the width of some emoji; none of them may break a line.
  const whole = `${WRAPPING_OFF}${text}${WRAPPING_ON}`;
  return isLast ? whole : `${whole}\r\u001b[J\u001b[${fitting.length}A`;
}

const WRAPPING_OFF = '\u001b[?7l';
const WRAPPING_ON = '\u001b[?7h';

/** Columns of a scenario whose start time has not come. */
export function waitingColumns(remainingMs: number, startTimeMs: number): string[] {
  return ['waiting', formatElapsed(remainingMs, startTimeMs)];
}

/** What the executors know of their progress; times in ms since the scenario's start. */
export type ExecutorProgress = {
  readonly elapsedMs: number;
  /** `duration`, the sum of the stages, or `maxDuration`. */
  readonly durationMs: number;
  /** The same as the user reads it: `10m0s`. */
  readonly durationText: string;
  readonly isOver: boolean;
} & ExecutorCounts;

/** Columns of a started scenario: VUs, time, and what its executor counts. */
export function executorColumns(progress: ExecutorProgress): string[] {
  const elapsed = formatElapsed(progress.elapsedMs, progress.durationMs);
  const time = progress.isOver ? progress.durationText : `${elapsed}/${progress.durationText}`;
  switch (progress.executor) {
    case 'constant-vus':
      return [`${progress.vus} VUs`, time];
    case 'ramping-vus': {
      const total = Number.isFinite(progress.durationMs)
        ? formatElapsed(progress.durationMs, progress.durationMs)
        : progress.durationText;
      return [
        `${padCount(progress.vusActive, progress.vusMax)}/${progress.vusMax} VUs`,
        progress.isOver ? progress.durationText : `${elapsed}/${total}`,
      ];
    }
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      const { vusMax, iterationsPerSecond, iterationsPerSecondMax } = progress;
      const rateDigits = iterationsPerSecondMax.toFixed(2).length;
      return [
        `${padCount(progress.vusRunning, vusMax)}/${padCount(progress.vusActivated, vusMax)} VUs`,
        time,
        `${iterationsPerSecond.toFixed(2).padStart(rateDigits, '0')} iters/s`,
      ];
    }
    case 'shared-iterations':
      return [`${progress.vus} VUs`, time, `${doneOfAll(progress)} shared iters`];
    case 'per-vu-iterations':
      return [
        `${progress.vus} VUs`,
        time,
        `${doneOfAll(progress)} iters, ${progress.iterationsPerVu} per VU`,
      ];
  }
}

function doneOfAll(progress: { iterationsDone: number; iterations: number }): string {
  return `${padCount(progress.iterationsDone, progress.iterations)}/${progress.iterations}`;
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
];

/**
 * A time in tenths of seconds, as wide as `maxMs` needs it: `0.0s` below ten seconds, `00.0s` below
 * a minute, `0m00.0s` below ten, … so that a redrawn line does not jitter. Infinity: as wide as it is.
 */
export function formatElapsed(timeMs: number, maxMs: number): string {
  // Rounded first: 9.96 s is 10.0 s and needs its width.
  let restMs = Math.round(timeMs / 100) * 100;
  const widthMs = Number.isFinite(maxMs) ? Math.max(restMs, maxMs) : restMs;
  let text = '';
  for (const [name, unitMs] of UNITS) {
    if (widthMs < unitMs) continue;
    const value = Math.floor(restMs / unitMs);
    restMs -= value * unitMs;
    const digits = text === '' ? String(Math.floor(widthMs / unitMs)).length : 2;
    text += `${String(value).padStart(digits, '0')}${name}`;
  }
  const secondsDigits = text === '' && widthMs < 10_000 ? 3 : 4;
  return `${text}${(restMs / 1000).toFixed(1).padStart(secondsDigits, '0')}s`;
}

/** As long as there is room for. */
function renderStatus(status: RunningStatus, terminalColumns = Number.POSITIVE_INFINITY): string {
  const { kind, vusMax, iterationsComplete, iterationsInterrupted } = status;
  const elapsed = formatElapsed(status.elapsedMs, status.durationMsMax);
  const active = padCount(status.vusActive, vusMax);
  const vus = `${active}/${padCount(status.vusInitialized, vusMax)} VUs`;
  const start = `${kind} (${elapsed}), ${vus}`;
  const forms = [
    `${start}, ${iterationsComplete} complete and ${iterationsInterrupted} interrupted iterations`,
    `${start}, ${iterationsComplete} done, ${iterationsInterrupted} cut off`,
    `${elapsed} ${vus} ${iterationsComplete}+${iterationsInterrupted}`,
  ];
  return forms.find((form) => form.length < terminalColumns) ?? forms.at(-1) ?? '';
}

/** Labels must leave room for what is said about them. */
function labelLimit({ terminalColumns }: ProgressLayout): number {
  if (terminalColumns === undefined) return LABEL_COLUMNS_MAX;
  const third = Math.floor(terminalColumns / 3);
  return Math.min(LABEL_COLUMNS_MAX, Math.max(LABEL_COLUMNS_MIN, third));
}

/** `[=====>------]`, or `[  42% ]` when there is no room for it. */
function renderBar(fraction: number, barColumns: number, isColored: boolean): string {
  const bounded = Math.min(1, Math.max(0, fraction));
  if (barColumns <= PERCENTAGE_COLUMNS) {
    return `[ ${(bounded * 100).toFixed(0).padStart(3)}% ]`;
  }
  const inner = barColumns - 2;
  const filled = Math.floor(inner * bounded);
  const tip = filled > 0 && filled < inner ? `${'='.repeat(filled - 1)}>` : '='.repeat(filled);
  return `[${tip}${paint('-'.repeat(inner - filled), FAINT, isColored)}]`;
}

function availableBarColumns(
  labelColumns: number,
  right: readonly string[],
  layout: ProgressLayout,
): number {
  if (layout.terminalColumns === undefined) return 0;
  const rightColumns = Math.max(0, ...right.map(widthOf));
  // Three for the mark and the spaces around it, one before the columns, one at the end of the line.
  const rest = layout.terminalColumns - labelColumns - 3 - 1 - rightColumns - 1;
  return Math.min(BAR_COLUMNS_MAX, rest);
}

/** Joins each row's columns, padded to the widest of their kind; the last one stays as it is. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, index) => {
      widths[index] = Math.max(widths[index] ?? 0, text.length);
    });
  }
  return rows.map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join(COLUMN_GAP)
      .trimEnd(),
  );
}

function padCount(count: number, countMax: number): string {
  return String(count).padStart(String(countMax).length, '0');
}

function paint(text: string, sgr: number, isColored: boolean): string {
  return isColored && sgr !== 0 && text !== '' ? `\u001b[${sgr}m${text}\u001b[0m` : text;
}
