/** One uPlot chart: axes with units, the crosshair, zooming by dragging, limits of thresholds. */
import uPlot from 'uplot';
import type { Crosshair } from './crosshair.ts';
import { axisLabels, formatClock, type Unit } from './format.ts';
import type { Line } from './lines.ts';
import { colourOf, dashOf, type Ink, inkOf, isDark } from './palette.ts';
import type { Store } from './store.ts';

/** A value that a threshold compares with. */
export interface Limit {
  readonly value: number;
  readonly label: string;
}

const FONT = '11px system-ui, sans-serif';
const HEIGHT = 190;
const AREA_ALPHA = '22';
/** Gaps in a line up to so many intervals are bridged: samples need not come every second. */
const BRIDGED_INTERVALS = 8;
/** A limit further away than this many times the largest value would flatten the lines. */
const LIMIT_REACH = 4;
const LABEL_CHAR_PX = 6.2;
const LIMIT_LABEL_PX = 16;
/** Where the axis of shares may begin, if all of them are above. */
const SHARE_FLOORS = [0.99, 0.95, 0.9, 0.5] as const;

export interface PlotInput {
  readonly store: Store;
  readonly crosshair: Crosshair;
  readonly lines: readonly Line[];
  readonly limits: readonly Limit[];
  readonly hidden: ReadonlySet<string>;
  readonly width: number;
}

export class Plot {
  readonly #store: Store;
  readonly #crosshair: Crosshair;
  readonly #u: uPlot;
  readonly #shape: string;
  #limits: readonly Limit[];
  #isFollowing = false;
  #isDestroyed = false;

  constructor(container: HTMLElement, input: PlotInput) {
    this.#store = input.store;
    this.#crosshair = input.crosshair;
    this.#limits = input.limits;
    this.#shape = shapeOf(input);
    this.#u = new uPlot(this.#options(input), dataOf(input), container);
    this.#u.over.addEventListener('mouseleave', () => this.#crosshair.set(undefined));
  }

