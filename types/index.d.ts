/**
 * Types for scripts: those of k6 (`@types/k6`), and what they leave out or have wrong.
 *
 * In the tsconfig.json beside the scripts (nothing is compiled with it, editors and `tsc` read it):
 *
 *   { "compilerOptions": { "lib": ["es2023", "dom"], "module": "esnext", "moduleResolution": "bundler",
 *       "allowImportingTsExtensions": true, "noEmit": true, "types": ["gharial/types"] } }
 *
 * The web's globals (console, setTimeout, URL, crypto, ...) come from the "dom" library. A module that is
 * declared here takes the place of the one in `@types/k6`; this file must stay free of imports for that.
 */
/// <reference types="k6" />
/// <reference path="./html.d.ts" />

/** What `fetch` takes beyond the "dom" library. */
interface RequestInit {
  /** Tags of the request's samples; `name` stands for its address. */
  tags?: Record<string, number | string | boolean>;
}

/** An address of `http.url`, whose requests share a name. */
declare function fetch(
  input: ReturnType<typeof import('k6/http').url>,
  init?: RequestInit,
): Promise<Response>;

/** As in `@types/k6`, with subprotocols, events as listeners get them, and EventTarget's other methods. */
declare module 'k6/websockets' {
  import type { CookieJar } from 'k6/http';

  export type ReadyState = 0 | 1 | 2 | 3;
  export type BinaryType = 'blob' | 'arraybuffer';
  export type EventName = 'open' | 'close' | 'error' | 'message' | 'ping' | 'pong';
  export type CompressionAlgorithm = 'deflate';

  /** Of gharial: what permessage-deflate offers, and when it compresses (RFC 7692). */
  export interface CompressionSettings {
    algorithm?: CompressionAlgorithm;
    /** Smaller messages (bytes) go as they are; default 0. */
    threshold?: number;
    /** Default true. */
    clientNoContextTakeover?: boolean;
    serverNoContextTakeover?: boolean;
    /** Default true: the server chooses; false: not offered. */
    clientMaxWindowBits?: number | boolean;
    serverMaxWindowBits?: number;
  }

  export interface Params {
    headers?: Record<string, string>;
    /** permessage-deflate is offered only if this is set. */
    compression?: CompressionAlgorithm | CompressionSettings;
    /** Of gharial: redirects to follow, default 0. */
    redirects?: number;
    /** Of gharial: durations like '5s', or ms. */
    connectTimeout?: string | number;
    handshakeTimeout?: string | number;
    closeTimeout?: string | number;
    /** Of gharial: read so many bytes per second at most. */
    readRate?: number;
    tags?: Record<string, number | string | boolean>;
    /** The VU's own jar if left out. */
    jar?: CookieJar | null;
    /** Of gharial: in place of the run's; PEM text or its bytes. */
    tls?: {
      cert?: string | ArrayBuffer | ArrayBufferView;
      key?: string | ArrayBuffer | ArrayBufferView;
      ca?: string | ArrayBuffer | ArrayBufferView | (string | ArrayBuffer | ArrayBufferView)[];
      servername?: string;
      /** Of the key. */
      password?: string;
    };
    /** Of gharial: `http:`, `https:` or `socks5:` URL, with credentials if needed; empty for none; in place of the environment's. */
    proxy?: string | null;
  }

  export interface WebSocketEvent {
    readonly type: EventName;
    readonly target: WebSocket;
    /** Epoch ms. */
    readonly timestamp: number;
  }

  /** `data` is a string for text; for binary what `binaryType` says. Not checked, as in lib.dom. */
  export interface MessageEvent<T = any> extends WebSocketEvent {
    readonly data: T;
  }

  export interface ErrorEvent extends WebSocketEvent {
    readonly error: string;
    /** Of gharial, if a dial failed. */
    readonly reason?: 'dial-failed' | 'dial-rejected' | 'dial-timeout' | 'dial-aborted';
    /** Of gharial, if the server answered the dial: `body` is the first KiB. */
    readonly response?: {
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };
  }

  export interface CloseEvent extends WebSocketEvent {
    readonly code: number;
    readonly reason: string;
    readonly wasClean: boolean;
  }

  export interface WebSocketEventMap {
    open: WebSocketEvent;
    message: MessageEvent;
    error: ErrorEvent;
    close: CloseEvent;
    ping: WebSocketEvent;
    pong: WebSocketEvent;
  }

  type Handler<K extends EventName> = ((event: WebSocketEventMap[K]) => unknown) | null | undefined;

  export class WebSocket {
    static readonly CONNECTING: 0;
    static readonly OPEN: 1;
    static readonly CLOSING: 2;
    static readonly CLOSED: 3;

    constructor(url: string, protocols?: string | string[] | null, params?: Params | null);

    readonly url: string;
    readonly readyState: ReadyState;
    /** Bytes given to `send` that have not left yet. */
    readonly bufferedAmount: number;
    /** What the server agreed to; empty before the handshake. */
    readonly protocol: string;
    readonly extensions: string;
    binaryType: BinaryType;

