/**
 * Turns a bundled script into one that can be instantiated per VU and suspended at blocking calls.
 *
 * Done once per run on the main thread. Functions that cannot suspend stay byte for byte as they were.
 */
import type { EncodedSourceMap } from '@jridgewell/trace-mapping';
import * as acorn from 'acorn';
import { nowMs } from '../base/clock.ts';
import type { AnalysisResult, Analyze, BlockingTable, FunctionNode } from './analysis-result.ts';
import { analyze as analyzeFlow } from './analyze.ts';
import { assumeBlocking } from './assume.ts';
import { ES_GLOBALS } from './builtins.ts';
import { createEmitter } from './emit.ts';
import { emitProgram } from './emit-program.ts';
import { isNode, type Program, plainFrame, type StaticTwin, Temps } from './frame.ts';
import { keyName } from './key-name.ts';
import { printRope } from './rope.ts';
import type { ProgramKind } from './runtime.ts';
import {
  type Binding,
  forEachChild,
  isConstant,
  isFunction,
  resolveScopes,
  type ScopeTree,
} from './scope.ts';

/**
 * `auto` finds out what may block; `all` takes every function of the script for blocking; `force` lowers
 * even functions that call nothing (tests).
 */
export type SuspendMode = 'auto' | 'all' | 'force';

export interface TransformInput {
  /** One ES module, as esbuild prints a bundle. */
  readonly code: string;
  readonly fileName: string;
  /** Map of `code` to its sources. */
  readonly map?: EncodedSourceMap | undefined;
  readonly blocking: BlockingTable;
  readonly mode: SuspendMode;
  readonly analyze?: Analyze | undefined;
  /** Package of a position in `code`, '.' for the user's files. */
  readonly unitAt?: ((position: number) => string) | undefined;
  /** Globals that each VU has its own of, in the order `instantiate` takes them. */
  readonly instanceGlobals: readonly string[];
  /** Further names that resolve in the thread's own global scope. */
  readonly hostNames?: readonly string[] | undefined;
  /** Tests: suspend once at the start of every twin. */
  readonly probes?: boolean | undefined;
}

export interface TransformOutput {
  readonly code: string;
  readonly map: EncodedSourceMap;
  readonly kind: ProgramKind;
  /** Something in the program can suspend. */
  readonly suspends: boolean;
  /** The script can create promise reactions. */
  readonly usesPromises: boolean;
  readonly hasTopLevelAwait: boolean;
  readonly stats: TransformStats;
}

export interface TransformStats {
  readonly functions: number;
  readonly suspendable: number;
  readonly durationMs: number;
  /** Packages that count as blocking throughout (`.`: the user's own files), with the reason. */
  readonly widened: readonly string[];
  /** Why functions suspend, `name (line:column in code): chain`, for --verbose. */
  readonly why: readonly string[];
}

/** Throws SyntaxError (acorn's, with `pos` and `loc`) if `code` cannot be parsed. */
export function transformProgram(input: TransformInput): TransformOutput {
  const startedMs = nowMs();
  const { code, fileName } = input;
  const ast = acorn.parse(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
  });
  const scopes = resolveScopes(ast);
  const analysis = analysisOf(input, ast, scopes);
  const suspends = analysis.programBlocks || analysis.suspendable.size > 0;
  const facts = survey(ast);
  const gatesPromises = suspends && facts.usesPromises;
  const prefix = freePrefix(code);
  const globalNames = vuGlobals(scopes, input);
  const { staticTwins, importTwins } = findStaticTwins(ast, scopes, analysis, input, prefix);
  let id = 0;
  const isLowered = (fn: FunctionNode): boolean =>
    analysis.suspendable.has(fn) || (gatesPromises && fn.async && !fn.generator);
  const dirty = dirtyPositions(
    ast,
    scopes,
    analysis,
    globalNames,
    isLowered,
    suspends,
    gatesPromises,
  );
  const program: Program = {
    source: code,
    prefix,
    scopes,
    analysis,
    staticTwins,
    globalNames,
    globalObject: 'globalThis',
    suspends,
    gatesPromises,
    probes: input.probes === true,
    programTemps: new Temps(`${prefix}q`),
    isDirty: (node) => hasPosition(dirty, node.start, node.end),
    nextId: () => ++id,
  };
  const kind: ProgramKind = facts.hasTopLevelAwait
    ? 'async'
    : analysis.programBlocks
      ? 'coroutine'
      : 'plain';
  const frame = {
    ...plainFrame(prefix),
    canSuspend: kind === 'coroutine' || (kind === 'async' && suspends),
    isAsync: kind === 'async' && gatesPromises,
  };
  const rope = emitProgram(createEmitter(program), ast, frame, {
    kind,
    instanceGlobals: input.instanceGlobals,
    defaultName: anonymousDefault(ast, input.map),
    importTwins,
  });
  const printed = printRope(rope, code, fileName, input.map);
  return {
    ...printed,
    kind,
    suspends,
    usesPromises: facts.usesPromises,
    hasTopLevelAwait: facts.hasTopLevelAwait,
    stats: {
      functions: scopes.functions.length,
      suspendable: analysis.suspendable.size,
      durationMs: nowMs() - startedMs,
      widened: [...(analysis.widened ?? [])].map(([unit, reason]) => `${unit}: ${reason}`),
      why: [...analysis.why].map(([fn, chain]) => `${describe(fn, code)}: ${chain}`),
    },
  };
}

