/**
 * Which functions of the built-in modules block the virtual user, for the suspension transform. A module
 * that is not listed never blocks.
 */
import type { BlockingTable, HostMembers } from '../suspend/analysis-result.ts';

const CORE: HostMembers = {
  sleep: { blocks: true },
  group: { callsBack: true },
  check: { callsBackProperties: true },
};

const WS: HostMembers = { connect: { blocks: true, callsBack: true } };

/** `exec.test.abort()` never returns: it stops the VU where it stands. */
const EXECUTION: HostMembers = { test: { type: 'execution.test' } };

const HTTP_CALL = { blocks: true, returns: 'http.Response' } as const;
const HTTP: HostMembers = {
  batch: { blocks: true },
  del: HTTP_CALL,
  get: HTTP_CALL,
  head: HTTP_CALL,
  options: HTTP_CALL,
  patch: HTTP_CALL,
  post: HTTP_CALL,
  put: HTTP_CALL,
  request: HTTP_CALL,
};

/** `map` and `filter` are known by their names; a function given to `is` or `not` must not block. */
const SELECTION: HostMembers = { each: { callsBack: true } };

const HTML: HostMembers = { parseHTML: { returns: 'html.Selection' } };

export const BLOCKING_CALLS: BlockingTable = {
  modules: {
    k6: { named: CORE, default: { type: 'core' } },
    'k6/execution': { named: EXECUTION, default: { type: 'execution' } },
    'k6/html': { named: HTML, default: { type: 'html' } },
    'k6/http': { named: HTTP, default: { type: 'http' } },
    'k6/ws': { named: WS, default: { type: 'ws' } },
  },
  types: {
    core: CORE,
    execution: EXECUTION,
    'execution.test': { abort: { blocks: true } },
    http: HTTP,
    'http.Response': { submitForm: HTTP_CALL, clickLink: HTTP_CALL },
    html: HTML,
    'html.Selection': SELECTION,
    ws: WS,
  },
};
