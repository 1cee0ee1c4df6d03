/**
 * The `WebSocket` class of scripts: the WHATWG interface with k6's extras (params as third argument,
 * `ping()`, ping and pong events). `SocketRules` say where `k6/websockets` and the global class differ.
 *
 * One implementation serves all VUs of a thread; each VU gets a constructor and a prototype of its own,
 * so that a script that patches them patches them for itself only.
 */
import { withoutUserInfo } from '../base/credentials.ts';
import { PRINTED } from './console.ts';
import { type DialParamsRules, dialRequestOf, parseDialParams } from './dial-params.ts';
import { domException, invalidStateError } from './dom-exception.ts';
import { EventTarget, handlerOf, setHandler } from './events.ts';
import type { VuHost } from './host.ts';
import { TOKEN } from './http-headers.ts';
import { NativeError } from './script-error.ts';
import type { SocketRules } from './socket-rules.ts';
import { type BinaryType, type Dial, ReadyState, SocketSession } from './socket-session.ts';
import { basicCredentials, socketAddressOf } from './socket-url.ts';
import { namedSocketTags } from './ws-metrics.ts';

/** What a VU's constructor adds to the arguments of the script. */
export interface SocketBinding {
  readonly host: VuHost;
  readonly dial: Dial;
  readonly binaryType: BinaryType;
  readonly rules: SocketRules;
  /** What relative URLs are relative to, if the script has said so. */
  baseUrl?(): string | undefined;
  /** What the script knows as `WebSocket`. */
  readonly socketClass: unknown;
}

/** `WebSocket.timings`, ms; 0 where a phase did not happen. */
export interface SocketTimings {
  readonly dns: number;
  readonly tcp: number;
  readonly tls: number;
  readonly upgrade: number;
  readonly total: number;
}

const SOCKET_EVENTS = ['open', 'message', 'error', 'close', 'ping', 'pong'] as const;

const PARAMS_RULES: DialParamsRules = {
  rejectKey(key) {
    throw new NativeError(`unknown WebSocket's option ${key}`);
  },
  badTags: 'invalid WebSocket tags option',
  isEmptyCompressionAllowed: false,
};

/** @throws DOMException `SyntaxError`; names that differ in case only count as equal. */
function checkProtocols(protocols: readonly string[]): void {
  const seen = new Set<string>();
  for (const protocol of protocols) {
    const lower = protocol.toLowerCase();
    const isDuplicate = seen.has(lower);
    seen.add(lower);
    if (isDuplicate || !TOKEN.test(protocol)) {
      const fault = isDuplicate ? 'duplicated' : 'invalid';
      throw domException(
        'SyntaxError',
        `Failed to construct 'WebSocket': The subprotocol '${protocol}' is ${fault}.`,
      );
    }
  }
}

/** The URL of the `url` tag: as written, which is what k6 shows, but for the scheme, an empty fragment and credentials. */
function taggedUrl(written: string, url: URL): string {
  const rest = /^(?:ws|http)s?:(\/\/.*)$/is.exec(written)?.[1];
  if (rest === undefined || url.username !== '' || url.password !== '') {
    return withoutUserInfo(url.href);
  }
  return url.protocol + rest.replace(/#$/, '');
}

/** What a browser sends by itself: the credentials of the URL, and the origin of a page. */
function defaultHeaders(url: URL, baseUrl: string | undefined): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  const credentials = basicCredentials(url);
  if (credentials !== '') headers.set('Authorization', credentials);
  if (baseUrl !== undefined) headers.set('Origin', new URL(baseUrl).origin);
  return headers;
}

/** The session of a socket; undefined for anything else. */
let sessionOf: (value: unknown) => SocketSession | undefined;
/** The class that a script made the socket of; undefined for anything else. */
let classOf: (value: unknown) => unknown;
/** The `send` that stays with its socket, made at the first call: sockets at rest need none. */
let ownSendOf: (socket: BoundWebSocket) => unknown;

/** @throws TypeError for a method or property that is used without its socket. */
function ownSession(socket: unknown): SocketSession {
  const session = sessionOf(socket);
  if (session !== undefined) return session;
  throw new TypeError(
    'Illegal invocation: a method or property of a WebSocket was used without its socket; call it as socket.send(…), or keep socket.send.bind(socket)',
  );
}

