/** Array and object literals. */
import type * as acorn from 'acorn';
import type { Accessors } from './analyze-accessors.ts';
import type { Functions } from './analyze-functions.ts';
import type { Iteration } from './analyze-iteration.ts';
import type { SyntaxWalk } from './analyze-walk.ts';
import { DYNAMIC, ELEMENT, NOWHERE, type Place, type Value } from './flow-graph.ts';
import { isFunction } from './scope.ts';

export class Literals {
  readonly #walk: SyntaxWalk;
  readonly #functions: Functions;
  readonly #accessors: Accessors;
  readonly #iteration: Iteration;

  constructor(walk: SyntaxWalk, functions: Functions, accessors: Accessors, iteration: Iteration) {
    this.#walk = walk;
    this.#functions = functions;
    this.#accessors = accessors;
    this.#iteration = iteration;
  }

  array(node: acorn.ArrayExpression): Place {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    const { unit } = walk.frame;
    const place = walk.newPlace();
    const value = objects.newObject(place, unit);
    for (const element of node.elements) {
      if (!element) continue;
      if (element.type === 'SpreadElement') {
        const source = walk.visit(element.argument);
        graph.flow(source, objects.parents(value));
        graph.flow(walk.load(source, ELEMENT), walk.unitField(ELEMENT));
        this.#iteration.iterate(element, source, element.argument);
        continue;
      }
      const item = walk.visit(element);
      if (item !== NOWHERE) objects.define(value, unit, ELEMENT, item);
    }
    return place;
  }

  /** The object, and the values of its properties one by one. */
  object(node: acorn.ObjectExpression): { place: Place; properties: Place[] } {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    const place = walk.newPlace();
    const value = objects.newObject(place, walk.frame.unit);
    const properties: Place[] = [];
    const isExports = isExportMap(node);
    for (const property of node.properties) {
      if (property.type === 'SpreadElement') {
        const source = walk.visit(property.argument);
        graph.flow(source, objects.parents(value));
        graph.flow(source, walk.frame.unit.mixed);
        if (source !== NOWHERE) properties.push(walk.load(source, DYNAMIC));
        continue;
      }
      const item = this.#property(property, value, place, isExports);
      if (item !== NOWHERE) properties.push(item);
    }
    return { place, properties };
  }

  /** @returns where the property's value is, NOWHERE for an accessor. */
  #property(property: acorn.Property, object: Value, place: Place, isExport: boolean): Place {
    const walk = this.#walk;
    const { graph, objects } = walk.flow;
    const { unit } = walk.frame;
    if (property.computed) walk.visit(property.key);
    const key = walk.keys.staticKey(property.key, property.computed);
    walk.name(property.value, key);
    walk.keys.noteProperty(key, property.value);
    const method = isFunction(property.value)
      ? this.#functions.value(property.value, { thisOrigin: place })
      : undefined;
    if (method && property.kind !== 'init') {
      this.#accessors.define(object, property.kind, key, method);
      return NOWHERE;
    }
    const item = method ? method.value.origin : walk.visit(property.value);
    unit.definedKeys.add(key);
    if (isExport && method) objects.define(object, unit, key, method.returned);
    if (item === NOWHERE) return NOWHERE;
    if (key === '__proto__') graph.flow(item, objects.parents(object));
    objects.define(object, unit, key, item);
    return item;
  }
}

/**
 * `{ name: () => binding, … }`, which bundlers pass to the helper that defines a module's exports
 * (esbuild's `__export`, rolldown's `__exportAll`, webpack's `n.d`): readers see the bindings.
 */
function isExportMap(node: acorn.ObjectExpression): boolean {
  return (
    node.properties.length > 0 &&
    node.properties.every(
      (property) =>
        property.type === 'Property' &&
        property.value.type === 'ArrowFunctionExpression' &&
        property.value.params.length === 0 &&
        (property.value.body.type === 'Identifier' ||
          property.value.body.type === 'MemberExpression'),
    )
  );
}