    readonly CONNECTING: 0;
    readonly OPEN: 1;
    readonly CLOSING: 2;
    readonly CLOSED: 3;

    get onopen(): Handler<'open'>;
    set onopen(handler: Handler<'open'>);
    get onmessage(): Handler<'message'>;
    set onmessage(handler: Handler<'message'>);
    get onerror(): Handler<'error'>;
    set onerror(handler: Handler<'error'>);
    get onclose(): Handler<'close'>;
    set onclose(handler: Handler<'close'>);
    get onping(): Handler<'ping'>;
    set onping(handler: Handler<'ping'>);
    get onpong(): Handler<'pong'>;
    set onpong(handler: Handler<'pong'>);

    /** Blobs of this module, and those of `fetch`. */
    send(
      data: string | ArrayBuffer | ArrayBufferView | Blob | InstanceType<typeof globalThis.Blob>,
    ): void;
    ping(): void;
    /** Of gharial: stop reading, as a slow consumer would, and go on. */
    pause(): void;
    resume(): void;
    /** Of gharial: phases of the dial in ms, once it is over. */
    readonly timings:
      | {
          readonly dns: number;
          readonly tcp: number;
          readonly tls: number;
          readonly upgrade: number;
          readonly total: number;
        }
      | undefined;
    close(code?: number, reason?: string): void;
    addEventListener<K extends EventName>(
      type: K,
      listener: (event: WebSocketEventMap[K]) => unknown,
      options?: { once?: boolean; signal?: AbortSignal },
    ): void;
    removeEventListener<K extends EventName>(
      type: K,
      listener: (event: WebSocketEventMap[K]) => unknown,
    ): void;
  }

  export type BlobPart = ArrayBuffer | ArrayBufferView | Blob | string;

  export interface BlobOptions {
    type?: string;
  }

  export class Blob {
    constructor(blobParts?: BlobPart[], options?: BlobOptions);
    readonly type: string;
    readonly size: number;
    arrayBuffer(): Promise<ArrayBuffer>;
    bytes(): Promise<Uint8Array>;
    slice(start?: number, end?: number, type?: string): Blob;
    stream(): import('k6/experimental/streams').ReadableStream;
    text(): Promise<string>;
  }
}

/** The former name of the module; `binaryType` starts as `arraybuffer` here. */
declare module 'k6/experimental/websockets' {
  export * from 'k6/websockets';
}

/** The former name of the module. */
declare module 'k6/experimental/timers' {
  export * from 'k6/timers';
}

/** As in `@types/k6`, but `parse` gives rows, and a row is what `asObjects` makes it. */
declare module 'k6/experimental/csv' {
  import type { File } from 'k6/experimental/fs';

  export interface Options {
    delimiter?: string;
    skipFirstLine?: boolean;
    fromLine?: number;
    toLine?: number;
    /** The first line names the columns. */
    asObjects?: boolean;
  }

  type Row<O> = O extends { asObjects: true } ? Record<string, string> : string[];

  /** All rows, shared by all VUs, read-only. */
  export function parse<const O extends Options = Options>(
    file: File,
    options?: O,
  ): Promise<readonly Row<O>[]>;

  export class Parser<const O extends Options = Options> {
    constructor(file: File, options?: O);
    next(): Promise<{ done: boolean; value: Row<O> }>;
  }

  const csv: { parse: typeof parse; Parser: typeof Parser };
  export default csv;
}

declare module 'https://jslib.k6.io/k6-utils/*/index.js' {
  export function randomIntBetween(min: number, max: number): number;
  export function randomItem<T>(items: readonly T[]): T;
  export function randomString(length: number, charset?: string): string;
  export function uuidv4(secure?: boolean): string;
  export function findBetween(content: string, left: string, right: string): string | null;
  export function findBetween(
    content: string,
    left: string,
    right: string,
    repeat: true,
  ): string[] | null;
  export function normalDistributionStages(
    maxVUs: number,
    durationSeconds: number,
    numberOfStages?: number,
  ): import('k6/options').Stage[];
  export function getCurrentStageIndex(): number;
  export function tagWithCurrentStageIndex(): void;
  export function tagWithCurrentStageProfile(): void;
  export function parseDuration(text: string): number;
  /** A promise if a check is, or returns, one. */
  export function check<V>(
    value: V,
    sets: Record<string, unknown>,
    tags?: Record<string, string>,
  ): boolean | Promise<boolean>;
}

declare module 'https://jslib.k6.io/k6-summary/*/index.js' {
  export function textSummary(
    data: object,
    options?: {
      indent?: string;
      enableColors?: boolean;
      summaryTrendStats?: readonly string[];
      summaryTimeUnit?: string;
    },
  ): string;
  export function jUnit(data: object, options?: { name?: string; classname?: string }): string;
  export function humanizeValue(value: number, metric: object, timeUnit?: string): string;
}

