/**
 * `Headers`, `Request`, `Response` and `FormData` of one VU: undici's, with the VU's own AbortSignal and
 * Blob, and with bodies that hold the iteration while they are read.
 */
import { Blob as NodeBlob } from 'node:buffer';
import { ReadableStream, type ReadableStreamDefaultReader } from 'node:stream/web';
import type * as undiciTypes from 'undici';
import { type AbortSignal, isAbortSignal } from './abort-signal.ts';
import { Blob, binaryBytes, blobFromBytes } from './blob.ts';
import { settleInLoop } from './hold.ts';
import type { VuHost } from './host.ts';
import { undici } from './http-dial.ts';
import { HttpUrl } from './http-url.ts';

type NativeRequest = undiciTypes.Request;
type NativeResponse = undiciTypes.Response;
type ResponseInit = undiciTypes.ResponseInit;

/** A class of undici as a base: undici checks what scripts give to the constructor. */
type BaseClass<T> = new (...args: unknown[]) => T;

export interface FetchClasses {
  readonly Headers: unknown;
  readonly FormData: unknown;
  readonly Request: new (input: unknown, init: unknown) => NativeRequest;
  readonly Response: unknown;
  /** An answer of undici's as the script's class. */
  adopt(response: NativeResponse): NativeResponse;
  signalOf(request: NativeRequest): AbortSignal | undefined;
}

const READERS = ['text', 'json', 'arrayBuffer', 'bytes', 'formData'] as const;

/** Makes the classes; each VU has its own. */
export function createFetchClasses(host: VuHost): FetchClasses {
  const {
    Headers,
    FormData: NativeFormData,
    Request: BaseRequest,
    Response: BaseResponse,
  } = undici();
  const signals = new WeakMap<object, AbortSignal>();
  const bodies = new WeakMap<object, ReadableStream>();

  /** What `Request` and `Response` have in common: a body, read while the iteration waits. */
  const withBody = (prototype: object, base: NativeRequest | NativeResponse): void => {
    for (const name of READERS) {
      const read = base[name] as (this: unknown) => Promise<unknown>;
      define(prototype, name, function (this: unknown) {
        return held(host, Reflect.apply(read, this, []));
      });
    }
    define(prototype, 'blob', function (this: unknown) {
      const blob = async (): Promise<Blob> => {
        const native = (await Reflect.apply(base.blob, this, [])) as NodeBlob;
        return blobFromBytes(new Uint8Array(await native.arrayBuffer()), native.type);
      };
      return held(host, blob());
    });
    const body = Object.getOwnPropertyDescriptor(base, 'body')?.get;
    Object.defineProperty(prototype, 'body', {
      get(this: object): unknown {
        const native = (
          body === undefined ? null : Reflect.apply(body, this, [])
        ) as ReadableStream | null;
        if (native === null) return null;
        let shown = bodies.get(native);
        if (shown === undefined) {
          shown = heldStream(host, native);
          bodies.set(native, shown);
        }
        return shown;
      },
      configurable: true,
      enumerable: true,
    });
  };

  class Request extends (BaseRequest as unknown as BaseClass<NativeRequest>) {
    constructor(input?: unknown, init?: unknown) {
      super(input instanceof HttpUrl ? input.url : input, nativeInit(init));
      const signal =
        signalOfInit(init) ?? (input instanceof Request ? signals.get(input) : undefined);
      if (signal !== undefined && signal !== null) signals.set(this, signal);
    }
  }
  define(Request.prototype, 'clone', function (this: NativeRequest) {
    const clone: object = Reflect.apply(BaseRequest.prototype.clone, this, []);
    const signal = signals.get(this);
    if (signal !== undefined) signals.set(clone, signal);
    return Object.setPrototypeOf(clone, Request.prototype);
  });
  // Without one of the script's it has one that never fires; undici reads it too.
  const own = Object.getOwnPropertyDescriptor(BaseRequest.prototype, 'signal')?.get;
  Object.defineProperty(Request.prototype, 'signal', {
    get(this: object): unknown {
      return signals.get(this) ?? (own === undefined ? null : Reflect.apply(own, this, []));
    },
    configurable: true,
    enumerable: true,
  });
  withBody(Request.prototype, BaseRequest.prototype);

  class Response extends (BaseResponse as unknown as BaseClass<NativeResponse>) {
    constructor(body?: unknown, init?: unknown) {
      const { body: bytes, headers } = nativeBody(body, headersOf(init));
      super(bytes, headers === undefined ? init : { ...(init as ResponseInit), headers });
    }

    static json(data: unknown, init?: ResponseInit): NativeResponse {
      return adopt(BaseResponse.json(data, init));
    }

    static error(): NativeResponse {
      return adopt(BaseResponse.error());
    }

    static redirect(...args: Parameters<typeof BaseResponse.redirect>): NativeResponse {
      return adopt(BaseResponse.redirect(...args));
    }
  }
  const adopt = (response: NativeResponse): NativeResponse =>
    Object.setPrototypeOf(response, Response.prototype);
  define(Response.prototype, 'clone', function (this: NativeResponse) {
    return adopt(Reflect.apply(BaseResponse.prototype.clone, this, []));
  });
  withBody(Response.prototype, BaseResponse.prototype);

  class FormData extends (NativeFormData as unknown as BaseClass<undiciTypes.FormData>) {}
  for (const name of ['append', 'set'] as const) {
    const method = NativeFormData.prototype[name] as (...args: unknown[]) => void;
    define(FormData.prototype, name, function (this: unknown, ...args: unknown[]) {
      const [key, value, ...rest] = args;
      return Reflect.apply(
        method,
        this,
        value instanceof Blob ? [key, nodeBlob(value), ...rest] : args,
      );
    });
  }

  return {
    Headers,
    FormData,
    Request,
    Response,
    adopt,
    signalOf: (request) => signals.get(request),
  };
}

