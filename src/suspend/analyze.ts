/**
 * The may-block analysis: which functions of a bundle may suspend, and at which nodes.
 *
 * It follows blocking functions and host objects through the program (`flow.ts`) until nothing
 * moves. In user code it is generous where it cannot know; a package is touched only when something
 * that blocks flows into it. What stays open is answered by widening: a package that got a blocking
 * function and lost it counts as blocking throughout, and a program that is too tangled to finish within
 * the budget does so as a whole. Nothing here can make a script wrong: a missed call raises a
 * BlockingError at run time, a superfluous one costs a little time.
 */
import type * as acorn from 'acorn';
import type { AnalysisResult, AnalyzeContext, ClassNode, FunctionNode } from './analysis-result.ts';
import { buildFlow } from './analyze-build.ts';
import { Flow } from './flow.ts';
import { DYNAMIC, type FlowLimits, NOWHERE } from './flow-graph.ts';
import { type Call, type Cause, type FunctionInfo, meaningOf, type Unit } from './flow-model.ts';
import { isFunction, resolveScopes, type ScopeTree } from './scope.ts';

export interface FlowAnalysisResult extends AnalysisResult {
  /** Packages that count as blocking throughout, with the reason; '.' stands for the user's own files. */
  readonly widened: ReadonlyMap<string, string>;
  /** Moves of values it took, for tests and `--verbose`. */
  readonly steps: number;
}

/** Several times what packages need that do something sensible with a blocking callback. */
const DEFAULT_LIMITS: FlowLimits = { stepsBase: 30_000, stepsPerPlace: 10 };

/** How many calls a `why` chain names before it is cut. */
const WHY_LENGTH_MAX = 12;

/** Finds what may block. Cost: one walk, then proportional to what blocks; bounded by `limits`. */
export function analyze(
  program: acorn.Program,
  context: AnalyzeContext,
  scopes: ScopeTree = resolveScopes(program),
  limits: FlowLimits = DEFAULT_LIMITS,
): FlowAnalysisResult {
  const flow = new Flow(context.blocking, limits);
  buildFlow(program, scopes, context, flow);
  settle(flow, scopes);
  return resultOf(flow);
}

/** Solves, then answers what is open, until neither gives anything new. */
function settle(flow: Flow, scopes: ScopeTree): void {
  for (;;) {
    flow.graph.solve();
    if (suspendWrappers(flow, scopes)) continue;
    if (lookUpElsewhere(flow)) continue;
    if (assumeCalledBack(flow)) continue;
    if (!widenLostUnits(flow)) return;
  }
}

/** The helper that runs a bundled module's body suspends when the body does. */
function suspendWrappers(flow: Flow, scopes: ScopeTree): boolean {
  let hasChanged = false;
  const { marks } = flow;
  for (const { helper, body } of marks.wrappers) {
    if (!marks.suspendable.has(body) || helper.type !== 'Identifier') continue;
    const binding = scopes.bindingOf.get(helper as acorn.Identifier);
    if (!binding) continue;
    for (const info of marks.infoOf.values()) {
      if (marks.suspendable.has(info)) continue;
      const outer = scopes.ownerOf.get(info.node);
      if (!outer || !isFunction(outer)) continue;
      if (marks.infoOf.get(outer)?.name !== binding.name) continue;
      for (const call of info.unit.calls) {
        if (call.owner === info.node && call.site) marks.site(call.site, call.owner, body.value);
      }
      hasChanged ||= marks.suspendable.has(info);
    }
  }
  return hasChanged;
}

/**
 * A blocking function was passed to a member call whose callee nobody found: perhaps the receiver is an
 * object of some package and its way got lost. Then that name of every package is meant.
 */
function lookUpElsewhere(flow: Flow): boolean {
  let hasChanged = false;
  for (let i = 0; i < flow.calls.tainted.length; i++) {
    const call = flow.calls.tainted[i];
    if (!call || !isLost(call, flow) || call.wasLookedUp || call.calleeName === undefined) continue;
    call.wasLookedUp = true;
    if (!call.unit.isUser) continue;
    for (const unit of flow.units.values()) {
      const place = unit === call.unit ? undefined : unit.value.fields.get(call.calleeName);
      if (place === undefined) continue;
      flow.graph.flow(place, call.callee);
      hasChanged = true;
    }
  }
  return hasChanged;
}