declare module 'https://jslib.k6.io/url/*/index.js' {
  const OwnUrl: typeof globalThis.URL;
  const OwnUrlSearchParams: typeof globalThis.URLSearchParams;
  export { OwnUrl as URL, OwnUrlSearchParams as URLSearchParams };
}

declare module 'https://jslib.k6.io/formdata/*/index.js' {
  export class FormData {
    readonly boundary: string;
    append(name: string, value: unknown, filename?: string): void;
    body(): ArrayBuffer;
  }
}

declare module 'https://jslib.k6.io/k6-testing/*/index.js' {
  export interface Expectation {
    readonly not: Expectation;
    toBe(expected: unknown): void;
    toBeCloseTo(expected: number, precision?: number): void;
    toBeDefined(): void;
    toBeFalsy(): void;
    toBeGreaterThan(expected: number | bigint): void;
    toBeGreaterThanOrEqual(expected: number | bigint): void;
    toBeInstanceOf(expected: new (...args: never[]) => unknown): void;
    toBeLessThan(expected: number | bigint): void;
    toBeLessThanOrEqual(expected: number | bigint): void;
    toBeNaN(): void;
    toBeNull(): void;
    toBeTruthy(): void;
    toBeUndefined(): void;
    toContain(expected: unknown): void;
    toContainEqual(expected: unknown): void;
    toEqual(expected: unknown): void;
    toHaveLength(expected: number): void;
    toHaveProperty(path: string | readonly (string | number)[], expected?: unknown): void;
  }

  interface Expect {
    (actual: unknown, message?: string): Expectation;
    soft(actual: unknown, message?: string): Expectation;
    configure(options: {
      softMode?: 'fail' | 'throw';
      timeout?: number;
      interval?: number;
      colorize?: boolean;
      display?: 'pretty' | 'inline';
    }): Expect;
  }

  export const expect: Expect;
}

declare module 'https://jslib.k6.io/k6chaijs/*/index.js' {
  type Chain =
    | ('to' | 'be' | 'been' | 'is' | 'that' | 'which' | 'and' | 'has' | 'have' | 'with' | 'at' | 'of')
    | ('same' | 'but' | 'does' | 'still' | 'also' | 'itself')
    | ('not' | 'deep' | 'nested' | 'own' | 'ordered' | 'any' | 'all');
  type Property =
    | ('ok' | 'true' | 'false' | 'null' | 'undefined' | 'NaN' | 'finite' | 'exist' | 'empty')
    | ('frozen' | 'sealed' | 'extensible' | 'arguments' | 'Arguments');
  type Method =
    | ('a' | 'an' | 'include' | 'includes' | 'contain' | 'contains' | 'lengthOf' | 'length')
    | ('above' | 'gt' | 'greaterThan' | 'least' | 'gte' | 'greaterThanOrEqual')
    | ('below' | 'lt' | 'lessThan' | 'most' | 'lte' | 'lessThanOrEqual')
    | ('within' | 'closeTo' | 'approximately' | 'equal' | 'equals' | 'eq' | 'eql' | 'eqls')
    | ('instanceof' | 'instanceOf' | 'property' | 'ownProperty' | 'haveOwnProperty' | 'keys' | 'key')
    | ('match' | 'matches' | 'string' | 'members' | 'oneOf' | 'satisfy' | 'satisfies')
    | ('throw' | 'throws' | 'Throw' | 'validJsonBody' | 'respondTo' | 'respondsTo')
    | ('ownPropertyDescriptor' | 'haveOwnPropertyDescriptor')
    | ('change' | 'changes' | 'increase' | 'increases' | 'decrease' | 'decreases' | 'by');

  export type Assertion = { readonly [W in Chain | Property]: Assertion } & {
    readonly [W in Method]: Assertion & ((...args: any[]) => Assertion);
  };

  interface Config {
    aggregateChecks: boolean;
    logFailures: boolean;
    truncateMsgThreshold: number;
    truncateVariableThreshold: number;
  }

  export function expect(value: unknown, label?: string): Assertion;
  export namespace expect {
    function fail(message?: string): never;
  }
  /** False if an assertion failed or anything was thrown. */
  export function describe(name: string, body: () => void): boolean;
  export class AssertionError extends Error {}
  export const chai: {
    config: Config;
    expect: typeof expect;
    describe: typeof describe;
    AssertionError: typeof AssertionError;
  };
  export const config: Config;
  export default chai;
}

/** The npm package; `@types/papaparse` describes it in full. */
declare module 'https://jslib.k6.io/papaparse/*/index.js' {
  interface ParseConfig {
    header?: boolean;
    delimiter?: string;
    skipEmptyLines?: boolean | 'greedy';
    dynamicTyping?: boolean;
    comments?: string | false;
    preview?: number;
    [name: string]: unknown;
  }
  const papaparse: {
    parse(text: string, config?: ParseConfig): { data: any[]; errors: any[]; meta: any };
    unparse(rows: readonly object[], config?: object): string;
  };
  export default papaparse;
}

/** Any other remote module: what it exports is not known. */
declare module 'https://*';
