/**
 * `Headers`, `Request`, `Response` and `FormData` of one VU: undici's, with the VU's own AbortSignal and
 * Blob, and with bodies that hold the iteration while they are read.
 */
import { Blob as NodeBlob } from 'node:buffer';
import { ReadableStream, type ReadableStreamDefaultReader } from 'node:stream/web';
import type * as undiciTypes from 'undici';
import { assert } from '../base/assert.ts';
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

/** Makes the classes; each VU has its own. */
export function createFetchClasses(host: VuHost): FetchClasses {
  const { Headers } = undici();
  const FormData = createFormData();
  const body = new BodyReaders(host, FormData.prototype);
  const signals = new WeakMap<object, AbortSignal>();
  const Request = createRequest(body, signals);
  const { Response, adopt } = createResponse(body);
  const signalOf = (request: NativeRequest): AbortSignal | undefined => signals.get(request);
  return { Headers, FormData, Request, Response, adopt, signalOf };
}

/** What `Request` and `Response` have in common: a body, read while the iteration waits. */
class BodyReaders {
  readonly #host: VuHost;
  readonly #formData: object;
  /** By undici's streams: `body` is the same object each time. */
  readonly #streams = new WeakMap<object, ReadableStream>();

  constructor(host: VuHost, formData: object) {
    this.#host = host;
    this.#formData = formData;
  }

  /** Puts them in the place of those that `prototype` inherits from `base`. */
  define(prototype: object, base: NativeRequest | NativeResponse): void {
    const host = this.#host;
    const formData = this.#formData;
    const reading =
      (read: (this: unknown) => Promise<unknown>, convert = (value: unknown): unknown => value) =>
      (owner: unknown): Promise<unknown> =>
        held(host, Reflect.apply(read, owner, []).then(convert));
    const readers = {
      text: reading(base.text),
      json: reading(base.json),
      arrayBuffer: reading(base.arrayBuffer),
      bytes: reading(base.bytes),
      formData: reading(base.formData, (form) => Object.setPrototypeOf(form, formData)),
      blob: reading(base.blob, (blob) => blobOf(blob as NodeBlob)),
    };
    for (const [name, read] of Object.entries(readers)) {
      define(prototype, name, function (this: unknown) {
        return read(this);
      });
    }
    const native = getterOf(base, 'body');
    const show = (stream: ReadableStream): ReadableStream => this.#shown(stream);
    defineGetter(prototype, 'body', function (this: object) {
      const stream = Reflect.apply(native, this, []) as ReadableStream | null;
      return stream === null ? null : show(stream);
    });
  }

  #shown(native: ReadableStream): ReadableStream {
    let shown = this.#streams.get(native);
    if (shown === undefined) {
      shown = heldStream(this.#host, native);
      this.#streams.set(native, shown);
    }
    return shown;
  }
}

function createRequest(
  body: BodyReaders,
  signals: WeakMap<object, AbortSignal>,
): FetchClasses['Request'] {
  const { Request: Base } = undici();
  class Request extends (Base as unknown as BaseClass<NativeRequest>) {
    constructor(input?: unknown, init?: unknown) {
      super(input instanceof HttpUrl ? input.url : input, nativeInit(init));
      const given = signalOfInit(init);
      const inherited = input instanceof Request ? signals.get(input) : undefined;
      const signal = given === undefined ? inherited : given;
      if (signal !== undefined && signal !== null) signals.set(this, signal);
    }
  }
  define(Request.prototype, 'clone', function (this: NativeRequest) {
    const clone: object = Reflect.apply(Base.prototype.clone, this, []);
    const signal = signals.get(this);
    if (signal !== undefined) signals.set(clone, signal);
    return Object.setPrototypeOf(clone, Request.prototype);
  });
  // Without one of the script's it has one that never fires; undici reads it too.
  const own = getterOf(Base.prototype, 'signal');
  defineGetter(Request.prototype, 'signal', function (this: object) {
    return signals.get(this) ?? Reflect.apply(own, this, []);
  });
  body.define(Request.prototype, Base.prototype);
  return Request;
}

function createResponse(body: BodyReaders): Pick<FetchClasses, 'Response' | 'adopt'> {
  const { Response: Base } = undici();
  class Response extends (Base as unknown as BaseClass<NativeResponse>) {
    constructor(content?: unknown, init?: unknown) {
      const { body: bytes, headers } = nativeBody(content, headersOf(init));
      super(bytes, headers === undefined ? init : { ...(init as ResponseInit), headers });
    }

    static json(data: unknown, init?: ResponseInit): NativeResponse {
      return adopt(Base.json(data, init));
    }

    static error(): NativeResponse {
      return adopt(Base.error());
    }

    static redirect(...args: Parameters<typeof Base.redirect>): NativeResponse {
      return adopt(Base.redirect(...args));
    }
  }
  const adopt = (response: NativeResponse): NativeResponse =>
    Object.setPrototypeOf(response, Response.prototype);
  define(Response.prototype, 'clone', function (this: NativeResponse) {
    return adopt(Reflect.apply(Base.prototype.clone, this, []));
  });
  body.define(Response.prototype, Base.prototype);
  return { Response, adopt };
}

function createFormData(): BaseClass<undiciTypes.FormData> {
  const { FormData: Base } = undici();
  class FormData extends (Base as unknown as BaseClass<undiciTypes.FormData>) {}
  for (const name of ['append', 'set'] as const) {
    const method = Base.prototype[name] as (...args: unknown[]) => void;
    define(FormData.prototype, name, function (this: unknown, ...args: unknown[]) {
      const [key, value, ...rest] = args;
      return Reflect.apply(
        method,
        this,
        value instanceof Blob ? [key, nodeBlob(value), ...rest] : args,
      );
    });
  }
  return FormData;
}

/** The getter of a property of undici's classes. */
function getterOf(prototype: object, name: string): (this: unknown) => unknown {
  const getter = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  assert(getter !== undefined, `undici's ${name} is a getter`);
  return getter;
}

function defineGetter(target: object, name: string, get: (this: object) => unknown): void {
  Object.defineProperty(target, name, { get, configurable: true, enumerable: true });
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

async function blobOf(blob: NodeBlob): Promise<Blob> {
  return blobFromBytes(new Uint8Array(await blob.arrayBuffer()), blob.type);
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
