/**
 * The `WebSocket` class of `k6/websockets`: the WHATWG interface with k6's extras (params as third
 * argument, `ping()`, ping and pong events) and k6's argument checks.
 *
 * One class serves all VUs of a thread; what a VU's script sees is a thin constructor bound to it.
 */
import { binaryBytes } from './blob.ts';
import { type DialParamsRules, dialRequestOf, parseDialParams } from './dial-params.ts';
import { invalidStateError, ScriptDomException } from './dom-exception.ts';
import { EventTarget, handlerOf, setHandler } from './events.ts';
import { MALFORMED_URL } from './go-errors.ts';
import { goTypeName } from './go-types.ts';
import type { VuHost } from './host.ts';
import { NativeError } from './script-error.ts';
import {
  type BinaryType,
  type Dial,
  NORMAL_CODE,
  ReadyState,
  SocketSession,
} from './socket-session.ts';
import { namedSocketTags } from './ws-metrics.ts';
import { type GoUrl, parseGoUrl, wsAddressOf } from './ws-url.ts';

/** What a VU's constructor adds to the arguments of the script. */
export interface SocketBinding {
  readonly host: VuHost;
  readonly dial: Dial;
  readonly binaryType: BinaryType;
}

const SOCKET_EVENTS = ['open', 'message', 'error', 'close', 'ping', 'pong'] as const;

const CLOSE_REASON_BYTES_MAX = 123;
const APPLICATION_CODE_MIN = 3000;
const APPLICATION_CODE_MAX = 4999;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const encoder = new TextEncoder();

const PARAMS_RULES: DialParamsRules = {
  rejectKey(key) {
    throw new NativeError(`unknown WebSocket's option ${key}`);
  },
  badTags: 'invalid WebSocket tags option',
  isEmptyCompressionAllowed: false,
};

function syntaxError(message: string): ScriptDomException {
  return new ScriptDomException('SyntaxError', message);
}

/** http and https stand for ws and wss (WHATWG). */
const MAPPED_SCHEMES: Readonly<Record<string, string>> = { http: 'ws', https: 'wss' };

function socketUrlOf(value: unknown): GoUrl {
  if (value === undefined || value === null) throw new NativeError('WebSocket requires a url');
  const text = String(value);
  let url: GoUrl;
  try {
    url = parseGoUrl(text);
    const mapped = MAPPED_SCHEMES[url.scheme];
    if (mapped !== undefined) url = parseGoUrl(mapped + url.text.slice(url.scheme.length));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw syntaxError(`WebSocket requires valid url, but got "${text}" which resulted in ${why}`);
  }
  if (url.scheme !== 'ws' && url.scheme !== 'wss') {
    throw syntaxError(`WebSocket requires url with scheme ws or wss, but got "${url.scheme}"`);
  }
  if (url.fragment !== '') {
    throw syntaxError(`WebSocket requires no url fragment, but got "${url.fragment}"`);
  }
  return url;
}

/** A string or an array; anything else asks for none, as in k6. */
function protocolsOf(value: unknown): readonly string[] {
  const protocols = Array.isArray(value) ? value.map(String) : [];
  if (typeof value === 'string' && value !== '') protocols.push(value);
  for (const [index, protocol] of protocols.entries()) {
    if (!TOKEN.test(protocol)) {
      throw syntaxError(
        `Failed to construct 'WebSocket': The subprotocol '${protocol}' is invalid.`,
      );
    }
    if (protocols.indexOf(protocol) !== index) {
      throw syntaxError(
        `Failed to construct 'WebSocket': The subprotocol '${protocol}' is duplicated.`,
      );
    }
  }
  return protocols;
}

/** 0 = none given. k6 takes what is no number for none. */
function closeCodeOf(value: unknown): number {
  const code = value === undefined ? 0 : Math.trunc(Number(value)) || 0;
  const isAllowed =
    code === 0 ||
    code === NORMAL_CODE ||
    (code >= APPLICATION_CODE_MIN && code <= APPLICATION_CODE_MAX);
  if (!isAllowed) {
    throw new ScriptDomException(
      'InvalidAccessError',
      `InvalidAccessError: Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${code} is neither`,
    );
  }
  return code;
}

function closeReasonOf(value: unknown): string {
  const reason = value === undefined ? '' : String(value);
  if (encoder.encode(reason).byteLength > CLOSE_REASON_BYTES_MAX) {
    throw syntaxError(
      "SyntaxError: Failed to execute 'close' on 'WebSocket': The message must not be greater than 123 bytes",
    );
  }
  return reason;
}

/** `WebSocket` before it is bound to a VU; scripts reach it only through the bound constructor. */
export class BoundWebSocket extends EventTarget {
  declare static readonly CONNECTING: 0;
  declare static readonly OPEN: 1;
  declare static readonly CLOSING: 2;
  declare static readonly CLOSED: 3;
  readonly #session: SocketSession;

