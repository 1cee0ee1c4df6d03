/** The page as a whole, live or as a report. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Crosshair } from './crosshair.ts';
import { formatClock, formatInterval } from './format.ts';
import { Header } from './header.tsx';
import { isDark, type Theme } from './palette.ts';
import {
  ClosePanel,
  CustomPanel,
  LatencyPanel,
  LoadPanel,
  OtherPanel,
  otherMetrics,
  type PanelProps,
  TrafficPanel,
} from './panels.tsx';
import { saveReport } from './save-report.ts';
import type { Filter, Store } from './store.ts';
import { Checks, Closes, Facts, Scenarios, Thresholds, Totals } from './tables.tsx';
import { Tiles } from './tiles.tsx';

const RANGES = [
  { label: '1 min', seconds: 60 },
  { label: '5 min', seconds: 300 },
  { label: '15 min', seconds: 900 },
] as const;
const SECTIONS = [
  ['thresholds', 'Thresholds'],
  ['load', 'Load'],
  ['traffic', 'Traffic'],
  ['latency', 'Latency'],
  ['ends', 'Errors'],
  ['checks', 'Checks'],
  ['custom', 'Your metrics'],
  ['totals', 'Totals'],
  ['run', 'Run'],
] as const;
const THEME_KEY = 'gharial-theme';

export function App({ store }: { readonly store: Store }): JSX.Element {
  useVersion(store);
  const crosshair = useMemo(() => new Crosshair(), []);
  const [theme, setTheme] = useTheme();
  usePrinting(theme, setTheme);
  const { state, facts } = store;
  const props = { store, crosshair };
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <div class="sticky" ref={keepClear}>
        <Header {...{ store, theme, setTheme }} saveReport={() => saveReport(store)} />
        <Toolbar store={store} />
      </div>
      {/* Charts take their colours when they are made. */}
      <main id="main" key={theme}>
        {state === undefined || facts === undefined ? (
          <Waiting store={store} />
        ) : (
          <>
            <Tiles store={store} />
            <Section id="thresholds" title="Thresholds" note="evaluated over the whole run">
              <Thresholds list={state.thresholds} />
            </Section>
            <Section id="load" title="Load">
              <Scenarios state={state} />
              <LoadPanel {...props} />
            </Section>
            <Section id="traffic" title="Traffic">
              <TrafficPanel {...props} />
            </Section>
            <Section id="latency" title="Latency" note={intervalNote(store)}>
              <LatencyPanel {...props} />
            </Section>
            <Section id="ends" title="Errors and closes">
              <ClosePanel {...props} />
              {state.closes === undefined ? null : <Closes closes={state.closes} />}
            </Section>
            <Section id="checks" title="Checks" note="whole run, all tags">
              <Checks state={state} />
            </Section>
            <Section id="custom" title="Your metrics">
              <CustomPanel {...props} />
            </Section>
            <Others {...props} />
            <Section
              id="totals"
              title="Totals"
              note="whole run, all tags: the numbers of the end-of-test summary"
            >
              <Totals totals={state.totals} />
            </Section>
            <Section id="run" title="Run">
              <h3>Command</h3>
              <pre class="command">{facts.command}</pre>
              <h3>Options that were set</h3>
              <Facts facts={facts.options} label="Options that were set" />
              <h3>Environment</h3>
              <Facts facts={facts.environment} label="Environment" />
            </Section>
          </>
        )}
      </main>
    </>
  );
}

function Waiting({ store }: { readonly store: Store }): JSX.Element {
  const words =
    store.link === 'lost' ? 'gharial does not answer.' : 'Waiting for the first figures…';
  return <p class="empty large">{words}</p>;
}

function Section(props: {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { id, title, note, children } = props;
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note === undefined ? null : <p class="hint">{note}</p>}
      </header>
      {children}
    </section>
  );
}

function Others(props: PanelProps): JSX.Element | null {
  if (otherMetrics(props.store).length === 0) return null;
  return (
    <Section id="others" title="Other built-in metrics">
      <OtherPanel {...props} />
    </Section>
  );
}

