/** A chart with its title, its legend of current values, and what to do without a mouse. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Crosshair } from './crosshair.ts';
import { formatClock, formatValue } from './format.ts';
import type { Drawing, Line } from './lines.ts';
import { colourOf, dashOf } from './palette.ts';
import { type Limit, Plot } from './plot.ts';
import type { Store } from './store.ts';

export interface ChartProps {
  readonly store: Store;
  readonly crosshair: Crosshair;
  readonly title: string;
  /** What the numbers are, below the title. */
  readonly hint?: string | undefined;
  readonly limits?: readonly Limit[];
  /** Tags by which the chart can be split. */
  readonly tags?: readonly string[];
  /** The tag that splits it until another one is chosen. */
  readonly splitFirst?: string;
  draw(splitBy: string | undefined): Drawing;
}

const NO_LIMITS: readonly Limit[] = [];
/** Arrow keys with Shift go so many intervals. */
const BIG_STEP = 10;

export function Chart(props: ChartProps): JSX.Element {
  const { store, crosshair, title, hint, limits = NO_LIMITS, tags = [] } = props;
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const wanted = chosen ?? props.splitFirst ?? '';
  const splitBy = tags.includes(wanted) ? wanted : undefined;
  /** Lines that were switched to the other state than they begin with. */
  const [switched, setSwitched] = useState<ReadonlySet<string>>(new Set());
  const drawing = props.draw(splitBy);
  const { lines } = drawing;
  const hidden = new Set(
    lines
      .filter(({ label, isHiddenAtFirst = false }) => isHiddenAtFirst !== switched.has(label))
      .map(({ label }) => label),
  );
  const container = useRef<HTMLDivElement>(null);
  const isSeen = useSeen(container);
  const [width, setWidth] = useState(0);
  const plot = useRef<Plot | undefined>(undefined);

  useLayoutEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    setWidth(Math.floor(element.clientWidth));
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = container.current;
    if (element === null || width === 0 || !isSeen) return;
    if (lines.length === 0) {
      plot.current?.destroy();
      plot.current = undefined;
      return;
    }
    const input = { store, crosshair, lines, limits, hidden, width };
    if (plot.current?.update(input) === true) return;
    plot.current?.destroy();
    plot.current = new Plot(element, input);
  });

  useEffect(() => crosshair.subscribe(() => plot.current?.follow()), [crosshair]);
  useEffect(() => () => plot.current?.destroy(), []);

  const toggle = (label: string): void => {
    const next = new Set(switched);
    if (!next.delete(label)) next.add(label);
    setSwitched(next);
  };
  const id = `chart-${title.replace(/\W+/g, '-')}`;
  return (
    <figure class="chart" aria-labelledby={id}>
      <figcaption>
        <div>
          <h3 id={id}>{title}</h3>
          {hint === undefined ? null : <p class="hint">{hint}</p>}
        </div>
        {tags.length === 0 ? null : (
          <label class="split no-print">
            <span>split by</span>
            <select
              aria-label={`split ${title} by`}
              value={splitBy ?? ''}
              onChange={(event) => {
                setChosen(event.currentTarget.value);
                setSwitched(new Set());
              }}
            >
              <option value="">nothing</option>
              {tags.map((tag) => (
                <option key={tag} value={tag}>
                  {tag}
                </option>
              ))}
            </select>
          </label>
        )}
      </figcaption>
      {lines.length === 0 ? <p class="empty">{drawing.empty}</p> : null}
      <div
        class={lines.length === 0 ? 'plot is-empty' : 'plot'}
        ref={container}
        tabIndex={lines.length === 0 ? undefined : 0}
        role="application"
        aria-label={`${title}: arrow keys move the crosshair, Escape shows the whole run`}
        onKeyDown={(event) => moveByKey(event, store, crosshair)}
        onBlur={() => crosshair.set(undefined)}
      />
      <Legend {...{ store, crosshair, lines, hidden, toggle }} />
      {drawing.note === '' ? null : <p class="note">{drawing.note}</p>}
    </figure>
  );
}

interface LegendProps {
  readonly store: Store;
  readonly crosshair: Crosshair;
  readonly lines: readonly Line[];
  readonly hidden: ReadonlySet<string>;
  toggle(label: string): void;
}

function Legend({ store, crosshair, lines, hidden, toggle }: LegendProps): JSX.Element | null {
  const index = useCrosshair(crosshair);
  if (lines.length === 0) return null;
  const time = index === undefined ? undefined : store.times[index];
  return (
    <ul class="legend">
      {lines.map((line) => (
        <li key={line.label}>
          <button
            type="button"
            aria-pressed={!hidden.has(line.label)}
            title={`show or hide ${line.label}`}
            onClick={() => toggle(line.label)}
          >
            <Swatch line={line} />
            <span class="name">{line.label}</span>
            <span class="value">
              {formatValue(
                index === undefined ? lastOf(line.values) : line.values[index],
                line.unit,
              )}
            </span>
          </button>
        </li>
      ))}
      <li class="when">{time === undefined ? 'latest' : `at ${formatClock(time)}`}</li>
    </ul>
  );
}

function Swatch({ line }: { readonly line: Line }): JSX.Element {
  const dash = (line.dash ?? dashOf(line.colour)).join(' ');
  return (
    <svg width="18" height="8" viewBox="0 0 18 8" aria-hidden="true">
      <line
        x1="1"
        x2="17"
        y1="4"
        y2="4"
        stroke={colourOf(line.colour)}
        stroke-width="2.5"
        stroke-dasharray={dash}
      />
    </svg>
  );
}

function useCrosshair(crosshair: Crosshair): number | undefined {
  const [index, setIndex] = useState(crosshair.index);
  useEffect(() => crosshair.subscribe(() => setIndex(crosshair.index)), [crosshair]);
  return index;
}

/** True once the element is near the window, and while it is. Printing shows all. */
function useSeen(element: { readonly current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: '400px' },
    );
    if (element.current !== null) observer.observe(element.current);
    const onPrint = (): void => setSeen(true);
    addEventListener('gharial-print', onPrint);
    return () => {
      observer.disconnect();
      removeEventListener('gharial-print', onPrint);
    };
  }, [element]);
  return isSeen;
}

function lastOf(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function moveByKey(event: KeyboardEvent, store: Store, crosshair: Crosshair): void {
  const last = store.count - 1;
  const step = event.shiftKey ? BIG_STEP : 1;
  const at = crosshair.index ?? last;
  const target = {
    ArrowLeft: Math.max(0, at - step),
    ArrowRight: Math.min(last, at + step),
    Home: 0,
    End: last,
  }[event.key];
  if (target !== undefined) crosshair.set(target);
  else if (event.key === 'Escape') {
    crosshair.set(undefined);
    store.setRange(undefined);
  } else return;
  event.preventDefault();
}
