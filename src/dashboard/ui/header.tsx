/** The bar on top: what runs, how far it is, and what can be done about it. */
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Steering, steer } from './connection.ts';
import { formatClock } from './format.ts';
import type { Theme } from './palette.ts';
import type { Store } from './store.ts';

const STAGES: Readonly<Record<string, string>> = {
  init: 'Starting',
  paused: 'Paused',
  setup: 'Setup',
  running: 'Running',
  teardown: 'Teardown',
  closing: 'Finishing',
  lingering: 'Finished',
  done: 'Finished',
};

export interface HeaderProps {
  readonly store: Store;
  readonly theme: Theme;
  setTheme(theme: Theme): void;
  saveReport(): void;
}

export function Header({ store, theme, setTheme, saveReport }: HeaderProps): JSX.Element {
  const { state, facts } = store;
  const elapsed = (state?.elapsedMs ?? 0) / 1000;
  const most = (state?.durationMsMax ?? 0) / 1000;
  const isOver = state?.outcome !== undefined;
  const fraction = isOver ? 1 : most > 0 ? Math.min(1, elapsed / most) : 0;
  const otherTheme = theme === 'dark' ? 'light' : 'dark';
  return (
    <header class="top">
      <div class="bar">
        <div class="brand">
          <Mark />
          <span class="wordmark">gharial</span>
          <h1 title={facts?.script}>{facts?.script ?? '…'}</h1>
        </div>
        <StatusPill store={store} />
        <p class="clock" title="time of the run, and the longest it can take">
          {formatClock(elapsed)}
          {isOver || !Number.isFinite(most) || most === 0 ? null : (
            <span class="muted"> / {formatClock(most)}</span>
          )}
        </p>
        <div class="actions no-print">
          {store.link === 'report' ? null : <Controls store={store} />}
          {store.link === 'report' ? (
            <button type="button" onClick={() => print()}>
              Print
            </button>
          ) : (
            <button type="button" onClick={saveReport} disabled={store.count === 0}>
              Save report
            </button>
          )}
          <button
            type="button"
            class="icon"
            aria-label={`switch to the ${otherTheme} theme`}
            title={`switch to the ${otherTheme} theme`}
            onClick={() => setTheme(otherTheme)}
          >
            {theme === 'dark' ? '☀' : '☾'}
          </button>
        </div>
      </div>
      <div class="progress no-print" aria-hidden="true">
        <span style={{ width: `${fraction * 100}%` }} />
      </div>
      <Banner store={store} />
    </header>
  );
}

function StatusPill({ store }: { readonly store: Store }): JSX.Element {
  const { state, link } = store;
  const outcome = state?.outcome;
  if (outcome !== undefined) {
    return outcome.isOk ? (
      <Pill kind="good" mark="✓">
        Passed
      </Pill>
    ) : (
      <Pill kind="bad" mark="✗">
        Failed
      </Pill>
    );
  }
  if (link === 'lost') {
    return (
      <Pill kind="warn" mark="!">
        Connection lost
      </Pill>
    );
  }
  const isPaused = state?.isPaused === true;
  const text = isPaused ? 'Paused' : (STAGES[state?.stage ?? ''] ?? 'Connecting');
  return (
    <Pill kind={isPaused ? 'warn' : 'run'} mark={isPaused ? '‖' : '●'}>
      {text}
    </Pill>
  );
}

function Pill(props: {
  readonly kind: string;
  readonly mark: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <p class={`pill ${props.kind}`} role="status">
      <span aria-hidden="true">{props.mark}</span> {props.children}
    </p>
  );
}

/** Says why the page stands still, or why the run failed. */
function Banner({ store }: { readonly store: Store }): JSX.Element | null {
  const outcome = store.state?.outcome;
  if (outcome !== undefined) {
    const words = outcome.isOk ? 'The run is over.' : `The run is over: ${outcome.message}.`;
    const stays =
      store.link === 'over' ? ' This page keeps its final state; save the report to keep it.' : '';
    if (outcome.isOk && stays === '') return null;
    return <p class={outcome.isOk ? 'banner' : 'banner bad'}>{words + stays}</p>;
  }
  if (store.link !== 'lost') return null;
  return (
    <p class="banner bad" role="alert">
      gharial does not answer: it may have been ended. What was received so far is shown; the page
      goes on by itself if it answers again.
    </p>
  );
}

function Controls({ store }: { readonly store: Store }): JSX.Element | null {
  const [isAsking, setAsking] = useState(false);
  const [refusal, setRefusal] = useState('');
  const sure = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (isAsking) sure.current?.focus();
  }, [isAsking]);
  const { state, facts, link } = store;
  if (state === undefined || state.outcome !== undefined || link === 'over') return null;
  const ask = (what: Steering): void => {
    setAsking(false);
    void steer(what).then(setRefusal);
  };
  const isWaiting = state.stage === 'paused';
  const pauseRefusal = isWaiting ? undefined : facts?.pauseRefusal;
  if (isAsking) {
    return (
      <fieldset class="confirm">
        <legend>Stop the test?</legend>
        <button type="button" class="danger" ref={sure} onClick={() => ask('stop')}>
          Stop it
        </button>
        <button type="button" onClick={() => setAsking(false)}>
          Go on
        </button>
      </fieldset>
    );
  }
  return (
    <>
      {refusal === '' ? null : (
        <span class="refusal" role="alert">
          {refusal}
        </span>
      )}
      <button
        type="button"
        onClick={() => ask(state.isPaused ? 'resume' : 'pause')}
        disabled={link !== 'live' || pauseRefusal !== undefined}
        title={pauseRefusal ?? ''}
        aria-describedby={pauseRefusal === undefined ? undefined : 'pause-refusal'}
      >
        {state.isPaused ? 'Resume' : 'Pause'}
      </button>
      {pauseRefusal === undefined ? null : (
        <span id="pause-refusal" class="visually-hidden">
          {pauseRefusal}
        </span>
      )}
      <button type="button" onClick={() => setAsking(true)} disabled={link !== 'live'}>
        Stop…
      </button>
    </>
  );
}

function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b6e5f" />
      <path
        d="M4 19c6 0 8-1 12-1 5 0 6-7 9-7s4 3 4 5"
        fill="none"
        stroke="#fff"
        stroke-width="2.6"
        stroke-linecap="round"
      />
      <path d="M5 23h19" stroke="#8fe3cf" stroke-width="2.6" stroke-dasharray="2 2.4" />
      <circle cx="24.6" cy="14" r="1.7" fill="#fff" />
    </svg>
  );
}