/** `WebSocket` before it is bound to a VU; scripts reach it only through the bound constructor. */
export class BoundWebSocket extends EventTarget {
  readonly #session: SocketSession;
  readonly #binding: SocketBinding;
  #ownSend: unknown;

  static {
    sessionOf = (value) =>
      typeof value === 'object' && value !== null && #session in value ? value.#session : undefined;
    classOf = (value) =>
      typeof value === 'object' && value !== null && #binding in value
        ? value.#binding.socketClass
        : undefined;
    ownSendOf = (socket) => {
      socket.#ownSend ??= sendOf(socket.#session, socket.#binding.rules);
      return socket.#ownSend;
    };
  }

  /**
   * @throws DOMException `SyntaxError` for the URL and the subprotocols; NativeError with k6's
   *   texts for params.
   */
  constructor(binding: SocketBinding, args: readonly unknown[]) {
    super();
    const { host, rules } = binding;
    this.#binding = binding;
    if (host.phase === 'init') {
      throw new NativeError('using websockets in the init context is not supported');
    }
    const baseUrl = binding.baseUrl?.();
    const url = rules.url(args, baseUrl);
    const protocols = rules.protocols(args[1]);
    checkProtocols(protocols);
    const params = parseDialParams(host, rules.params(args[2]), PARAMS_RULES);
    const { href } = url;
    this.#session = new SocketSession({
      host,
      target: this,
      url: href,
      origin: rules.isOriginWholeUrl ? href : url.origin,
      tags: namedSocketTags(host, params.tags, taggedUrl(String(args[0]), url)),
      jar: params.jar,
      binaryType: binding.binaryType,
      rules,
    });
    const address = socketAddressOf(url);
    const defaults = defaultHeaders(url, baseUrl);
    const request = dialRequestOf(host, href, address, params, protocols, defaults);
    this.#session.begin(
      binding.dial,
      rules.requiresProtocolAnswer ? { ...request, requiresProtocolAnswer: true } : request,
      address,
    );
  }

  get url(): string {
    return ownSession(this).url;
  }

  get readyState(): number {
    return ownSession(this).readyState;
  }

  /** Payload bytes of messages not yet written to the network. */
  get bufferedAmount(): number {
    return ownSession(this).bufferedBytes;
  }

  get extensions(): string {
    return ownSession(this).extensions;
  }

  get protocol(): string {
    return ownSession(this).protocol;
  }

  get binaryType(): string {
    return ownSession(this).binaryType;
  }

  /** @throws NativeError for other values in `k6/websockets`; the global class ignores them. */
  set binaryType(value: unknown) {
    const session = ownSession(this);
    session.binaryType = this.#binding.rules.binaryType(value) ?? session.binaryType;
  }

  /**
   * Queues a text or binary message.
   *
   * @throws DOMException `InvalidStateError` while connecting, in `k6/websockets` unless open.
   */
  send(...args: [data: unknown]): void {
    sendThrough(ownSession(this), this.#binding.rules, args);
  }

  /** Sends a Ping; its pong is a `ws_ping` sample. @throws as `send` unless open. */
  ping(): void {
    const session = ownSession(this);
    if (session.readyState !== ReadyState.open) throw invalidStateError();
    session.ping();
  }

  /**
   * Stops taking messages from the network, as a slow consumer would; pings wait, too. Ours.
   */
  pause(): void {
    ownSession(this).pause();
  }

  /** Goes on after `pause()`. */
  resume(): void {
    ownSession(this).resume();
  }

  /** Phases of the dial in ms, once it is over; undefined before. Ours. */
  get timings(): SocketTimings | undefined {
    const timings = ownSession(this).timings;
    if (timings === undefined) return undefined;
    const { dnsMs: dns, tcpMs: tcp, tlsMs: tls, upgradeMs: upgrade, totalMs: total } = timings;
    return { dns, tcp, tls, upgrade, total };
  }

  /** Nothing happens when closing or closed; while connecting the dial is given up. */
  close(code: unknown = undefined, reason: unknown = undefined): void {
    const session = ownSession(this);
    const { rules } = this.#binding;
    if (session.readyState >= ReadyState.closing && rules.isCallable) return;
    const closing = rules.closing(code, reason);
    if (session.readyState < ReadyState.closing) session.close(closing.code, closing.reason);
  }

  /** As EventTarget's, but an unknown type is a warning, as in k6. */
  override addEventListener(type: unknown, callback: unknown, options?: unknown): void {
    const { host } = ownSession(this);
    const name = String(type);
    this.#binding.rules.checkListener(name, callback);
    if (!SOCKET_EVENTS.some((known) => known === name)) {
      host.log('warning', `can't add event handler: unknown event type: ${name}`);
    }
    super.addEventListener(name, callback, options);
  }

  /** What JSON.stringify shows of a socket, in k6's order. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { url, readyState, bufferedAmount, extensions, protocol, binaryType } = this;
    return { url, readyState, bufferedAmount, extensions, protocol, binaryType };
  }

  /** What `console.log` shows: the same, and what a script has added. */
  [PRINTED](): object {
    // A prototype is printed, too.
    if (sessionOf(this) === undefined) return {};
    return { ...BoundWebSocket.prototype.toJSON.call(this), ...this };
  }

  handlerFor(type: string): unknown {
    ownSession(this);
    return handlerOf(this, type);
  }

  /** @throws NativeError for what `k6/websockets` refuses. */
  setHandlerFor(type: string, value: unknown): void {
    ownSession(this);
    const { rules } = this.#binding;
    setHandler(this, type, rules.handler(type, value), rules.runsHandlersFirst);
  }
}

