/**
 * The module `k6/experimental/streams`: the platform's ReadableStream and WritableStream, whose source
 * and sink functions run when the VU is free and may block it.
 */
import {
  CountQueuingStrategy,
  ReadableStream as NodeReadableStream,
  WritableStream as NodeWritableStream,
  ReadableStreamDefaultReader,
  WritableStreamDefaultWriter,
} from 'node:stream/web';
import { twinOf } from '../suspend/runtime.ts';
import { domException } from './dom-exception.ts';
import type { ScriptModule, VuHost } from './host.ts';

type Callback = (this: unknown, ...args: unknown[]) => unknown;

/** Calls a function of the script now, or when the VU is free; a promise if it cannot be now. */
function callWhenFree(host: VuHost, fn: Callback, self: unknown, args: unknown[]): unknown {
  const twin = twinOf(fn);
  if (twin === undefined && !host.isBlocked) return Reflect.apply(fn, self, args);
  return new Promise((resolve, reject) => {
    const start = (): undefined => {
      if (twin !== undefined) {
        host.spawn(twin.apply(self, args), { ok: resolve, fail: reject });
        return;
      }
      try {
        resolve(Reflect.apply(fn, self, args));
      } catch (error) {
        reject(error);
      }
    };
    if (host.isBlocked) host.defer(start);
    else start();
  });
}

/** The same source or sink with its later functions gated; `start` is called by the constructor itself. */
function gated(host: VuHost, source: unknown, names: readonly string[]): unknown {
  if (typeof source !== 'object' || source === null) return source;
  const copy: Record<string, unknown> = {};
  for (const name of ['start', 'type', 'autoAllocateChunkSize', ...names]) {
    const value: unknown = Reflect.get(source, name);
    if (value === undefined) continue;
    copy[name] =
      typeof value !== 'function'
        ? value
        : name === 'start'
          ? (...args: unknown[]) => Reflect.apply(value, source, args) as unknown
          : (...args: unknown[]) => callWhenFree(host, value as Callback, source, args);
  }
  return copy;
}

function refuseBytes(source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  const type: unknown = Reflect.get(source, 'type');
  // k6 has 'default' as a name for no type.
  if (type === undefined || type === 'default') return;
  if (type === 'bytes') {
    throw domException('NotSupportedError', "type 'bytes' is not supported");
  }
  throw new TypeError(`invalid type of underlying source: ${String(type)}`);
}

function withoutType(source: unknown): unknown {
  if (typeof source !== 'object' || source === null) return source;
  const { type: _, ...rest } = source as Record<string, unknown>; // a copy made by `gated`
  return rest;
}

/** Node checks the arguments itself. */
type StreamClass = new (source?: unknown, strategy?: unknown) => object;

/** `k6/experimental/streams` bound to one VU. */
export function createStreamsModule(host: VuHost): ScriptModule {
  const named = {
    ReadableStream: class extends (NodeReadableStream as StreamClass) {
      constructor(source?: unknown, strategy?: unknown) {
        refuseBytes(source);
        super(withoutType(gated(host, source, ['pull', 'cancel'])), strategy);
      }
    },
    WritableStream: class extends (NodeWritableStream as StreamClass) {
      constructor(sink?: unknown, strategy?: unknown) {
        super(gated(host, sink, ['write', 'close', 'abort']), strategy);
      }
    },
    ReadableStreamDefaultReader,
    WritableStreamDefaultWriter,
    CountQueuingStrategy,
  };
  return { named, default: named };
}
