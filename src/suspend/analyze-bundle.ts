/**
 * The helper functions esbuild puts into a bundle. They copy properties under computed names and call
 * module bodies through tables; taken literally they would connect everything with everything, so
 * their calls are given their meaning instead.
 */
import type * as acorn from 'acorn';
import type { FunctionNode } from './analysis-result.ts';
import { isFunction } from './scope.ts';

export type HelperName =
  /** `__require("k6")`: an external module. */
  | 'require'
  /** `__commonJS({ "path"(exports, module) {…} })`: gives a function that runs the module once. */
  | 'commonJs'
  /** `__esm({ "path"() {…} })`: gives a function that runs the module once. */
  | 'lazyModule'
  /** `__toESM(exports)`: a namespace with the exports and `default`. */
  | 'toModule'
  /** Copies properties of the later arguments to the first. */
  | 'copy'
  /** `__publicField(object, key, value)`. */
  | 'define'
  /** Gives its first argument back. */
  | 'same'
  /** `__decorateClass([decorators], target, key)`. */
  | 'decorate'
  /** Any other function the bundler added. */
  | 'other';

export const IMPORT_HELPERS: ReadonlyMap<string, HelperName> = new Map([
  ['__require', 'require'],
  ['__commonJS', 'commonJs'],
  ['__commonJSMin', 'commonJs'],
  ['__esm', 'lazyModule'],
  ['__esmMin', 'lazyModule'],
  ['__toESM', 'toModule'],
  ['__toCommonJS', 'same'],
  ['__copyProps', 'copy'],
  ['__reExport', 'copy'],
  ['__spreadValues', 'copy'],
  ['__spreadProps', 'copy'],
  ['__objRest', 'same'],
  ['__name', 'same'],
  ['__publicField', 'define'],
  ['__defNormalProp', 'define'],
  ['__decorateClass', 'decorate'],
]);

/** `var __commonJS = …` and the like, wherever it stands in the bundle. */
export function isHelperDefinition(node: acorn.AnyNode): boolean {
  return (
    node.type === 'VariableDeclaration' &&
    node.declarations.every(
      ({ id }) =>
        id.type === 'Identifier' && (IMPORT_HELPERS.has(id.name) || id.name === '__export'),
    )
  );
}

/** The body of the one module in `__commonJS({ "path"(exports, module) {…} })`, or of its arrow form. */
export function moduleBodyOf(node: acorn.Node): FunctionNode | undefined {
  if (node.type !== 'CallExpression') return undefined;
  const { callee, arguments: args } = node as acorn.CallExpression;
  if (callee.type !== 'Identifier') return undefined;
  const helper = IMPORT_HELPERS.get(callee.name);
  if (helper !== 'commonJs' && helper !== 'lazyModule') return undefined;
  const [first] = args;
  if (!first) return undefined;
  if (isFunction(first)) return first;
  if (first.type !== 'ObjectExpression' || first.properties.length !== 1) return undefined;
  const [property] = first.properties;
  if (property?.type !== 'Property' || !isFunction(property.value)) return undefined;
  return property.value;
}

/** A position inside the function's own file, even when a bundler wrote the wrapper around it. */
export function firstPosition(node: FunctionNode): number {
  if (node.body.type !== 'BlockStatement') return node.start;
  return node.body.body[0]?.start ?? node.start;
}