/** See `BoundWebSocket.send`. */
function sendThrough(session: SocketSession, rules: SocketRules, args: readonly unknown[]): void {
  const isOpen = session.readyState === ReadyState.open;
  const mayBeLost = !rules.refusesLateSend && session.readyState !== ReadyState.connecting;
  // No argument at all is a TypeError of the standard before anything else.
  if (!isOpen && !mayBeLost && args.length > 0) throw invalidStateError();
  const payload = rules.payload(args);
  if (!isOpen) session.lose(payload);
  else if (typeof payload === 'string') session.sendText(payload);
  else session.sendBinary(payload);
}

function sendOf(session: SocketSession, rules: SocketRules): unknown {
  const send = (data: unknown): void => sendThrough(session, rules, [data]);
  return send;
}

const PRIVATE_MEMBERS = ['constructor', 'handlerFor', 'setHandlerFor'];
/** k6's and ours; not listed by `for … in`, so that the interface is the standard's. */
const EXTRA_MEMBERS = ['addEventListener', 'pause', 'ping', 'resume', 'timings', 'toJSON'];

type Method = (...args: unknown[]) => unknown;

/** Members of the prototype of sockets; @param bindsMethods see `SocketRules`. */
function membersOf(bindsMethods: boolean): PropertyDescriptorMap {
  const members = prototypeMembers();
  if (!bindsMethods) return members;
  for (const [name, descriptor] of Object.entries(members)) {
    const method: unknown = descriptor.value;
    if (typeof method !== 'function') continue;
    const get = name === 'send' ? readSend : readerOf(method as Method);
    members[name] = overridable(name, get, descriptor.enumerable === true);
  }
  return members;
}

/**
 * What makes sockets with these members, and owns their prototype. A class, since V8 gives each object that is
 * made for another kind of `new.target` a shape of its own, which costs memory and defeats inline caches.
 */
function makerOf(members: PropertyDescriptorMap): typeof BoundWebSocket {
  class Socket extends BoundWebSocket {}
  Object.setPrototypeOf(Socket.prototype, EventTarget.prototype);
  Object.defineProperties(Socket.prototype, members);
  return Socket;
}

/** A maker for all VUs that do not look at prototypes: their sockets are of one shape. */
function sharedMakerOf(members: PropertyDescriptorMap): typeof BoundWebSocket {
  return makerOf({ ...members, constructor: overridable('constructor', readClass, false) });
}

/** A member that is read by `get`, and that a socket or a prototype may have one of its own for. */
function overridable(name: string, get: () => unknown, enumerable: boolean): PropertyDescriptor {
  return {
    get,
    set(value: unknown) {
      const own = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, own);
    },
    enumerable,
    configurable: true,
  };
}

/**
 * A method that stays with its socket when it is taken off (`const { close } = socket`); the prototype itself
 * has the plain one. Every read gives a function of its own, for some 0.5 us: nothing is kept for a socket.
 */
function readerOf(method: Method): (this: unknown) => unknown {
  return function (): unknown {
    return sessionOf(this) === undefined ? method : method.bind(this);
  };
}