function define(
  target: object,
  name: string,
  value: (this: never, ...args: never[]) => unknown,
): void {
  Object.defineProperty(value, 'name', { value: name });
  Object.defineProperty(target, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

/** A stream whose reads hold the iteration; the one below is locked by the first of them. */
function heldStream(host: VuHost, native: ReadableStream): ReadableStream {
  let reader: ReadableStreamDefaultReader | undefined;
  return new ReadableStream(
    {
      async pull(controller): Promise<void> {
        reader ??= native.getReader();
        const { done, value } = await held(host, reader.read());
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => (reader ?? native).cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** @throws TypeError for a signal that is none of the script's. */
function signalOfInit(init: unknown): AbortSignal | null | undefined {
  if (typeof init !== 'object' || init === null) return undefined;
  const signal: unknown = Reflect.get(init, 'signal');
  if (signal === undefined || signal === null || isAbortSignal(signal)) return signal;
  // Of a Request that was made without one of the script's: it never fires.
  if (signal instanceof globalThis.AbortSignal) return undefined;
  throw new TypeError('Failed to construct Request: init.signal is not an AbortSignal');
}

/** Members of RequestInit that are undici's to read; any object can have them, a Request too. */
const INIT_MEMBERS = [
  ...['method', 'headers', 'body', 'duplex', 'redirect', 'credentials', 'mode', 'cache'],
  ...['integrity', 'keepalive', 'referrer', 'referrerPolicy', 'priority', 'window'],
] as const;

/** The script's init as undici can read it. */
function nativeInit(init: unknown): unknown {
  if (typeof init !== 'object' || init === null) return init;
  const copy: Record<string, unknown> = {};
  for (const name of INIT_MEMBERS) {
    const value: unknown = Reflect.get(init, name);
    if (value !== undefined) copy[name] = value;
  }
  const { body, headers } = nativeBody(copy['body'], copy['headers']);
  if (body !== undefined) copy['body'] = body;
  if (headers !== undefined) copy['headers'] = headers;
  return copy;
}

function headersOf(init: unknown): unknown {
  return typeof init === 'object' && init !== null ? Reflect.get(init, 'headers') : undefined;
}

/** The VU's Blob as bytes with its type; everything else is undici's to read. */
function nativeBody(
  body: unknown,
  headers: unknown,
): { readonly body: unknown; readonly headers: unknown } {
  if (!(body instanceof Blob)) return { body, headers };
  const { Headers } = undici();
  const withType = new Headers(headers as ConstructorParameters<typeof Headers>[0]); // undici checks it
  if (body.type !== '' && !withType.has('content-type')) withType.set('content-type', body.type);
  return { body: binaryBytes(body), headers: withType };
}

function nodeBlob(blob: Blob): NodeBlob {
  return new NodeBlob([binaryBytes(blob) ?? ''], { type: blob.type });
}

/** The outcome of a read: it holds the iteration, and says why it failed. */
function held<T>(host: VuHost, read: Promise<T>): Promise<T> {
  return settleInLoop(
    host,
    read.catch((error: unknown) => {
      throw withCause(error);
    }),
  );
}

/** undici's `fetch failed` and `terminated` say nothing; why is in the cause. */
export function withCause(error: unknown): unknown {
  if (!(error instanceof TypeError) || !(error.cause instanceof Error)) return error;
  const { cause, message } = error;
  return new TypeError(`${message}: ${cause.message}`, { cause });
}