  /** False if the lines are others than the chart was made for. */
  update(input: PlotInput): boolean {
    if (shapeOf(input) !== this.#shape) return false;
    this.#limits = input.limits;
    if (this.#u.width !== input.width) this.#u.setSize({ width: input.width, height: HEIGHT });
    this.#u.setData(dataOf(input), true);
    // uPlot settles its scales in a microtask of its own, queued just now.
    queueMicrotask(() => {
      if (!this.#isDestroyed) this.follow();
    });
    return true;
  }

  /** Puts this chart's crosshair where all others are. */
  follow(): void {
    const { index } = this.#crosshair;
    const time = index === undefined ? undefined : this.#store.times[index];
    const left = time === undefined ? -10 : this.#u.valToPos(time, 'x');
    this.#isFollowing = true;
    this.#u.setCursor({ left, top: time === undefined ? -10 : 0 });
    this.#isFollowing = false;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#u.destroy();
  }

  #options({ lines, hidden, width }: PlotInput): uPlot.Options {
    const ink = inkOf();
    const unit: Unit = lines[0]?.unit ?? 'count';
    const axis = {
      stroke: ink.text,
      font: FONT,
      grid: { stroke: ink.grid, width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { size: 6, width: 2 },
        bind: {
          dblclick: () => () => {
            this.#store.setRange(undefined);
            return null;
          },
        },
      },
      scales: {
        x: { time: false, range: () => this.#xRange() },
        y: { range: (_, min, max) => this.#yRange(unit, min, max) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 64,
          values: (_, at) => at.map(clockLabel),
        },
        {
          ...axis,
          space: 34,
          gap: 6,
          values: (_, at) => axisLabels(at, unit),
          size: (_, labels) => {
            const longest = Math.max(0, ...(labels ?? []).map(({ length }) => length));
            return Math.max(44, Math.ceil(longest * LABEL_CHAR_PX) + 14);
          },
        },
      ],
      series: [{}, ...lines.map((line) => this.#seriesOf(line, hidden))],
      hooks: {
        setCursor: [
          (u) => {
            // New data moves the cursor too: only a mouse that is here leads the others.
            if (this.#isFollowing || !u.over.matches(':hover')) return;
            this.#crosshair.set(u.cursor.idx ?? undefined);
          },
        ],
        setSelect: [
          (u) => {
            const { left, width: selected } = u.select;
            if (selected < 4) return;
            const from = u.posToVal(left, 'x');
            const to = u.posToVal(left + selected, 'x');
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            this.#store.setRange({ from, to });
          },
        ],
        draw: [(u) => this.#drawLimits(u, ink)],
      },
    };
  }

  #seriesOf(line: Line, hidden: ReadonlySet<string>): uPlot.Series {
    const stroke = colourOf(line.colour);
    return {
      label: line.label,
      show: !hidden.has(line.label),
      stroke,
      width: line.width ?? 2,
      dash: [...(line.dash ?? dashOf(line.colour))],
      ...(line.isArea === true ? { fill: `${stroke}${AREA_ALPHA}` } : {}),
      points: { size: 4 },
      gaps: (u, _, __, ___, gaps) => {
        const interval = this.#store.intervalMs / 1000;
        const widest =
          (u.valToPos(interval, 'x', true) - u.valToPos(0, 'x', true)) * BRIDGED_INTERVALS;
        return gaps.filter(([from, to]) => to - from > widest);
      },
    };
  }

  #xRange(): [number, number] {
    const { range, lastTime, intervalMs } = this.#store;
    if (range !== undefined) return [range.from, range.to];
    return [0, Math.max(lastTime, (intervalMs / 1000) * 10)];
  }

  #yRange(unit: Unit, min: number | null, max: number | null): [number, number] {
    const top = max ?? 0;
    const limits = this.#limits
      .map(({ value }) => value)
      .filter((value) => value <= top * LIMIT_REACH);
    const highest = Math.max(top, ...limits);
    if (unit === 'share') {
      const lowest = Math.min(min ?? 0, ...limits);
      return [SHARE_FLOORS.find((floor) => lowest > floor) ?? 0, Math.max(1, highest)];
    }
    return [0, highest <= 0 ? 1 : highest * 1.08];
  }

  #drawLimits(u: uPlot, ink: Ink): void {
    const colour = ink.fail;
    const { ctx, bbox } = u;
    const top = u.scales['y']?.max ?? 0;
    for (const [index, { value, label }] of this.#limits.entries()) {
      if (value > top) continue;
      const y = Math.round(u.valToPos(value, 'y', true));
      ctx.save();
      ctx.strokeStyle = colour;
      ctx.fillStyle = colour;
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      // Every other label on the other side: two limits may be close.
      const isRight = index % 2 === 0;
      ctx.textAlign = isRight ? 'right' : 'left';
      const isAtTop = y - bbox.top < LIMIT_LABEL_PX * devicePixelRatio;
      ctx.textBaseline = isAtTop ? 'top' : 'bottom';
      const inset = 4 * devicePixelRatio;
      const x = isRight ? bbox.left + bbox.width - inset : bbox.left + inset;
      const labelY = y + (isAtTop ? 3 : -2) * devicePixelRatio;
      // A border in the colour of the ground keeps it readable on lines.
      ctx.setLineDash([]);
      ctx.lineWidth = 4 * devicePixelRatio;
      ctx.strokeStyle = ink.ground;
      ctx.strokeText(label, x, labelY);
      ctx.fillText(label, x, labelY);
      ctx.restore();
    }
  }
}

function dataOf({ store, lines }: PlotInput): uPlot.AlignedData {
  return [
    store.times.subarray(0, store.count),
    ...lines.map(({ values }) => values),
  ] as uPlot.AlignedData; // its type forgets readonly
}

/** What a chart is made for; everything else can be changed. */
function shapeOf({ lines, hidden }: PlotInput): string {
  const parts = lines.map(({ label, unit, colour }) => [label, unit, colour, hidden.has(label)]);
  return JSON.stringify([isDark(), parts]);
}

function clockLabel(seconds: number): string {
  return Number.isInteger(seconds) ? formatClock(seconds) : '';
}