const NOTHING_BLOCKS: AnalysisResult = {
  suspendable: new Set(),
  suspendableClasses: new Set(),
  mayBlock: new Set(),
  programBlocks: false,
  why: new Map(),
};

function analysisOf(input: TransformInput, ast: acorn.Program, scopes: ScopeTree): AnalysisResult {
  const { code, blocking, mode } = input;
  if (mode === 'force') return assumeBlocking(ast, scopes, code, true);
  // A host module can only be reached by its name.
  const mentions = (name: string): boolean =>
    code.includes(`"${name}"`) || code.includes(`'${name}'`);
  if (!Object.keys(blocking.modules).some(mentions)) return NOTHING_BLOCKS;
  if (mode === 'all') return assumeBlocking(ast, scopes, code, false);
  const context = { code, blocking, unitAt: input.unitAt ?? (() => '.') };
  return input.analyze?.(ast, context) ?? analyzeFlow(ast, context, scopes);
}

/** esbuild calls an anonymous default export of `chat.ts` `chat_default`. */
function anonymousDefault(
  ast: acorn.Program,
  map: EncodedSourceMap | undefined,
): string | undefined {
  for (const statement of ast.body) {
    if (statement.type !== 'ExportNamedDeclaration') continue;
    for (const { local, exported } of statement.specifiers) {
      if (keyName(exported) !== 'default' || local.type !== 'Identifier') continue;
      const isGenerated = map?.sources.some((source) => {
        const base = source?.slice(source.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '') ?? '';
        return local.name === `${base.replace(/[^\w$]+/g, '_')}_default`;
      });
      if (isGenerated) return local.name;
    }
  }
  return undefined;
}

/** The shortest prefix for generated names that the program does not contain. */
function freePrefix(code: string): string {
  let prefix = '$$';
  for (let i = 0; code.includes(prefix); i++) prefix = `$$${i.toString(36)}_`;
  return prefix;
}

function vuGlobals(scopes: ScopeTree, input: TransformInput): Set<string> {
  const known = new Set([...input.instanceGlobals, ...(input.hostNames ?? [])]);
  const names = new Set<string>();
  for (const name of scopes.free.keys()) {
    if (!known.has(name) && !ES_GLOBALS.has(name) && name !== 'arguments') names.add(name);
  }
  return names;
}

interface Survey {
  readonly usesPromises: boolean;
  readonly hasTopLevelAwait: boolean;
}

/** Looks once at everything for uses of promises and top-level await. */
function survey(ast: acorn.Program): Survey {
  let usesPromises = false;
  let hasTopLevelAwait = false;
  const visit = (anyNode: acorn.Node, isTop: boolean): void => {
    const node = anyNode as acorn.AnyNode;
    switch (node.type) {
      case 'AwaitExpression':
        usesPromises = true;
        if (isTop) hasTopLevelAwait = true;
        break;
      case 'ForOfStatement':
        if (node.await) {
          usesPromises = true;
          if (isTop) hasTopLevelAwait = true;
        }
        break;
      case 'ImportExpression':
        usesPromises = true;
        break;
      case 'Identifier':
        if (/^(?:Promise|then|queueMicrotask|fetch|asyncRequest)$/.test(node.name))
          usesPromises = true;
        break;
    }
    if (isFunction(node) && node.async) usesPromises = true;
    const isOuter = isTop && !isFunction(node);
    forEachChild(node, (child) => visit(child, isOuter));
  };
  visit(ast, true);
  return { usesPromises, hasTopLevelAwait };
}