  /**
   * @throws ScriptDomException `SyntaxError` for the URL and the subprotocols; NativeError with k6's
   *   texts for params.
   */
  constructor(binding: SocketBinding, url: unknown, protocols: unknown, params: unknown) {
    super();
    const { host } = binding;
    if (host.phase === 'init') {
      throw new NativeError('using websockets in the init context is not supported');
    }
    const goUrl = socketUrlOf(url);
    const offered = protocolsOf(protocols);
    const dialParams = parseDialParams(host, params, PARAMS_RULES);
    const text = goUrl.text.replace(/#$/, '');
    this.#session = new SocketSession({
      host,
      target: this,
      url: text,
      tags: namedSocketTags(host, dialParams.tags, text),
      jar: dialParams.jar,
      binaryType: binding.binaryType,
    });
    const address = wsAddressOf(goUrl);
    if (address === undefined) {
      this.#session.beginFailed(MALFORMED_URL);
    } else {
      const request = dialRequestOf(host, text, address, dialParams, offered);
      this.#session.begin(binding.dial, request, address);
    }
  }

  get url(): string {
    return this.#session.url;
  }

  get readyState(): number {
    return this.#session.readyState;
  }

  /** Payload bytes of messages not yet written to the network. */
  get bufferedAmount(): number {
    return this.#session.bufferedBytes;
  }

  get extensions(): string {
    return this.#session.extensions;
  }

  get protocol(): string {
    return this.#session.protocol;
  }

  get binaryType(): string {
    return this.#session.binaryType;
  }

  /** @throws NativeError for other values (the web ignores them silently). */
  set binaryType(value: unknown) {
    if (value !== 'blob' && value !== 'arraybuffer') {
      throw new NativeError(
        `unknown binaryType ${String(value)}, the supported ones are "blob" and "arraybuffer"`,
      );
    }
    this.#session.binaryType = value;
  }

  /**
   * Queues a text or binary message.
   *
   * @throws ScriptDomException `InvalidStateError` unless open; NativeError for other types of data.
   */
  send(data: unknown): void {
    const session = this.#session;
    if (session.readyState !== ReadyState.open) throw invalidStateError();
    if (typeof data === 'string') {
      session.sendText(data);
      return;
    }
    const bytes = binaryBytes(data);
    if (bytes === undefined) throw new NativeError(`unsupported send type ${goTypeName(data)}`);
    session.sendBinary(bytes);
  }

  /** Sends a Ping; its pong is a `ws_ping` sample. @throws as `send` unless open. */
  ping(): void {
    if (this.#session.readyState !== ReadyState.open) throw invalidStateError();
    this.#session.ping();
  }

  /** Without a code 1000 is sent, as in k6. Nothing happens when closing or closed. */
  close(code?: unknown, reason?: unknown): void {
    const session = this.#session;
    if (session.readyState >= ReadyState.closing) return;
    const number = closeCodeOf(code);
    const text = closeReasonOf(reason);
    session.close(number === 0 ? NORMAL_CODE : number, text);
  }

  /**
   * As EventTarget's, but a missing callback is an error and an unknown type a warning, as in k6.
   */
  override addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const name = String(type);
    if (!SOCKET_EVENTS.some((known) => known === name)) {
      this.#session.host.log('warning', `can't add event handler: unknown event type: ${name}`);
    }
    if (callback === undefined || callback === null) {
      throw new NativeError(`handler for event type "${name}" isn't a callable function`);
    }
    super.addEventListener(name, callback, options);
  }

  /** What JSON.stringify shows of a socket, in k6's order. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { url, readyState, bufferedAmount, extensions, protocol, binaryType } = this;
    return { url, readyState, bufferedAmount, extensions, protocol, binaryType };
  }

  override get [Symbol.toStringTag](): string {
    return 'WebSocket';
  }
}

for (const [name, state] of Object.entries(ReadyState)) {
  const constant = { value: state, enumerable: true };
  Object.defineProperty(BoundWebSocket, name.toUpperCase(), constant);
  Object.defineProperty(BoundWebSocket.prototype, name.toUpperCase(), constant);
}

for (const type of SOCKET_EVENTS) {
  Object.defineProperty(BoundWebSocket.prototype, `on${type}`, {
    enumerable: true,
    configurable: true,
    get(this: BoundWebSocket): unknown {
      return handlerOf(this, type);
    },
    set(this: BoundWebSocket, value: unknown): void {
      if (value !== undefined && value !== null && typeof value !== 'function') {
        throw new NativeError(`a value for 'on${type}' should be callable`);
      }
      setHandler(this, type, value ?? null);
    },
  });
}

/** The `WebSocket` constructor of one VU. `new` may be left out, as in k6. */
export function bindWebSocketClass(binding: SocketBinding): unknown {
  function WebSocket(url: unknown, protocols: unknown, params: unknown): unknown {
    const target = new.target ?? WebSocket;
    return Reflect.construct(BoundWebSocket, [binding, url, protocols, params], target);
  }
  Object.setPrototypeOf(WebSocket, BoundWebSocket);
  WebSocket.prototype = Object.create(BoundWebSocket.prototype, {
    constructor: { value: WebSocket, writable: true, configurable: true },
  });
  Object.defineProperty(WebSocket, 'length', { value: 1 });
  return WebSocket;
}
