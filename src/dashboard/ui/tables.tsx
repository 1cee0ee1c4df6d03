/** Everything that is a list: thresholds, scenarios, checks, ends of connections, totals, facts. */
import type { JSX } from 'preact';
import type { CloseInfo, Fact, RunState, ThresholdInfo, TotalInfo } from '../protocol.ts';
import { formatCount, formatStat, formatValue, unitOf } from './format.ts';

const CLOSE_LABELS: Readonly<Record<string, string>> = {
  '1000': 'normal',
  '1001': 'going away',
  '1002': 'protocol error',
  '1003': 'unsupported data',
  '1005': 'no code given',
  '1006': 'abnormal',
  '1007': 'invalid payload',
  '1008': 'policy violation',
  '1009': 'message too big',
  '1011': 'server error',
  '1012': 'service restart',
  '1013': 'try again later',
};
const CAUSE_WORDS: Readonly<Record<string, string>> = {
  'dial-failed': 'could not connect',
  'dial-rejected': 'handshake refused',
  'dial-timeout': 'connecting took too long',
  'dial-aborted': 'given up by the script',
  'peer-close': 'closed by the server',
  'local-close': 'closed by the script',
  'close-timeout': 'server did not answer the close',
  'protocol-error': 'server broke the protocol',
  'end-of-stream': 'cut by the server',
  'socket-error': 'connection broke',
  terminated: 'cut by the script or the end of the test',
};

export function Verdict({
  isOk,
  words,
}: {
  readonly isOk: boolean;
  readonly words?: string;
}): JSX.Element {
  return (
    <span class={isOk ? 'verdict good' : 'verdict bad'}>
      <span aria-hidden="true">{isOk ? '✓' : '✗'}</span> {words ?? (isOk ? 'holds' : 'crossed')}
    </span>
  );
}

