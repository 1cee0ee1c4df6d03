/** Which charts there are. Metrics that nobody foresaw get theirs all the same. */
import type { JSX } from 'preact';
import { Chart } from './chart.tsx';
import type { Crosshair } from './crosshair.ts';
import { drawMetric, drawTogether } from './lines.ts';
import type { Limit } from './plot.ts';
import type { Store } from './store.ts';

export interface PanelProps {
  readonly store: Store;
  readonly crosshair: Crosshair;
}

const LATENCIES = [
  'ws_connecting',
  'ws_ping',
  'ws_session_duration',
  'iteration_duration',
] as const;
/** Metrics with a place of their own. */
const PLACED: ReadonlySet<string> = new Set([
  ...LATENCIES,
  ...['vus', 'vus_max', 'ws_sockets_open', 'ws_sockets_closed', 'ws_sessions', 'iterations'],
  ...[
    'dropped_iterations',
    'ws_msgs_sent',
    'ws_msgs_received',
    'data_sent',
    'data_received',
    'checks',
  ],
]);

const TITLES: Readonly<Record<string, string>> = {
  ws_connecting: 'Connect time',
  ws_ping: 'Ping round trip',
  ws_session_duration: 'Session duration',
  iteration_duration: 'Iteration duration',
  group_duration: 'Group duration',
  http_reqs: 'HTTP requests',
  http_req_duration: 'HTTP request time',
  http_req_failed: 'HTTP requests failed',
};

export function LoadPanel({ store, crosshair }: PanelProps): JSX.Element {
  return (
    <div class="charts">
      <Chart
        {...{ store, crosshair }}
        title="Sockets and VUs"
        hint="open connections, active and initialised VUs"
        draw={() =>
          drawTogether(store, [
            { metric: 'ws_sockets_open', label: 'open sockets', colour: 0 },
            { metric: 'vus', label: 'VUs', colour: 1 },
            { metric: 'vus_max', label: 'VUs initialised', colour: 7 },
          ])
        }
      />
      <Chart
        {...{ store, crosshair }}
        title="Sockets dialled, iterations ended"
        hint="per second"
        draw={() =>
          drawTogether(store, [
            { metric: 'ws_sessions', label: 'sockets dialled', colour: 0 },
            { metric: 'iterations', label: 'iterations', colour: 2 },
            { metric: 'dropped_iterations', label: 'iterations dropped', colour: 1 },
          ])
        }
      />
    </div>
  );
}

export function TrafficPanel({ store, crosshair }: PanelProps): JSX.Element {
  return (
    <div class="charts">
      <Chart
        {...{ store, crosshair }}
        title="Messages"
        hint="WebSocket messages per second"
        draw={() =>
          drawTogether(store, [
            { metric: 'ws_msgs_received', label: 'in', colour: 0 },
            { metric: 'ws_msgs_sent', label: 'out', colour: 1 },
          ])
        }
      />
      <Chart
        {...{ store, crosshair }}
        title="Bytes"
        hint="on the wire per second, handshakes and HTTP included"
        draw={() =>
          drawTogether(store, [
            { metric: 'data_received', label: 'in', colour: 0 },
            { metric: 'data_sent', label: 'out', colour: 1 },
          ])
        }
      />
    </div>
  );
}

export function LatencyPanel({ store, crosshair }: PanelProps): JSX.Element {
  const own = customMetrics(store).filter((metric) => isLatency(store, metric));
  const shown = [...own, ...LATENCIES.filter((metric) => store.hasBuiltin(metric))];
  if (shown.length === 0) return <p class="empty">Nothing has been timed yet.</p>;
  return <MetricCharts {...{ store, crosshair }} metrics={shown} />;
}

export function ClosePanel({ store, crosshair }: PanelProps): JSX.Element {
  const tags = store.tagsOf('ws_sockets_closed');
  return (
    <div class="charts">
      {store.state?.closes === undefined ? null : (
        <Chart
          {...{ store, crosshair }}
          title="Connections ended"
          hint="per second; those that never opened have code 1006 too"
          tags={tags}
          splitFirst="code"
          draw={(splitBy) => drawMetric(store, 'ws_sockets_closed', splitBy)}
        />
      )}
      <Chart
        {...{ store, crosshair }}
        title="Checks that pass"
        hint="share of all checks made"
        tags={store.tagsOf('checks')}
        limits={limitsOf(store, 'checks')}
        draw={(splitBy) => drawMetric(store, 'checks', splitBy)}
      />
    </div>
  );
}

export function CustomPanel({ store, crosshair }: PanelProps): JSX.Element {
  const metrics = customMetrics(store).filter((metric) => !isLatency(store, metric));
  if (metrics.length === 0) {
    return (
      <p class="empty">The script has no metrics of its own, other than the times shown above.</p>
    );
  }
  return <MetricCharts {...{ store, crosshair, metrics }} />;
}

/** Built-in metrics without a place above: HTTP, groups. */
export function otherMetrics(store: Store): string[] {
  return store
    .metricNames()
    .filter((metric) => store.whole(metric)?.info.isCustom === false && !PLACED.has(metric))
    .sort();
}

export function OtherPanel({ store, crosshair }: PanelProps): JSX.Element {
  return <MetricCharts {...{ store, crosshair }} metrics={otherMetrics(store)} />;
}

function MetricCharts(props: PanelProps & { readonly metrics: readonly string[] }): JSX.Element {
  const { store, crosshair, metrics } = props;
  return (
    <div class="charts">
      {metrics.map((metric) => (
        <Chart
          key={metric}
          {...{ store, crosshair }}
          title={TITLES[metric] ?? metric}
          hint={hintOf(store, metric)}
          tags={store.tagsOf(metric)}
          limits={limitsOf(store, metric)}
          draw={(splitBy) => drawMetric(store, metric, splitBy)}
        />
      ))}
    </div>
  );
}

function hintOf(store: Store, metric: string): string {
  const info = store.whole(metric)?.info;
  if (TITLES[metric] !== undefined) return metric;
  return {
    trend: 'percentiles of each interval',
    counter: 'per second',
    rate: 'share of samples that are not zero',
    gauge: 'latest value in each interval',
  }[info?.type ?? 'gauge'];
}

function customMetrics(store: Store): string[] {
  return store.metricNames().filter((metric) => store.whole(metric)?.info.isCustom === true);
}

function isLatency(store: Store, metric: string): boolean {
  const info = store.whole(metric)?.info;
  return info?.type === 'trend' && info.contains === 'time';
}

const COMPARISON = /^\s*([a-z]+(?:\([\d.]+\))?)\s*(<=|>=|<|>|===?|!=)\s*([\d.]+)\s*$/;
/** Left sides whose values are in the unit of the chart. */
const COMPARABLE = /^(p\(|med|avg|min|max|value|rate)/;

/** What thresholds on the metric as a whole compare with. */
function limitsOf(store: Store, metric: string): Limit[] {
  const info = store.whole(metric)?.info;
  return (store.state?.thresholds ?? []).flatMap((threshold) => {
    if (threshold.metric !== metric || info === undefined) return [];
    const [, left = '', , right = ''] = COMPARISON.exec(threshold.expression) ?? [];
    const value = Number(right);
    return COMPARABLE.test(left) && Number.isFinite(value) && right !== ''
      ? [{ value, label: threshold.expression }]
      : [];
  });
}
