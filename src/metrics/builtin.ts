/**
 * The metrics that exist without a script defining them: k6's names, types and value types, and two more.
 *
 * One table, read by the registry before anything else, so that the ids of these metrics are equal
 * in all threads. The order has no other meaning.
 */
import type { MetricDefinition } from './definition.ts';

export const BUILTIN_METRICS = [
  { name: 'vus', type: 'gauge', contains: 'default' },
  { name: 'vus_max', type: 'gauge', contains: 'default' },
  { name: 'iterations', type: 'counter', contains: 'default' },
  { name: 'iteration_duration', type: 'trend', contains: 'time' },
  { name: 'dropped_iterations', type: 'counter', contains: 'default' },
  { name: 'checks', type: 'rate', contains: 'default' },
  { name: 'group_duration', type: 'trend', contains: 'time' },
  { name: 'data_sent', type: 'counter', contains: 'data' },
  { name: 'data_received', type: 'counter', contains: 'data' },
  { name: 'ws_sessions', type: 'counter', contains: 'default' },
  { name: 'ws_connecting', type: 'trend', contains: 'time' },
  { name: 'ws_session_duration', type: 'trend', contains: 'time' },
  { name: 'ws_msgs_sent', type: 'counter', contains: 'default' },
  { name: 'ws_msgs_received', type: 'counter', contains: 'default' },
  { name: 'ws_ping', type: 'trend', contains: 'time' },
  { name: 'ws_sockets_open', type: 'gauge', contains: 'default' },
  { name: 'ws_sockets_closed', type: 'counter', contains: 'default' },
  { name: 'ws_dns_lookup', type: 'trend', contains: 'time' },
  { name: 'ws_tcp_connecting', type: 'trend', contains: 'time' },
  { name: 'ws_tls_handshaking', type: 'trend', contains: 'time' },
  { name: 'ws_upgrading', type: 'trend', contains: 'time' },
  { name: 'http_reqs', type: 'counter', contains: 'default' },
  { name: 'http_req_failed', type: 'rate', contains: 'default' },
  { name: 'http_req_duration', type: 'trend', contains: 'time' },
  { name: 'http_req_blocked', type: 'trend', contains: 'time' },
  { name: 'http_req_connecting', type: 'trend', contains: 'time' },
  { name: 'http_req_tls_handshaking', type: 'trend', contains: 'time' },
  { name: 'http_req_sending', type: 'trend', contains: 'time' },
  { name: 'http_req_waiting', type: 'trend', contains: 'time' },
  { name: 'http_req_receiving', type: 'trend', contains: 'time' },
  { name: 'grpc_req_duration', type: 'trend', contains: 'time' },
] as const satisfies readonly MetricDefinition[];

/**
 * Built-in metrics that k6 has not: open sockets, ended connections by how they ended, phases of dials. Outputs, live page
 * and thresholds have them; what imitates k6's lists of metrics shows them only if a threshold asks. A script may have
 * metrics of these names: then they are the script's, and gharial has none (see MetricRegistry).
 */
const BEYOND_K6_NAMES = [
  'ws_sockets_open',
  'ws_sockets_closed',
  'ws_dns_lookup',
  'ws_tcp_connecting',
  'ws_tls_handshaking',
  'ws_upgrading',
] as const satisfies readonly BuiltinName[];
export const BEYOND_K6: ReadonlySet<string> = new Set(BEYOND_K6_NAMES);

export type BeyondK6Name = (typeof BEYOND_K6_NAMES)[number];
export type BuiltinName = (typeof BUILTIN_METRICS)[number]['name'];
