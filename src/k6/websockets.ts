/**
 * The modules `k6/websockets` and `k6/experimental/websockets`: WebSocket and Blob; and the global
 * WebSocket, for packages made for browsers.
 */
import { dial as engineDial } from '../websocket/dial.ts';
import { Blob } from './blob.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { K6_RULES, WEB_RULES } from './socket-rules.ts';
import type { Dial } from './socket-session.ts';
import { bindWebSocketClass } from './websocket-class.ts';

export interface WebsocketsModuleOptions {
  /**
   * The import path is `k6/experimental/websockets`: binary messages arrive as ArrayBuffer unless the
   * script says otherwise, as scripts written for k6 <= 0.53 expect; a deprecation is logged.
   */
  readonly isExperimental?: boolean;
  /** Stand-in for the engine's. */
  readonly dial?: Dial;
}

const DEPRECATION =
  'k6/experimental/websockets is deprecated and will be removed in a future release. Please use k6/websockets instead.';

/** `k6/websockets` bound to one VU. */
export function createWebsocketsModule(
  host: VuHost,
  options: WebsocketsModuleOptions = {},
): ScriptModule {
  const isExperimental = options.isExperimental === true;
  if (isExperimental) host.logOnce('k6/experimental/websockets', 'warning', DEPRECATION);
  const WebSocket = bindWebSocketClass({
    host,
    dial: options.dial ?? engineDial,
    binaryType: isExperimental ? 'arraybuffer' : 'blob',
    rules: K6_RULES,
  });
  const named = { WebSocket, Blob };
  return { named, default: named };
}

/**
 * The global `WebSocket` of one VU: the standard's.
 *
 * @param baseUrl `location.href` of a script that has made itself one.
 */
export function createGlobalWebSocket(
  host: VuHost,
  baseUrl: () => string | undefined,
  dial: Dial = engineDial,
): unknown {
  return bindWebSocketClass({ host, dial, binaryType: 'blob', rules: WEB_RULES, baseUrl });
}