/** The same for the one method that is read for each message: kept. */
function readSend(this: unknown): unknown {
  if (sessionOf(this) === undefined) return BoundWebSocket.prototype.send;
  return ownSendOf(this as BoundWebSocket); // its brand is checked
}

function readClass(this: unknown): unknown {
  return classOf(this);
}

/** Members of `WebSocket.prototype` as WebIDL lays them out. */
function prototypeMembers(): PropertyDescriptorMap {
  const members: PropertyDescriptorMap = {
    ...constants(),
    [Symbol.toStringTag]: { value: 'WebSocket', configurable: true },
    [PRINTED]: { value: BoundWebSocket.prototype[PRINTED] },
  };
  const own = Object.getOwnPropertyDescriptors(BoundWebSocket.prototype);
  for (const [name, descriptor] of Object.entries(own)) {
    if (PRIVATE_MEMBERS.includes(name)) continue;
    members[name] = { ...descriptor, enumerable: !EXTRA_MEMBERS.includes(name) };
  }
  for (const type of SOCKET_EVENTS) members[`on${type}`] = handlerAttribute(type);
  return members;
}

function constants(): PropertyDescriptorMap {
  const members: PropertyDescriptorMap = {};
  for (const [name, value] of Object.entries(ReadyState)) {
    members[name.toUpperCase()] = { value, enumerable: true };
  }
  return members;
}

function handlerAttribute(type: string): PropertyDescriptor {
  const attribute = {
    get [`on${type}`](): unknown {
      return BoundWebSocket.prototype.handlerFor.call(this as unknown as BoundWebSocket, type); // its brand is checked
    },
    set [`on${type}`](value: unknown) {
      BoundWebSocket.prototype.setHandlerFor.call(this as unknown as BoundWebSocket, type, value); // as above
    },
  };
  return {
    ...Object.getOwnPropertyDescriptor(attribute, `on${type}`),
    enumerable: true,
    configurable: true,
  };
}

// The number of required arguments, which rest parameters do not show.
Object.defineProperty(BoundWebSocket.prototype.send, 'length', { value: 1 });

const K6_MEMBERS = membersOf(true);
const WEB_MEMBERS = membersOf(false);
const SHARED_K6_MAKER = sharedMakerOf(K6_MEMBERS);
const SHARED_WEB_MAKER = sharedMakerOf(WEB_MEMBERS);
const CONSTANTS = constants();
/** Behind the constructors of VUs that do not look at prototypes: what they write to their own stays their own. */
const SHARED_CONSTRUCTOR: object = Object.create(EventTarget, CONSTANTS);

/**
 * The `WebSocket` constructor of one VU. Memory: 2.3 KB if members and constants are to lie on the VU's own
 * objects, as WebIDL has it; else less than a fifth of that.
 */
export function bindWebSocketClass(bound: Omit<SocketBinding, 'socketClass'>): unknown {
  const binding: SocketBinding = { ...bound, socketClass: WebSocket };
  const { bindsMethods, isCallable } = bound.rules;
  const isOwn = bound.host.looksAtPrototypes;
  const shared = bindsMethods ? SHARED_K6_MAKER : SHARED_WEB_MAKER;
  const maker = isOwn ? ownMakerOf(bindsMethods, WebSocket) : shared;
  function WebSocket(...args: unknown[]): unknown {
    if (new.target === undefined && !isCallable) {
      throw new TypeError("Failed to construct 'WebSocket': Please use the 'new' operator");
    }
    const isSubclass = new.target !== undefined && new.target !== WebSocket;
    return Reflect.construct(BoundWebSocket, [binding, args], isSubclass ? new.target : maker);
  }
  Object.setPrototypeOf(WebSocket, isOwn ? EventTarget : SHARED_CONSTRUCTOR);
  Object.defineProperty(WebSocket, 'length', { value: 1 });
  WebSocket.prototype = maker.prototype;
  if (isOwn) {
    Object.defineProperties(WebSocket, CONSTANTS);
    Object.defineProperty(WebSocket, 'prototype', { writable: false });
  }
  return WebSocket;
}

function ownMakerOf(bindsMethods: boolean, socketClass: unknown): typeof BoundWebSocket {
  return makerOf({
    ...(bindsMethods ? K6_MEMBERS : WEB_MEMBERS),
    constructor: { value: socketClass, writable: true, configurable: true },
  });
}
