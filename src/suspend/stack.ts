/**
 * Stack traces of suspended code as the user wrote it: positions of the original sources, names
 * without generated parts, no frames of the runtime.
 *
 * Costs nothing until somebody reads `.stack`.
 */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { callSites, isRuntimeFrame } from './blocking-error.ts';
import { isConstructorTwin, stripGenerated } from './generated-name.ts';

/** One frame of user code. */
export interface UserFrame {
  /** As the source map (or the bundle) names it; usually a file URL. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** '' for anonymous functions. */
  readonly name: string;
}

/** What the transform gave, as far as stacks go. */
export interface MappedProgram {
  /** File name the program was compiled with. */
  readonly fileName: string;
  readonly map: {
    readonly version: 3;
    readonly sources: readonly (string | null)[];
    readonly names: readonly string[];
    readonly mappings: string;
  };
}

interface Registered {
  readonly source: MappedProgram;
  trace: TraceMap | undefined;
}

const programs = new Map<string, Registered>();

/** Maps frames of the program in all stack traces of this thread from now on. */
export function installStackMapping(program: MappedProgram): void {
  programs.set(program.fileName, { source: program, trace: undefined });
  Error.prepareStackTrace = prepareStackTrace;
  // Each suspendable call takes a frame of its own and one of the runtime.
  if (Error.stackTraceLimit < STACK_TRACE_LIMIT) Error.stackTraceLimit = STACK_TRACE_LIMIT;
}

const STACK_TRACE_LIMIT = 50;

/** Original position of a place in a compiled program; undefined for generated code. 1-based. */
export function mapPosition(
  fileName: string,
  line: number,
  column: number,
): { readonly file: string; readonly line: number; readonly column: number } | undefined {
  const registered = programs.get(fileName);
  if (registered === undefined) return undefined;
  registered.trace ??= traceMapOf(registered.source);
  const found = originalPositionFor(registered.trace, { line, column: column - 1 });
  if (found.source === null) return undefined;
  return { file: found.source, line: found.line, column: found.column + 1 };
}

function traceMapOf({ map }: MappedProgram): TraceMap {
  const { sources, names, mappings } = map;
  return new TraceMap({ version: 3, sources: [...sources], names: [...names], mappings });
}

/** Frames of errors whose stack was made; read by `userFrames`. */
const framesOf = new WeakMap<Error, readonly UserFrame[]>();

function prepareStackTrace(error: Error, sites: NodeJS.CallSite[]): string {
  const lines = [headline(error)];
  for (const site of scriptPart(sites)) {
    const text = frameText(site);
    if (text !== undefined) lines.push(`    at ${text}`);
  }
  framesOf.set(error, userFramesIn(sites));
  return lines.join('\n');
}

/**
 * What lies above the script's own frames and between them: natives, and nothing of the host. An error
 * without a frame of a script is a fault of the host and keeps everything.
 */
function scriptPart(sites: readonly NodeJS.CallSite[]): readonly NodeJS.CallSite[] {
  const last = sites.findLastIndex((site) => programs.has(site.getFileName() ?? ''));
  if (last < 0) return sites;
  return sites.slice(0, last + 1).filter((site) => {
    const file = site.getFileName();
    return file === null || file === undefined || programs.has(file);
  });
}

function headline(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    // A script's `name` or `message` getter threw; the trace must not.
    return '<error>';
  }
}

/** A frame in V8's form, or undefined if it is none of the user's business. */
function frameText(site: NodeJS.CallSite): string | undefined {
  if (isHidden(site)) return undefined;
  const file = site.getFileName();
  if (file === null || file === undefined || !programs.has(file)) return siteText(site);
  const frame = mappedFrame(site);
  if (frame === undefined) return undefined;
  const place = `${frame.file}:${frame.line}:${frame.column}`;
  const name = qualifiedName(site);
  return name === '' ? place : `${name} (${place})`;
}

function siteText(site: NodeJS.CallSite): string {
  // CallSite's own text, which @types/node does not declare.
  return String(site);
}

function isHidden(site: NodeJS.CallSite): boolean {
  if (isRuntimeFrame(site)) return true;
  const file = site.getFileName();
  if (file !== null && file !== undefined) return false;
  const name = site.getFunctionName();
  return name === 'next' || name === 'throw' || name === 'return';
}

function mappedFrame(site: NodeJS.CallSite): UserFrame | undefined {
  const file = site.getFileName();
  if (file === null || file === undefined) return undefined;
  const position = mapPosition(file, site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1);
  return position === undefined ? undefined : { ...position, name: cleanName(site) };
}

/** `$$c$foo` is `foo`; names of generated members say nothing. */
function cleanName(site: NodeJS.CallSite): string {
  const name = site.getFunctionName() ?? '';
  const last = name.slice(name.lastIndexOf('.') + 1);
  return stripGenerated(last);
}

function qualifiedName(site: NodeJS.CallSite): string {
  const name = cleanName(site);
  if (site.isConstructor()) return `new ${name === '' ? '<anonymous>' : name}`;
  const raw = site.getFunctionName() ?? '';
  if (isConstructorTwin(raw.slice(raw.lastIndexOf('.') + 1))) return `new ${name}`;
  const prefix = raw.startsWith('async ') || site.isAsync() ? 'async ' : '';
  const type = site.isToplevel() || name === '' ? null : site.getTypeName();
  if (type === null || type === 'Object' || type === 'undefined' || raw.includes('.')) {
    return prefix + name;
  }
  const clean = stripGenerated(type);
  return clean === '' || name.startsWith(clean) ? prefix + name : `${prefix}${clean}.${name}`;
}

/**
 * The frames of user code, top first: of an error (made after `installStackMapping`), or of the
 * caller's stack.
 */
export function userFrames(error?: Error): readonly UserFrame[] {
  if (error === undefined) return userFramesIn(callSites());
  // The stack is prepared when it is first read.
  void error.stack;
  return framesOf.get(error) ?? [];
}

/** What the bundler's helpers are called that evaluate a module when it is first needed. */
const MODULE_LOADERS = /^(?:__require|__init)$/;
/** Of a deeper stack, the outermost frame within this depth counts. */
const EVALUATION_DEPTH_MAX = 1000;

/**
 * The source file that is being evaluated: that of the outermost frame of user code, or of the module
 * that is being loaded on demand by it. undefined without user code on the stack.
 *
 * Cost: captures the whole stack.
 */
export function evaluatedFile(): string | undefined {
  let file: string | undefined;
  for (const site of callSites(EVALUATION_DEPTH_MAX)) {
    if (isModuleLoader(site)) break;
    if (!isHidden(site)) file = mappedFrame(site)?.file ?? file;
  }
  return file;
}

function isModuleLoader(site: NodeJS.CallSite): boolean {
  return (
    programs.has(site.getFileName() ?? '') &&
    MODULE_LOADERS.test(site.getFunctionName() ?? '') &&
    mappedFrame(site) === undefined
  );
}

/** The frames of user code of whatever was thrown; none if it has no stack. Never throws. */
export function thrownFrames(value: unknown): readonly UserFrame[] {
  try {
    return value instanceof Error ? userFrames(value) : [];
  } catch {
    return []; // an error whose stack throws
  }
}

function userFramesIn(sites: readonly NodeJS.CallSite[]): UserFrame[] {
  const frames: UserFrame[] = [];
  for (const site of sites) {
    if (isHidden(site)) continue;
    const frame = mappedFrame(site);
    if (frame !== undefined) frames.push(frame);
  }
  return frames;
}