export function Thresholds({ list }: { readonly list: readonly ThresholdInfo[] }): JSX.Element {
  if (list.length === 0) return <p class="empty">The script sets no thresholds.</p>;
  return (
    <Scrolling label="Thresholds">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">Expected</th>
          <th scope="col" class="number">
            Now
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {list.map((item) => (
          <tr key={`${item.metric} ${item.expression}`} class={item.isOk ? '' : 'failed'}>
            <th scope="row">{item.metric}</th>
            <td>
              <code>{item.expression}</code>
              {item.abortsOnFail ? <span class="tag">stops the test</span> : null}
            </td>
            <td class="number">{thresholdValue(item)}</td>
            <td>
              {item.value === undefined ? (
                <span class="verdict">nothing to compare yet</span>
              ) : (
                <Verdict isOk={item.isOk} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </Scrolling>
  );
}

function thresholdValue({ label, value, type, contains }: ThresholdInfo): string {
  if (value === undefined) return '–';
  if (label === 'count') return formatStat('count', value, type, contains);
  return formatValue(value, unitOf(type, contains));
}

export function Scenarios({ state }: { readonly state: RunState }): JSX.Element {
  if (state.scenarios.length === 0) return <p class="empty">The scenarios have not started.</p>;
  return (
    <ul class="scenarios">
      {state.scenarios.map(({ name, description, state: phase, fraction, figures }) => (
        <li key={name}>
          <div>
            <strong>{name}</strong> <span class="tag">{phase}</span>
            <span class="muted">{figures}</span>
          </div>
          <progress max={1} value={fraction} aria-label={`progress of ${name}`} />
          <p class="hint">{description}</p>
        </li>
      ))}
    </ul>
  );
}

export function Checks({ state }: { readonly state: RunState }): JSX.Element {
  const { checks, checksLeftOut } = state;
  if (checks.length === 0) return <p class="empty">The script has made no checks.</p>;
  const sorted = [...checks].sort((a, b) => shareOf(a) - shareOf(b));
  return (
    <Scrolling label="Checks">
      <thead>
        <tr>
          <th scope="col">Check</th>
          <th scope="col">State</th>
          <th scope="col" class="number">
            Passed
          </th>
          <th scope="col" class="number">
            Failed
          </th>
          <th scope="col" class="wide">
            Share
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((check) => (
          <tr key={`${check.group} ${check.name}`} class={check.fails > 0 ? 'failed' : ''}>
            <th scope="row">
              {check.group === '' ? null : (
                <span class="muted">{check.group.split('::').filter(Boolean).join(' › ')} › </span>
              )}
              {check.name}
            </th>
            <td>
              <Verdict isOk={check.fails === 0} words={check.fails === 0 ? 'passes' : 'fails'} />
            </td>
            <td class="number">{formatCount(check.passes)}</td>
            <td class="number">{formatCount(check.fails)}</td>
            <td>
              <Share value={shareOf(check)} />
            </td>
          </tr>
        ))}
      </tbody>
      {checksLeftOut === 0 ? null : (
        <tfoot>
          <tr>
            <td colSpan={5}>{formatCount(checksLeftOut)} more checks are not listed.</td>
          </tr>
        </tfoot>
      )}
    </Scrolling>
  );
}

function shareOf({ passes, fails }: { readonly passes: number; readonly fails: number }): number {
  return passes / Math.max(1, passes + fails);
}

function Share({ value }: { readonly value: number }): JSX.Element {
  return (
    <span class="share">
      <span class="track" aria-hidden="true">
        <span style={{ width: `${value * 100}%` }} />
      </span>
      <span class="number">{formatValue(value, 'share')}</span>
    </span>
  );
}

export function Closes({ closes }: { readonly closes: readonly CloseInfo[] }): JSX.Element {
  if (closes.length === 0) return <p class="empty">No connection has ended yet.</p>;
  return (
    <Scrolling label="How connections ended">
      <thead>
        <tr>
          <th scope="col">Close code</th>
          <th scope="col">How it ended</th>
          <th scope="col">Reason</th>
          <th scope="col">Kind</th>
          <th scope="col" class="number">
            Connections
          </th>
        </tr>
      </thead>
      <tbody>
        {closes.map((close) => (
          <tr
            key={`${close.code} ${close.cause} ${close.reason}`}
            class={close.isError ? 'failed' : ''}
          >
            <th scope="row" class="number-left">
              {close.code}{' '}
              <span class="muted">
                {close.cause.startsWith('dial-') ? 'never opened' : CLOSE_LABELS[close.code]}
              </span>
            </th>
            <td>{CAUSE_WORDS[close.cause] ?? close.cause}</td>
            <td>{close.reason === '' ? <span class="muted">none given</span> : close.reason}</td>
            <td>
              <Verdict isOk={!close.isError} words={close.isError ? 'error' : 'wanted'} />
            </td>
            <td class="number">{formatCount(close.count)}</td>
          </tr>
        ))}
      </tbody>
    </Scrolling>
  );
}

const TYPES = ['trend', 'counter', 'rate', 'gauge'] as const;
const TYPE_TITLES = {
  trend: 'Trends',
  counter: 'Counters',
  rate: 'Rates',
  gauge: 'Gauges',
} as const;

/** The end-of-test summary as it stands: whole run, cumulative. */
export function Totals({ totals }: { readonly totals: readonly TotalInfo[] }): JSX.Element {
  if (totals.length === 0) return <p class="empty">Nothing has been measured yet.</p>;
  return (
    <>
      {TYPES.map((type) => {
        const rows = totals.filter((total) => total.type === type);
        const [first] = rows;
        if (first === undefined) return null;
        const stats = Object.keys(first.values);
        return (
          <Scrolling key={type} label={TYPE_TITLES[type]}>
            <thead>
              <tr>
                <th scope="col">{TYPE_TITLES[type]}</th>
                {stats.map((stat) => (
                  <th key={stat} scope="col" class="number">
                    {stat}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, contains, isCustom, values }) => (
                <tr key={name}>
                  <th scope="row">
                    {name}
                    {isCustom ? <span class="tag">yours</span> : null}
                  </th>
                  {stats.map((stat) => (
                    <td key={stat} class="number">
                      {formatStat(stat, values[stat], type, contains)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </Scrolling>
        );
      })}
    </>
  );
}

export function Facts({
  facts,
  label,
}: {
  readonly facts: readonly Fact[];
  readonly label: string;
}): JSX.Element {
  if (facts.length === 0) return <p class="empty">None set.</p>;
  return (
    <dl class="facts" aria-label={label}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Scrolling(props: {
  readonly label: string;
  readonly children: JSX.Element | (JSX.Element | null)[];
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scrolling" aria-label={props.label} tabIndex={0}>
      <table>{props.children}</table>
    </section>
  );
}
