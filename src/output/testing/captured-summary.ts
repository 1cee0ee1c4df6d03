/**
 * For tests: a run with two scenarios as k6 2.2 summed it up (its exported numbers), and the text that it
 * printed for it in full mode.
 */
import type { MetricType, ValueType } from '../../metrics/metric.ts';

export const CAPTURED_TYPES: Readonly<Record<string, readonly [MetricType, ValueType]>> = {
  my_counter: ['counter', 'default'],
  my_gauge: ['gauge', 'default'],
  my_rate: ['rate', 'default'],
  payload_size: ['trend', 'default'],
  iteration_duration: ['trend', 'time'],
  iterations: ['counter', 'default'],
  vus: ['gauge', 'default'],
  vus_max: ['gauge', 'default'],
  data_received: ['counter', 'data'],
  data_sent: ['counter', 'data'],
  ws_connecting: ['trend', 'time'],
  ws_msgs_received: ['counter', 'default'],
  ws_msgs_sent: ['counter', 'default'],
  ws_rtt: ['trend', 'time'],
  ws_session_duration: ['trend', 'time'],
  ws_sessions: ['counter', 'default'],
  checks: ['rate', 'default'],
  group_duration: ['trend', 'time'],
};

/** Values by full name; a rate has `rate`, `passes` and `fails`. */
export const CAPTURED_TOTALS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  iteration_duration: {
    'p(95)': 109.2214233,
    avg: 107.48011193650794,
    min: 101.359741,
    med: 102.63393,
    max: 200.715335,
    'p(90)': 104.03319959999999,
  },
  payload_size: { avg: 13, min: 13, med: 13, max: 13, 'p(90)': 13, 'p(95)': 13 },
  my_counter: { count: 60, rate: 19.432126148888386 },
  ws_connecting: {
    'p(95)': 1.2363882499999965,
    avg: 0.7279074166666668,
    min: 0.216755,
    med: 0.5439925,
    max: 4.674219,
    'p(90)': 0.9920850000000001,
  },
  vus: { value: 2, min: 2, max: 2 },
  data_sent: { count: 12900, rate: 4177.907122011004 },
  group_duration: {
    avg: 200.50828633333333,
    min: 200.28853,
    med: 200.5277055,
    max: 200.675905,
    'p(90)': 200.657455,
    'p(95)': 200.66667999999999,
  },
  ws_msgs_received: { count: 60, rate: 19.432126148888386 },
  my_rate: { passes: 60, fails: 3, rate: 0.9523809523809523 },
  data_received: { count: 12120, rate: 3925.2894820754545 },
  vus_max: { value: 3, min: 3, max: 3 },
  ws_sessions: { count: 60, rate: 19.432126148888386 },
  ws_rtt: { max: 4, 'p(90)': 1, 'p(95)': 3.3, avg: 0.6174603174603176, min: 0, med: 0 },
  ws_msgs_sent: { count: 120, rate: 38.86425229777677 },
  iterations: { count: 63, rate: 20.403732456332808 },
  my_gauge: { value: 2.4906108515020318, min: 0.014473596404351311, max: 9.808158670078178 },
  checks: { passes: 96, fails: 30, rate: 0.7619047619047619 },
  ws_session_duration: {
    avg: 102.62564716666665,
    min: 101.238935,
    med: 102.443646,
    max: 109.094724,
    'p(90)': 103.1579205,
    'p(95)': 103.46068299999999,
  },
  'ws_rtt{scenario:chat}': {
    avg: 0.48333333333333334,
    min: 0,
    med: 0,
    max: 4,
    'p(90)': 1,
    'p(95)': 1.0499999999999972,
  },
};

export const CAPTURED_DURATION_MS = 3087.6703630000006;

