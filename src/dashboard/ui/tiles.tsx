/** The figures that matter for sockets, large, with what they did in the last minutes. */
import type { JSX } from 'preact';
import type { RunState } from '../protocol.ts';
import { formatCount, formatValue, type Unit } from './format.ts';
import { valuesOf } from './lines.ts';
import type { Store } from './store.ts';

interface TileProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly values?: readonly (number | null)[] | undefined;
  readonly tone?: 'good' | 'bad' | undefined;
}

const SPARK_POINTS = 60;
const SPARK_WIDTH = 96;
const SPARK_HEIGHT = 24;

export function Tiles({ store }: { readonly store: Store }): JSX.Element {
  const { state } = store;
  const sockets = lastOf(store, 'ws_sockets_open');
  const hasHttp = store.hasBuiltin('http_reqs') && !store.hasBuiltin('ws_sessions');
  return (
    <section class="tiles" aria-label="Key figures">
      {hasHttp ? (
        <>
          {rateTile(store, 'http_reqs', 'HTTP requests')}
          {trendTile(store, 'http_req_duration', 'Request time')}
        </>
      ) : (
        <>
          <Tile
            label="Open sockets"
            value={sockets === undefined ? '–' : formatCount(sockets)}
            note={openedNote(state)}
            values={seriesOf(store, 'ws_sockets_open')}
          />
          {rateTile(store, 'ws_msgs_received', 'Messages in')}
          {rateTile(store, 'ws_msgs_sent', 'Messages out')}
          {trendTile(store, 'ws_connecting', 'Connect time')}
          {store.hasBuiltin('ws_ping') ? trendTile(store, 'ws_ping', 'Ping round trip') : null}
        </>
      )}
      <ErrorTile state={state} />
      <CheckTile store={store} />
      <ThresholdTile state={state} />
    </section>
  );
}

function Tile({ label, value, note, values, tone }: TileProps): JSX.Element {
  const [, number = value, unit = ''] = /^([^ ]+) (.+)$/.exec(value) ?? [];
  return (
    <div class={tone === undefined ? 'tile' : `tile ${tone}`}>
      <h3>{label}</h3>
      <p class="figure">
        {number}
        {unit === '' ? null : <small> {unit}</small>}
      </p>
      <p class="hint">{note}</p>
      {values === undefined ? null : <Spark values={values.slice(-SPARK_POINTS)} />}
    </div>
  );
}

function Spark({ values }: { readonly values: readonly (number | null)[] }): JSX.Element {
  const most = Math.max(...values.map((value) => value ?? 0), Number.MIN_VALUE);
  const step = SPARK_WIDTH / Math.max(1, values.length - 1);
  const points = values
    .map((value, index) =>
      value === null
        ? ''
        : `${(index * step).toFixed(1)},${(SPARK_HEIGHT - 2 - (value / most) * (SPARK_HEIGHT - 4)).toFixed(1)}`,
    )
    .filter((point) => point !== '')
    .join(' ');
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <polyline points={points} fill="none" stroke="currentColor" stroke-width="1.5" />
    </svg>
  );
}

function rateTile(store: Store, metric: string, label: string): JSX.Element {
  const totals = totalOf(store.state, metric);
  const values = seriesOf(store, metric);
  const isOver = store.state?.outcome !== undefined;
  // The last interval of a run that is over was cut off.
  const rate = (isOver ? totals?.['rate'] : values?.at(-1)) ?? 0;
  const note = `${formatCount(totals?.['count'] ?? 0)} in all`;
  return (
    <Tile
      label={label}
      value={values === undefined ? '–' : formatValue(rate, 'count-rate')}
      note={isOver ? `whole run; ${note}` : note}
      values={values}
    />
  );
}

function trendTile(store: Store, metric: string, label: string): JSX.Element {
  const totals = totalOf(store.state, metric);
  const unit: Unit = 'time';
  const all = totals?.['p(95)'];
  return (
    <Tile
      label={`${label}, p95`}
      value={formatValue(all, unit)}
      note={
        totals === undefined
          ? 'no samples'
          : `median ${formatValue(totals['med'], unit)}, whole run`
      }
      values={seriesOf(store, metric)}
    />
  );
}

function ErrorTile({ state }: { readonly state: RunState | undefined }): JSX.Element {
  if (state !== undefined && state.closes === undefined) {
    const note = 'ws_sockets_closed is a metric of the script';
    return <Tile label="Socket errors" value="–" note={note} />;
  }
  const faults = (state?.closes ?? []).filter(({ isError }) => isError);
  const count = faults.reduce((sum, close) => sum + close.count, 0);
  const [worst] = faults;
  return (
    <Tile
      label="Socket errors"
      value={formatCount(count)}
      note={worst === undefined ? 'none so far' : `mostly ${worst.reason || worst.cause}`}
      tone={count > 0 ? 'bad' : undefined}
    />
  );
}

function CheckTile({ store }: { readonly store: Store }): JSX.Element {
  const totals = totalOf(store.state, 'checks');
  const passes = totals?.['passes'] ?? 0;
  const fails = totals?.['fails'] ?? 0;
  return (
    <Tile
      label="Checks"
      value={totals === undefined ? '–' : formatValue(totals['rate'], 'share')}
      note={
        totals === undefined
          ? 'the script has none'
          : `${formatCount(fails)} of ${formatCount(passes + fails)} failed`
      }
      tone={fails > 0 ? 'bad' : undefined}
    />
  );
}

function ThresholdTile({ state }: { readonly state: RunState | undefined }): JSX.Element {
  const thresholds = state?.thresholds ?? [];
  const crossed = thresholds.filter(({ isOk }) => !isOk).length;
  return (
    <Tile
      label="Thresholds"
      value={thresholds.length === 0 ? '–' : crossed === 0 ? '✓ all hold' : `✗ ${crossed} crossed`}
      note={thresholds.length === 0 ? 'the script has none' : `${thresholds.length} in all`}
      tone={crossed > 0 ? 'bad' : undefined}
    />
  );
}

function openedNote(state: RunState | undefined): string {
  const dialled = totalOf(state, 'ws_sessions')?.['count'] ?? 0;
  if (dialled === 0) return 'none dialled yet';
  if (state?.closes === undefined) return `${formatCount(dialled)} dialled`;
  const failed = state.closes
    .filter(({ cause }) => cause.startsWith('dial-'))
    .reduce((sum, { count }) => sum + count, 0);
  const opened = `${formatCount(Math.max(0, dialled - failed))} opened`;
  return failed === 0 ? opened : `${opened}, ${formatCount(failed)} failed`;
}

function totalOf(
  state: RunState | undefined,
  metric: string,
): Readonly<Record<string, number>> | undefined {
  return state?.totals.find(({ name }) => name === metric)?.values;
}

/** Of a built-in metric. */
function seriesOf(store: Store, metric: string): readonly (number | null)[] | undefined {
  const slice = store.hasBuiltin(metric) ? store.whole(metric) : undefined;
  return slice === undefined || store.count === 0 ? undefined : valuesOf(store, slice);
}

function lastOf(store: Store, metric: string): number | undefined {
  return seriesOf(store, metric)?.findLast((value) => value !== null) ?? undefined;
}