/**
 * User code passes something that blocks to a function nobody found: one of JavaScript's own under
 * another name (`const each = [].forEach.call.bind(…)`), a method under a computed name. It is taken to
 * call its arguments back with whatever it has been given.
 */
function assumeCalledBack(flow: Flow): boolean {
  let hasChanged = false;
  for (let i = 0; i < flow.calls.tainted.length; i++) {
    const call = flow.calls.tainted[i];
    if (!call?.unit.isUser || call.isResolved || call.site === undefined) continue;
    if (call.isAssumed) continue;
    call.isAssumed = true;
    flow.calls.callBackArguments(call);
    hasChanged = true;
  }
  return hasChanged;
}

/** A package that was given a blocking function and calls something unknown with it blocks throughout. */
function widenLostUnits(flow: Flow): boolean {
  let hasChanged = false;
  for (const call of flow.calls.tainted) {
    if (!isLost(call, flow)) continue;
    for (const unit of lostIn(call, flow)) {
      if (unit.isUser || unit.widened !== undefined) continue;
      const callee = call.calleeName === DYNAMIC ? 'a computed method' : (call.calleeName ?? 'it');
      flow.marks.widen(unit, `a blocking function is passed to ${callee}, and lost there`);
      hasChanged = true;
    }
  }
  return hasChanged;
}

/** The packages in which the call may go on. */
function lostIn(call: Call, flow: Flow): Unit[] {
  // Only computed names hide functions of the package itself; a parameter that got nothing, or a name
  // that nothing in the package has, leads out of the script.
  if (!call.unit.isUser) return call.calleeName === DYNAMIC ? [call.unit] : [];
  const units: Unit[] = [];
  for (const value of flow.graph.valuesAt(call.callee) ?? []) {
    const what = meaningOf(value);
    if (what.kind === 'unit' && what !== flow.globals) units.push(what);
  }
  return units;
}

/** The callee is unknown and one of the arguments is a function that blocks when called. */
function isLost(call: Call, flow: Flow): boolean {
  if (call.isResolved || call.site === undefined) return false;
  return call.args.some(({ place }) => {
    if (place === NOWHERE) return false;
    for (const value of flow.graph.valuesAt(place) ?? []) {
      if (value.blocks && value.what.kind === 'function') return true;
    }
    return false;
  });
}

function resultOf(flow: Flow): FlowAnalysisResult {
  const suspendable = new Set<FunctionNode>();
  const why = new Map<FunctionNode, string>();
  const { marks } = flow;
  for (const [info, cause] of marks.suspendable) {
    suspendable.add(info.node);
    why.set(info.node, explain(flow, info, cause));
  }
  const suspendableClasses = new Set<ClassNode>();
  for (const info of marks.suspendableClasses.keys()) suspendableClasses.add(info.node);
  const widened = new Map<string, string>();
  for (const unit of flow.units.values()) {
    if (unit.widened !== undefined) widened.set(unit.name, unit.widened);
  }
  return {
    suspendable,
    suspendableClasses,
    mayBlock: marks.mayBlock,
    programBlocks: marks.programBlocks,
    why,
    widened,
    steps: flow.graph.stepCount,
  };
}

/** `run -> helper -> sleep (k6)`: from the function to the leaf, by the first cause found. */
function explain(flow: Flow, info: FunctionInfo, cause: Cause): string {
  const names = [info.name];
  const seen = new Set<unknown>();
  let next: Cause | undefined = cause;
  while (next !== undefined && !seen.has(next) && names.length < WHY_LENGTH_MAX) {
    seen.add(next);
    if (typeof next === 'string') {
      names.push(next);
      break;
    }
    const what = meaningOf(next);
    if (what.kind === 'host') {
      names.push(what.label);
      next = undefined;
    } else if (what.kind === 'class') {
      names.push(`new ${what.name}`);
      next = flow.marks.suspendableClasses.get(what);
    } else if (what.kind === 'generator' || what.kind === 'function') {
      const callee = what.kind === 'generator' ? what.info : what;
      names.push(callee.name);
      next = flow.marks.suspendable.get(callee);
    } else {
      next = undefined;
    }
  }
  return names.join(' -> ');
}
