/** Calls of the helpers that bundlers write: they are given their meaning, see `analyze-bundle.ts`. */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import { type HelperName, IMPORT_HELPERS, moduleBodyOf } from './analyze-bundle.ts';
import type { CallSites } from './analyze-call-sites.ts';
import type { Functions } from './analyze-functions.ts';
import type { Imports } from './analyze-imports.ts';
import type { Members } from './analyze-members.ts';
import type { Names } from './analyze-names.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { spread } from './flow-calls.ts';
import { DYNAMIC, ELEMENT, NOWHERE, type Place } from './flow-graph.ts';

export class BundleCalls {
  readonly #walk: SyntaxWalk;
  readonly #names: Names;
  readonly #members: Members;
  readonly #functions: Functions;
  readonly #imports: Imports;
  readonly #sites: CallSites;

  constructor(
    walk: SyntaxWalk,
    names: Names,
    members: Members,
    functions: Functions,
    imports: Imports,
    sites: CallSites,
  ) {
    this.#walk = walk;
    this.#names = names;
    this.#members = members;
    this.#functions = functions;
    this.#imports = imports;
    this.#sites = sites;
  }

  /** Which helper the callee is, if it is one. */
  helper(callee: acorn.Identifier): HelperName | undefined {
    const binding = this.#walk.scopes.bindingOf.get(callee);
    if (binding !== undefined && binding.scope.kind !== 'program') return undefined;
    const name = IMPORT_HELPERS.get(callee.name);
    if (name !== undefined || binding === undefined) return name;
    return this.#names.isHelper(binding) ? 'other' : undefined;
  }

  call(node: acorn.CallExpression, helper: HelperName): Place {
    const { flow, frame } = this.#walk;
    switch (helper) {
      case 'require': {
        const [specifier] = node.arguments;
        if (specifier?.type === 'Literal') return this.#imports.namespace(specifier.value);
        this.#walk.visitAll(node.arguments);
        return NOWHERE;
      }
      case 'commonJs':
      case 'lazyModule': {
        const body = moduleBodyOf(node);
        if (!body) break;
        return this.#wrappedModule(node, body, helper);
      }
      case 'toModule': {
        const [module] = this.#sites.arguments(node.arguments);
        return flow.objects.newNamespace(module?.place ?? NOWHERE, frame.unit);
      }
      case 'copy': {
        const [target, ...sources] = this.#sites.arguments(node.arguments);
        const place = target?.place ?? NOWHERE;
        for (const source of sources) flow.writes.mix(frame.unit, place, source.place);
        return place;
      }
      case 'define':
        return this.#define(node);
      case 'same':
        return this.#sites.arguments(node.arguments)[0]?.place ?? NOWHERE;
      case 'decorate':
        return this.#decorate(node);
      case 'other':
        return this.#other(node);
    }
    const args = this.#sites.arguments(node.arguments);
    return this.#sites.call(node, this.#walk.visit(node.callee), NOWHERE, args);
  }

  /** `__publicField(object, key, value)`. */
  #define(node: acorn.CallExpression): Place {
    const walk = this.#walk;
    const [target, key, value] = node.arguments;
    const object = target ? walk.visit(target) : NOWHERE;
    if (key) walk.visit(key);
    const name = key ? walk.keys.staticKey(key, true) : undefined;
    walk.name(value, name ?? '');
    const place = value ? walk.visit(value) : NOWHERE;
    walk.store(object, name ?? DYNAMIC, place);
    return place;
  }

  /** `__decorateClass([d, …], target, key)`: the method becomes what the decorators make of it. */
  #decorate(node: acorn.CallExpression): Place {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    const { unit } = walk.frame;
    const [decorators, target, key] = node.arguments;
    const list = decorators ? walk.visit(decorators) : NOWHERE;
    const object = target ? walk.visit(target) : NOWHERE;
    const name = key ? walk.keys.staticKey(key, true) : undefined;
    for (const other of node.arguments.slice(2)) walk.visit(other);
    const returned = walk.newPlace();
    const descriptor = walk.newPlace();
    const passed = [spread(object), spread(descriptor)];
    this.#sites.callBack(undefined, walk.load(list, ELEMENT), passed, returned);
    if (name === undefined) {
      graph.flow(object, returned);
      return returned;
    }
    const value = objects.newObject(descriptor, unit);
    objects.define(value, unit, 'value', walk.load(object, name));
    const decorated = walk.join(returned, descriptor);
    walk.store(object, name, walk.load(decorated, 'value'));
    return returned;
  }

  /** A helper whose meaning is not known here: it may call its arguments and give any of them back. */
  #other(node: acorn.CallExpression): Place {
    const { graph, calls } = this.#walk.flow;
    const { unit, owner } = this.#walk.frame;
    const args = this.#sites.arguments(node.arguments);
    const result = this.#walk.newPlace();
    for (const { place } of args) graph.flow(place, result);
    const [callee, receiver] = [NOWHERE, NOWHERE];
    const shape = { site: node, owner, unit, callee, receiver, args, result, isNative: true };
    calls.callBackArguments(calls.add(shape));
    return result;
  }

  /** `__commonJS({ "path"(exports, module) {…} })`: calling the result runs the body once. */
  #wrappedModule(node: acorn.CallExpression, body: FunctionNode, helper: HelperName): Place {
    const walk = this.#walk;
    const { graph, objects, marks } = walk.flow;
    walk.name(body, `module ${moduleName(node)}`);
    const exported = walk.newPlace();
    const param = body.params[1];
    const binding = param?.type === 'Identifier' && walk.scopes.bindingOf.get(param);
    if (binding) this.#members.setExports(binding, exported);
    const info = this.#functions.value(body);
    if (helper === 'commonJs') {
      objects.newObject(exported, info.unit);
      graph.flow(exported, info.params[0] ?? NOWHERE);
      graph.flow(exported, info.returned);
    }
    marks.wrappers.push({ helper: node.callee, body: info });
    return info.value.origin;
  }
}

function moduleName(node: acorn.CallExpression): string {
  const [modules] = node.arguments;
  if (modules?.type !== 'ObjectExpression') return '';
  const [property] = modules.properties;
  if (property?.type !== 'Property') return '';
  const { key } = property;
  if (key.type === 'Literal') return String(key.value);
  return key.type === 'Identifier' ? key.name : '';
}