/** Names that always mean the same lowered function, or the same blocking host function. */
function findStaticTwins(
  ast: acorn.Program,
  scopes: ScopeTree,
  analysis: AnalysisResult,
  input: TransformInput,
  prefix: string,
): { staticTwins: Map<Binding, StaticTwin>; importTwins: Map<acorn.Identifier, string> } {
  const staticTwins = new Map<Binding, StaticTwin>();
  const importTwins = new Map<acorn.Identifier, string>();
  const isLowered = (fn: FunctionNode): boolean => analysis.suspendable.has(fn);
  const add = (id: acorn.Identifier, kind: StaticTwin['kind'], label: string): void => {
    const binding = scopes.bindingOf.get(id);
    if (binding === undefined || !isConstant(binding)) return;
    staticTwins.set(binding, { name: `${prefix}${label}$${id.name}`, kind });
  };
  const visit = (anyNode: acorn.Node): void => {
    const node = anyNode as acorn.AnyNode;
    if (isNode(node, 'FunctionDeclaration') && node.id && isLowered(node) && !node.generator) {
      add(node.id, node.async ? 'async' : 'function', 'c');
    } else if (isNode(node, 'FunctionExpression') && node.id && isLowered(node)) {
      if (!node.generator) add(node.id, node.async ? 'async' : 'function', 'c');
    } else if (isNode(node, 'VariableDeclarator') && isNode(node.id, 'Identifier') && node.init) {
      const { init } = node;
      const isAnonymous =
        isNode(init, 'ArrowFunctionExpression') || (isNode(init, 'FunctionExpression') && !init.id);
      if (isAnonymous && isLowered(init) && !init.generator) add(node.id, 'function', 'e');
    }
    forEachChild(node, visit);
  };
  if (analysis.suspendable.size > 0 || analysis.programBlocks) visit(ast);
  for (const statement of ast.body) {
    if (statement.type !== 'ImportDeclaration') continue;
    const table = input.blocking.modules[String(statement.source.value)];
    for (const specifier of statement.specifiers) {
      if (specifier.type !== 'ImportSpecifier') continue;
      const member = table?.named[keyName(specifier.imported) ?? ''];
      if (!member || !(member.blocks || member.callsBack || member.callsBackProperties)) continue;
      const binding = scopes.bindingOf.get(specifier.local);
      if (binding === undefined || analysis.mayBlock.size === 0) continue;
      const name = `${prefix}i$${specifier.local.name}`;
      staticTwins.set(binding, { name, kind: 'function' });
      importTwins.set(specifier.local, name);
    }
  }
  return { staticTwins, importTwins };
}

/** Sorted positions of what has to be rewritten even in code that cannot suspend. */
function dirtyPositions(
  ast: acorn.Program,
  scopes: ScopeTree,
  analysis: AnalysisResult,
  globalNames: ReadonlySet<string>,
  isLowered: (fn: FunctionNode) => boolean,
  suspends: boolean,
  gatesPromises: boolean,
): number[] {
  const positions: number[] = [];
  for (const name of globalNames) {
    for (const identifier of scopes.free.get(name) ?? []) positions.push(identifier.start);
  }
  for (const fn of scopes.functions) if (isLowered(fn)) positions.push(fn.start);
  for (const cls of scopes.classes)
    if (analysis.suspendableClasses.has(cls)) positions.push(cls.start);
  const visit = (anyNode: acorn.Node): void => {
    const node = anyNode as acorn.AnyNode;
    if (node.type === 'ImportExpression') positions.push(node.start);
    else if (node.type === 'MetaProperty') {
      if (node.meta.name === 'import') positions.push(node.start);
    } else if (node.type === 'MemberExpression' && suspends && !node.computed) {
      const { property } = node;
      if (property.type === 'PrivateIdentifier') positions.push(property.start);
      else if (property.type === 'Identifier') {
        if (property.name === 'bind') positions.push(property.start);
        else if (gatesPromises && /^(?:then|catch|finally)$/.test(property.name)) {
          positions.push(property.start);
        }
      }
    }
    forEachChild(node, visit);
  };
  visit(ast);
  return positions.sort((a, b) => a - b);
}

function hasPosition(positions: readonly number[], start: number, end: number): boolean {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((positions[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  const found = positions[low];
  return found !== undefined && found < end;
}

function describe(fn: FunctionNode, code: string): string {
  const { line, column } = acorn.getLineInfo(code, fn.start);
  const name = 'id' in fn && fn.id ? fn.id.name : '<anonymous>';
  return `${name} (${line}:${column + 1})`;
}