export const CAPTURED_TEXT = `

  █ THRESHOLDS 

    checks
    ✗ 'rate>0.9' rate=76.19%

    my_gauge
    ✓ 'value<100' value=2.490611

    ws_rtt
    ✓ 'p(95)<500' p(95)=3.3ms
    ✗ 'avg<0.0001' avg=617.46µs

      {scenario:chat}
      ✓ 'p(99.9)<300' p(99.9)=4ms
      ✗ 'max<1' max=4ms

    ws_sessions
    ✓ 'count>1' count=60
    ✓ 'rate>0.5' rate=19.432126/s


  █ TOTAL RESULTS 

    checks_total.......: 126    40.807465/s
    checks_succeeded...: 76.19% 96 out of 126
    checks_failed......: 23.80% 30 out of 126

    ✓ is string
    ✗ sometimes
      ↳  50% — ✓ 30 / ✗ 30
    ✓ outer ok
    ✓ inner ok

    CUSTOM
    my_counter............: 60       19.432126/s
    my_gauge..............: 2.490611 min=0.014474 max=9.808159
    my_rate...............: 95.23%   60 out of 63
    payload_size..........: avg=13       min=13       med=13       max=13       p(90)=13       p(95)=13      

    EXECUTION
    iteration_duration....: avg=107.48ms min=101.35ms med=102.63ms max=200.71ms p(90)=104.03ms p(95)=109.22ms
    iterations............: 63       20.403732/s
    vus...................: 2        min=2        max=2       
    vus_max...............: 3        min=3        max=3       

    NETWORK
    data_received.........: 12 kB    3.9 kB/s
    data_sent.............: 13 kB    4.2 kB/s

    WEBSOCKET
    ws_connecting.........: avg=727.9µs  min=216.75µs med=543.99µs max=4.67ms   p(90)=992.08µs p(95)=1.23ms  
    ws_msgs_received......: 60       19.432126/s
    ws_msgs_sent..........: 120      38.864252/s
    ws_rtt................: avg=617.46µs min=0s       med=0s       max=4ms      p(90)=1ms      p(95)=3.3ms   
      { scenario:chat }...: avg=483.33µs min=0s       med=0s       max=4ms      p(90)=1ms      p(95)=1.04ms  
    ws_session_duration...: avg=102.62ms min=101.23ms med=102.44ms max=109.09ms p(90)=103.15ms p(95)=103.46ms
    ws_sessions...........: 60       19.432126/s


  █ SCENARIO: chat 

    checks_total.......: 120    38.864252/s
    checks_succeeded...: 75.00% 90 out of 120
    checks_failed......: 25.00% 30 out of 120

    ✓ is string
    ✗ sometimes
      ↳  50% — ✓ 30 / ✗ 30

    CUSTOM
    my_counter............: 60       19.432126/s
    my_gauge..............: 2.490611 min=0.014474 max=9.808159
    my_rate...............: 100.00%  60 out of 60
    payload_size..........: avg=13       min=13       med=13       max=13       p(90)=13       p(95)=13      

    EXECUTION
    iteration_duration....: avg=102.82ms min=101.35ms med=102.57ms max=109.25ms p(90)=103.34ms p(95)=104.05ms
    iterations............: 60       19.432126/s

    NETWORK
    data_received.........: 12 kB    3.9 kB/s
    data_sent.............: 13 kB    4.2 kB/s

    WEBSOCKET
    ws_connecting.........: avg=727.9µs  min=216.75µs med=543.99µs max=4.67ms   p(90)=992.08µs p(95)=1.23ms  
    ws_msgs_received......: 60       19.432126/s
    ws_msgs_sent..........: 120      38.864252/s
    ws_rtt................: avg=483.33µs min=0s       med=0s       max=4ms      p(90)=1ms      p(95)=1.04ms  
    ws_session_duration...: avg=102.62ms min=101.23ms med=102.44ms max=109.09ms p(90)=103.15ms p(95)=103.46ms
    ws_sessions...........: 60       19.432126/s


  █ SCENARIO: feed 

    checks_total.......: 6       1.943213/s
    checks_succeeded...: 100.00% 6 out of 6
    checks_failed......: 0.00%   0 out of 6

    ✓ outer ok
    ✓ inner ok

    CUSTOM
    my_rate..............: 0.00% 0 out of 3

    EXECUTION
    iteration_duration...: avg=200.61ms min=200.53ms med=200.58ms max=200.71ms p(90)=200.68ms p(95)=200.7ms
    iterations...........: 3     0.971606/s

    NETWORK
    data_received........: 0 B   0 B/s
    data_sent............: 0 B   0 B/s

    WEBSOCKET
    ws_rtt...............: avg=3.29ms   min=3.3ms    med=3.3ms    max=3.3ms    p(90)=3.3ms    p(95)=3.3ms  

    ↳ GROUP: outer 

      checks_total.......: 3       0.971606/s
      checks_succeeded...: 100.00% 3 out of 3
      checks_failed......: 0.00%   0 out of 3

      ✓ outer ok

      ↳ GROUP: inner 

        checks_total.......: 3       0.971606/s
        checks_succeeded...: 100.00% 3 out of 3
        checks_failed......: 0.00%   0 out of 3

        ✓ inner ok

        WEBSOCKET
        ws_rtt...: avg=3.29ms min=3.3ms med=3.3ms max=3.3ms p(90)=3.3ms p(95)=3.3ms



`;
