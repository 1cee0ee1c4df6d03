/**
 * The module `k6/ws`: `connect` blocks until the socket is closed; meanwhile its handlers run on an
 * inner loop and everything else of the VU waits.
 */
import { Op, type OpKind, type Resumer } from '../suspend/op.ts';
import { leaf } from '../suspend/runtime.ts';
import { dial as engineDial } from '../websocket/dial.ts';
import { type DialParams, type DialParamsRules, parseDialParams } from './dial-params.ts';
import type { ScriptModule, VuHost } from './host.ts';
import { NativeError } from './script-error.ts';
import type { Dial } from './socket-session.ts';
import { type UserFunction, WsSession } from './ws-session.ts';

const PARAMS_RULES: DialParamsRules = {
  rejectKey() {
    // k6/ws ignores keys it does not know.
  },
  badTags: 'invalid ws.connect() metric tags',
  isEmptyCompressionAllowed: true,
};

const ARGS_MIN = 2;
const ARGS_MAX = 3;

export interface WsModuleOptions {
  /** Stand-in for the engine's. */
  readonly dial?: Dial;
}

/** A running `connect`. */
class ConnectOp extends Op {
  readonly #host: VuHost;
  readonly #session: WsSession;
  #failure: NativeError | undefined;

  constructor(host: VuHost, dial: Dial, url: string, params: DialParams, callback: UserFunction) {
    super();
    this.#host = host;
    this.#session = new WsSession(host, dial, url, params, callback);
  }

  override get kind(): OpKind {
    return 'socket';
  }

  start(resumer: Resumer): void {
    this.#session.start(this.#host.openInnerLoop(), {
      ok: (response) => resumer.ok(response),
      fail: (error) => resumer.fail(error),
      failDial: (text) => {
        this.#failure = new NativeError(text);
        resumer.fail(this.#failure);
      },
    });
  }

  cancel(): void {
    this.#session.drop();
  }

  override throw(error: unknown): never {
    // Made in an engine callback; here the frames of the script are on the stack.
    if (error === this.#failure && error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}

function connectOp(host: VuHost, dial: Dial, args: readonly unknown[]): Op {
  if (host.phase === 'init') {
    throw new NativeError('using websockets in the init context is not supported');
  }
  if (args.length < ARGS_MIN || args.length > ARGS_MAX) {
    throw new NativeError('invalid number of arguments to ws.connect');
  }
  const callback = args.at(-1);
  if (typeof callback !== 'function') {
    throw new NativeError('last argument to ws.connect must be a function');
  }
  const given = args.length === ARGS_MAX ? args[1] : undefined;
  const params = parseDialParams(host, given, PARAMS_RULES);
  return new ConnectOp(host, dial, String(args[0]), params, callback as UserFunction); // border to script values
}

/** `k6/ws` bound to one VU. */
export function createWsModule(host: VuHost, options: WsModuleOptions = {}): ScriptModule {
  const dial = options.dial ?? engineDial;
  const connect = leaf(host, 'ws.connect', (_thisArg, args) => connectOp(host, dial, args));
  const named = { connect };
  return { named, default: named };
}