/** Where to go, which samples, which time. */
function Toolbar({ store }: { readonly store: Store }): JSX.Element {
  const filters = store.filters();
  const { filter, range, lastTime } = store;
  return (
    <div class="toolbar no-print">
      <nav aria-label="Sections">
        {SECTIONS.map(([id, title]) => (
          <a key={id} href={`#${id}`}>
            {title}
          </a>
        ))}
      </nav>
      <div class="choices">
        <label>
          <span>Show</span>
          <select
            aria-label="samples shown"
            value={filter === undefined ? '' : toText(filter)}
            disabled={filters.size === 0}
            onChange={(event) => store.setFilter(fromText(event.currentTarget.value))}
          >
            <option value="">all samples</option>
            {[...filters].map(([tag, values]) => (
              <optgroup key={tag} label={tag}>
                {values.map((value) => (
                  <option key={value} value={toText({ tag, value })}>
                    {`${tag} = ${value === '' ? '(empty)' : value}`}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
        <fieldset class="ranges">
          <legend class="visually-hidden">Time shown</legend>
          <button
            type="button"
            aria-pressed={range === undefined}
            onClick={() => store.setRange(undefined)}
          >
            All
          </button>
          {RANGES.map(({ label, seconds }) => {
            const from = Math.max(0, lastTime - seconds);
            const isOn = range !== undefined && range.from === from && range.to === lastTime;
            return (
              <button
                key={label}
                type="button"
                aria-pressed={isOn}
                disabled={lastTime < seconds}
                onClick={() => store.setRange({ from, to: lastTime })}
              >
                {label}
              </button>
            );
          })}
        </fieldset>
        {range === undefined ? null : (
          <p class="zoomed" role="status">
            {formatClock(range.from)} – {formatClock(range.to)}
          </p>
        )}
      </div>
    </div>
  );
}

function toText({ tag, value }: Filter): string {
  return JSON.stringify([tag, value]);
}

function fromText(text: string): Filter | undefined {
  if (text === '') return undefined;
  const [tag = '', value = ''] = JSON.parse(text) as string[]; // made by toText
  return { tag, value };
}

function intervalNote({ intervalMs }: Store): string {
  return `each point covers the samples of ${formatInterval(intervalMs)}; the dashed red line is a threshold`;
}

/** Tells the styles how much of the window the bars on top cover: what is jumped to must be below. */
function keepClear(bars: HTMLElement | null): void {
  if (bars === null) return;
  new ResizeObserver(() => {
    const isSticky = getComputedStyle(bars).position === 'sticky';
    const height = isSticky ? bars.offsetHeight : 0;
    document.documentElement.style.setProperty('--bar', `${height}px`);
  }).observe(bars);
}

function useVersion(store: Store): void {
  const [, setVersion] = useState(store.version);
  useEffect(() => {
    // What came between the first drawing and now.
    setVersion(store.version);
    return store.subscribe(() => setVersion(store.version));
  }, [store]);
}

function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const kept = keptTheme();
    if (kept !== undefined) document.documentElement.dataset['theme'] = kept;
    return isDark() ? 'dark' : 'light';
  });
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const onChange = (): void => setTheme(isDark() ? 'dark' : 'light');
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  const choose = (chosen: Theme): void => {
    document.documentElement.dataset['theme'] = chosen;
    try {
      localStorage.setItem(THEME_KEY, chosen);
    } catch {
      // A page from disk may have no storage: then the choice lasts as long as the page.
    }
    setTheme(chosen);
  };
  return [theme, choose];
}

function keptTheme(): Theme | undefined {
  try {
    const kept = localStorage.getItem(THEME_KEY);
    return kept === 'light' || kept === 'dark' ? kept : undefined;
  } catch {
    return undefined; // no storage, see above
  }
}

/** Paper is white, and shows every chart. */
function usePrinting(theme: Theme, setTheme: (theme: Theme) => void): void {
  useEffect(() => {
    const before = (): void => {
      dispatchEvent(new Event('gharial-print'));
      if (theme === 'dark') setTheme('light');
    };
    const after = (): void => {
      if (theme === 'dark') setTheme('dark');
    };
    addEventListener('beforeprint', before);
    addEventListener('afterprint', after);
    return () => {
      removeEventListener('beforeprint', before);
      removeEventListener('afterprint', after);
    };
  }, [theme, setTheme]);
}
