import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as acorn from 'acorn';
import { type Binding, isConstant, resolveScopes, type ScopeTree } from './scope.ts';

function resolve(code: string): ScopeTree {
  return resolveScopes(acorn.parse(code, { ecmaVersion: 'latest', sourceType: 'module' }));
}

/** All bindings of a name, in order of their declarations. */
function bindings(tree: ScopeTree, name: string): Binding[] {
  const found = new Set<Binding>();
  for (const [identifier, binding] of tree.bindingOf) {
    if (identifier.name === name) found.add(binding);
  }
  return [...found].sort(
    (a, b) => (a.declarations[0]?.start ?? 0) - (b.declarations[0]?.start ?? 0),
  );
}

/** Kind, number of references and of writes of each binding of a name. */
function summary(code: string, name: string): string[] {
  return bindings(resolve(code), name).map(
    ({ kind, references, writes }) => `${kind} ${references.length} ${writes.length}`,
  );
}

describe('resolveScopes', () => {
  it('keeps shadowed names apart', () => {
    const code = `let x = 1; { let x = 2; x; } function f(x) { x; { const x = 3; x; x; } } x;`;
    assert.deepEqual(summary(code, 'x'), ['let 1 0', 'let 1 0', 'param 1 0', 'const 2 0']);
  });

  it('hoists var to the function and functions to their block', () => {
    assert.deepEqual(summary('v; { var v = 1; } v;', 'v'), ['var 2 0']);
    assert.deepEqual(summary('{ f(); function f() {} } f;', 'f'), ['function 1 0']);
    assert.deepEqual([...resolve('{ function f() {} } f;').free.keys()], ['f']);
  });

  it('counts every kind of assignment as a write, initialisers not', () => {
    const code = `let a = 1; a = 2; a++; a += 1; [a] = []; ({ a } = {}); ({ k: a = 1, ...a } = {}); for (a of []); for (a in {}); a;`;
    assert.deepEqual(summary(code, 'a'), ['let 10 9']);
    assert.equal(isConstant(bindings(resolve('let a = 1; a;'), 'a')[0] as Binding), true);
    assert.equal(isConstant(bindings(resolve('var a = 1; var a = 2;'), 'a')[0] as Binding), false);
  });

  it('gives a class and a function expression a name of their own inside', () => {
    assert.deepEqual(summary('class C { m() { return C; } } C;', 'C'), [
      'class 1 0',
      'class-name 1 0',
    ]);
    assert.deepEqual(summary('const g = function f() { return f; };', 'f'), ['function-name 1 0']);
  });

  it('does not take keys, labels and exported names for references', () => {
    const tree = resolve(
      'const a = 1; const o = { a: 2, b() {} }; o.a; a: for (;;) break a; export { a as z };',
    );
    assert.deepEqual([...tree.free.keys()], []);
    assert.equal(bindings(tree, 'a')[0]?.references.length, 1);
    assert.deepEqual(summary('const a = 1; const o = { a, [a]: a };', 'a'), ['const 3 0']);
  });

  it('lists free names with their identifiers', () => {
    const tree = resolve('function f() { __VU; __VU; typeof undefined; } export default f;');
    assert.deepEqual([...tree.free.keys()], ['__VU', 'undefined']);
    assert.equal(tree.free.get('__VU')?.length, 2);
  });

  it('knows what functions capture, arrows handing it on', () => {
    const tree = resolve(
      'class A extends B { m() { const f = () => () => [this, arguments, super.x, new.target]; function g() {} } f = () => this; }',
    );
    const facts = tree.functions.map((fn) => ({ type: fn.type, ...tree.facts.get(fn) }));
    const uses = { usesThis: true, usesArguments: true, usesSuper: true, usesNewTarget: true };
    for (const fact of facts.slice(0, 3)) assert.deepEqual({ ...fact, ...uses }, fact);
    assert.equal(facts[3]?.usesThis, false);
    assert.equal(facts[4]?.usesThis, true);
    const program = tree.facts.get(tree.program.node);
    assert.equal(program?.usesThis, false);
  });

  it('tells an arguments object from a variable of that name and from a free name', () => {
    const tree = resolve('function f() { return () => arguments; }');
    assert.equal(tree.argumentsOf.size, 1);
    assert.equal(tree.free.size, 0);
  });

  it('sees names in parameters, defaults and patterns', () => {
    const code = 'function f({ a, b: [c = a] }, d = c, ...e) { return [a, c, d, e]; }';
    assert.deepEqual(summary(code, 'a'), ['param 2 0']);
    assert.deepEqual(summary(code, 'c'), ['param 2 0']);
    assert.deepEqual([...resolve(code).free.keys()], []);
  });
});
