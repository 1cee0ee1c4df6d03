/**
 * `console` of a VU, and how k6 prints values: not util.inspect, but a JSON-like notation of its own
 * (spec: console behaviour).
 */
import { thrownText } from '../base/thrown.ts';
import type { LogLevel, VuHost } from './host.ts';
import { NativeError } from './script-error.ts';

const HEX_RADIX = 16;

function formatBytes(buffer: ArrayBuffer): string {
  const bytes = [...new Uint8Array(buffer)].map((byte) =>
    byte.toString(HEX_RADIX).padStart(2, '0'),
  );
  return `ArrayBuffer { [Uint8Contents]: <${bytes.join(' ')}>, byteLength: ${buffer.byteLength} }`;
}

function formatTypedArray(view: ArrayBufferView & ArrayLike<unknown>): string {
  const tag = view instanceof Uint8ClampedArray ? 'Uint8Array' : typedArrayName(view);
  const items = Array.from(view, String);
  return items.length === 0 ? `${tag}(0) []` : `${tag}(${items.length}) [ ${items.join(', ')} ]`;
}

function typedArrayName(view: object): string {
  return Object.prototype.toString.call(view).slice('[object '.length, -1);
}

function isTypedArray(value: object): value is ArrayBufferView & ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function list(open: string, items: readonly string[], close: string): string {
  return items.length === 0 ? `${open}${close}` : `${open} ${items.join(', ')} ${close}`;
}

/** Key of a method that returns the object to print instead, for objects that have their values elsewhere. */
export const PRINTED: unique symbol = Symbol('printed');

function shownOf(value: object): object {
  const shown: unknown = Reflect.get(value, PRINTED);
  return typeof shown === 'function' ? (Reflect.apply(shown, value, []) as object) : value;
}

/** A value inside another one; `parents` are the objects being printed around it. */
function formatNested(value: unknown, parents: Set<object>): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'symbol') return `"${value.description ?? ''}"`;
  if (typeof value === 'function') return '[object Function]';
  if (typeof value !== 'object') return String(value);
  if (parents.has(value)) return '[Circular]';
  return formatObject(value, parents);
}

function formatObject(value: object, parents: Set<object>): string {
  if (value instanceof ArrayBuffer) return formatBytes(value);
  if (isTypedArray(value)) return formatTypedArray(value);
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? '{}' : `"${value.toISOString()}"`;
  }
  parents.add(value);
  try {
    if (Array.isArray(value)) {
      return list(
        '[',
        Array.from(value, (item) => formatNested(item, parents)),
        ']',
      );
    }
    const properties = Object.entries(shownOf(value)).map(
      ([key, item]) => `${key}: ${formatNested(item, parents)}`,
    );
    return list('{', properties, '}');
  } finally {
    parents.delete(value);
  }
}

/** One argument of `console.log` as k6 prints it. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') return '[object Function]';
  if (typeof value === 'object' && value !== null) {
    if (value instanceof NativeError) return value.message;
    if (value instanceof Error) return thrownText(value);
    if (hasErrorText(value)) return value.error();
    return formatObject(value, new Set());
  }
  if (typeof value === 'symbol') return value.toString();
  return String(value);
}

/** Error objects of `k6/ws` events: not Errors, they carry their text in `error()`. */
const errorTextObjects = new WeakSet<object>();

/** Marks an object whose `error()` gives the text to print. */
export function printAsErrorText(value: { error(): string }): void {
  errorTextObjects.add(value);
}

function hasErrorText(value: object): value is { error(): string } {
  return errorTextObjects.has(value);
}

const LEVEL_OF_METHOD: Readonly<Record<string, LogLevel>> = {
  log: 'info',
  info: 'info',
  debug: 'debug',
  warn: 'warning',
  error: 'error',
};

/** The `console` global of one VU. */
export function createConsole(host: VuHost): object {
  const methods = Object.entries(LEVEL_OF_METHOD).map(([name, level]) => [
    name,
    (...args: unknown[]): void => {
      host.log(level, args.map(formatValue).join(' '), { source: 'console' });
    },
  ]);
  return Object.fromEntries(methods);
}
