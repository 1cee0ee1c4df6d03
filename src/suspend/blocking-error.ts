/**
 * The error of a blocking call that was reached through a frame that cannot be suspended, and the
 * count of such frames on the stack.
 */

/** Folder of this file as a URL: what the frames of the runtime begin with. */
const RUNTIME = import.meta.url.slice(0, import.meta.url.lastIndexOf('/') + 1);

/** Thrown at the blocking call; also reported to the host, because libraries swallow errors. */
export class BlockingError extends Error {
  override readonly name = 'BlockingError';
  /** The blocking call: `sleep`, `ws.connect`. */
  readonly call: string;
  /** The native function in between (`JSON.stringify`), if that is the cause. */
  readonly through: string | undefined;

  constructor(call: string) {
    const through = nativeCaller();
    const cause =
      through === undefined
        ? 'the code that called it is an async generator, was made by eval or new Function, or was missed by the analysis (then --suspend all helps)'
        : `${through} is waiting for its callback and cannot be suspended; move the call out of the callback`;
    super(`${call}() cannot wait here: ${cause}`);
    this.call = call;
    this.through = through;
  }
}

/** Functions of this file that forbid suspension while they run. */
const SYNC_RUNNERS = /^(?:runSync|withoutSuspension)$/;

let syncDepth = 0;

/** True while a coroutine is being run to its end by native code: nothing may suspend. */
export function isSynchronous(): boolean {
  return syncDepth > 0;
}

/** Runs something that must not suspend. */
export function withoutSuspension<T>(run: () => T): T {
  syncDepth++;
  try {
    return run();
  } finally {
    syncDepth--;
  }
}

/** Runs a coroutine to its end at once. Whatever it yields cannot be waited for. */
export function runSync(coroutine: Iterator<unknown>): unknown {
  syncDepth++;
  try {
    const step = coroutine.next();
    if (step.done === true) return step.value;
    throw new BlockingError('a blocking call');
  } finally {
    syncDepth--;
  }
}

/** The function without source that sits between the blocking call and the frames that could suspend. */
function nativeCaller(): string | undefined {
  const sites = callSites();
  const boundary = sites.findIndex(
    (site) => isRuntimeFrame(site) && SYNC_RUNNERS.test(site.getFunctionName() ?? ''),
  );
  if (boundary === -1) return undefined;
  // Next comes the wrapper that the native code called, unless it is one of the runtime's own.
  const [first, second] = sites.slice(boundary + 1).filter((site) => !isRuntimeFrame(site));
  return nativeName(first) ?? nativeName(second) ?? 'an implicit conversion, proxy or iteration';
}

/** `JSON.stringify`, `Array.join` … for a frame without source. */
function nativeName(site: NodeJS.CallSite | undefined): string | undefined {
  const file = site?.getFileName();
  const name = site?.getFunctionName();
  if (site === undefined || (file !== null && file !== undefined)) return undefined;
  if (name === null || name === undefined || name === 'next') return undefined;
  const type = site.getTypeName();
  if (type === null || type === 'Object' || name.includes('.')) return name;
  // What V8 knows of a static is that it was called on a function.
  return type === 'Function' ? staticName(name) : `${type}.${name}`;
}

const TypedArray = Object.getPrototypeOf(Uint8Array) as object; // the language has no name for it
const HOLDERS_OF_STATICS = { Object, Array, TypedArray, Promise, Reflect };

/** `Object.assign` for `assign`; the name alone where several functions have one. */
function staticName(name: string): string {
  const holders = Object.entries(HOLDERS_OF_STATICS).filter(([, holder]) =>
    Object.hasOwn(holder, name),
  );
  const [only] = holders.length === 1 ? holders : [];
  return only === undefined ? name : `${only[0]}.${name}`;
}

/** A frame of this folder's own code. */
export function isRuntimeFrame(site: NodeJS.CallSite): boolean {
  return site.getFileName()?.startsWith(RUNTIME) === true;
}

/** The current stack, top first, without its own frame; deeper frames than the maximum are left out. */
export function callSites(depthMax = 64): NodeJS.CallSite[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = depthMax;
    Error.prepareStackTrace = (_error, sites) => sites;
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, callSites);
    return holder.stack as NodeJS.CallSite[]; // what prepareStackTrace above returns
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
