/**
 * Names of a parsed program: which binding an identifier means, who writes it, which names are free,
 * and what `this`-like context each function captures. The analysis and the emitter both stand on it.
 *
 * The program is an ES module as esbuild prints it (strict code): functions in blocks are block
 * scoped, `with` does not exist. Parameters and body of a function share one scope.
 */
import type * as acorn from 'acorn';
import type { ClassNode, FunctionNode } from './analysis-result.ts';

export type BindingKind =
  | 'var'
  | 'let'
  | 'const'
  | 'function'
  | 'class'
  | 'param'
  | 'catch'
  | 'import'
  /** The name of a function expression, seen only inside it. */
  | 'function-name'
  /** The name of a class (declaration or expression) as seen inside the class. */
  | 'class-name';

export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly scope: Scope;
  /** The identifiers that declare it: more than one for repeated `var`s and parameters. */
  readonly declarations: acorn.Identifier[];
  /** Every other identifier that means it: reads and writes. */
  readonly references: acorn.Identifier[];
  /** The references that assign it (`x = 1`, `x++`, `for (x of y)`, `[x] = y`); initialisers are not writes. */
  readonly writes: acorn.Identifier[];
}

export type ScopeKind = 'program' | 'function' | 'block' | 'class' | 'function-name' | 'catch';

export interface Scope {
  readonly kind: ScopeKind;
  /** Program, function, class, block, loop, switch or catch clause that opens the scope. */
  readonly node: acorn.Node;
  readonly parent: Scope | undefined;
  readonly bindings: Map<string, Binding>;
  /** What runs the code of this scope. */
  readonly owner: Owner;
}

/** A unit of execution: a function, the program, a field initialiser or a static block. */
export type Owner = FunctionNode | acorn.Program | acorn.PropertyDefinition | acorn.StaticBlock;

/** What a function takes from its frame, its own use and that of arrow functions in it. */
export interface FunctionFacts {
  usesThis: boolean;
  usesArguments: boolean;
  usesSuper: boolean;
  usesNewTarget: boolean;
  hasDirectEval: boolean;
}

export interface ScopeTree {
  readonly program: Scope;
  /** By the node that opens the scope; a named function expression has two, this gives the inner. */
  readonly scopeOf: ReadonlyMap<acorn.Node, Scope>;
  /** Binding of a declaring or referring identifier; undefined for free names (and for `arguments`). */
  readonly bindingOf: ReadonlyMap<acorn.Identifier, Binding>;
  /** Names that nothing declares, with the identifiers that mean them. */
  readonly free: ReadonlyMap<string, readonly acorn.Identifier[]>;
  /** Identifiers that mean a function's own `arguments` object. */
  readonly argumentsOf: ReadonlyMap<acorn.Identifier, FunctionNode>;
  /** Facts per owner (a function, the program, a field initialiser, a static block). */
  readonly facts: ReadonlyMap<acorn.Node, FunctionFacts>;
  /** The owner a function, field initialiser or static block lies in directly. */
  readonly ownerOf: ReadonlyMap<acorn.Node, Owner>;
  /** Every function, in source order of its start. */
  readonly functions: readonly FunctionNode[];
  readonly classes: readonly ClassNode[];
}

/** True when the binding has one value for its whole life: declared once, never assigned. */
export function isConstant(binding: Binding): boolean {
  return binding.writes.length === 0 && binding.declarations.length === 1;
}

export function isFunction(node: acorn.Node): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

export function isClass(node: acorn.Node): node is ClassNode {
  return node.type === 'ClassDeclaration' || node.type === 'ClassExpression';
}

/** Calls `visit` for each direct child node, in source order of the properties acorn creates. */
export function forEachChild(node: acorn.Node, visit: (child: acorn.AnyNode) => void): void {
  const fields = node as unknown as Record<string, unknown>;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item);
    } else if (isNode(value)) {
      visit(value);
    }
  }
}

function isNode(value: unknown): value is acorn.AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** Resolves all names of a program. One walk and one look-up per identifier; linear. */
export function resolveScopes(program: acorn.Program): ScopeTree {
  return new Resolver(program).resolve();
}

interface Unresolved {
  readonly identifier: acorn.Identifier;
  readonly scope: Scope;
  readonly isWrite: boolean;
}

class Resolver {
  readonly #program: acorn.Program;
  readonly #scopeOf = new Map<acorn.Node, Scope>();
  readonly #bindingOf = new Map<acorn.Identifier, Binding>();
  readonly #free = new Map<string, acorn.Identifier[]>();
  readonly #argumentsOf = new Map<acorn.Identifier, FunctionNode>();
  readonly #facts = new Map<acorn.Node, FunctionFacts>();
  readonly #ownerOf = new Map<acorn.Node, Owner>();
  readonly #functions: FunctionNode[] = [];
  readonly #classes: ClassNode[] = [];
  readonly #unresolved: Unresolved[] = [];

  constructor(program: acorn.Program) {
    this.#program = program;
  }

  resolve(): ScopeTree {
    const scope = this.#open('program', this.#program, undefined, this.#program);
    this.#facts.set(this.#program, noFacts());
    for (const statement of this.#program.body) this.#visit(statement, scope);
    for (const reference of this.#unresolved) this.#bind(reference);
    return {
      program: scope,
      scopeOf: this.#scopeOf,
      bindingOf: this.#bindingOf,
      free: this.#free,
      argumentsOf: this.#argumentsOf,
      facts: this.#facts,
      ownerOf: this.#ownerOf,
      functions: this.#functions,
      classes: this.#classes,
    };
  }

  #open(kind: ScopeKind, node: acorn.Node, parent: Scope | undefined, owner: Owner): Scope {
    const scope: Scope = { kind, node, parent, bindings: new Map(), owner };
    this.#scopeOf.set(node, scope);
    return scope;
  }

  #bind({ identifier, scope, isWrite }: Unresolved): void {
    const { name } = identifier;
    for (let s: Scope | undefined = scope; s !== undefined; s = s.parent) {
      const binding = s.bindings.get(name);
      if (binding !== undefined) {
        binding.references.push(identifier);
        if (isWrite) binding.writes.push(identifier);
        this.#bindingOf.set(identifier, binding);
        return;
      }
      if (name === 'arguments' && s.kind === 'function') {
        const fn = s.node;
        if (isFunction(fn) && fn.type !== 'ArrowFunctionExpression') {
          this.#argumentsOf.set(identifier, fn);
          this.#mark(scope.owner, (facts) => {
            facts.usesArguments = true;
          });
          return;
        }
      }
    }
    const free = this.#free.get(name);
    if (free === undefined) this.#free.set(name, [identifier]);
    else free.push(identifier);
  }

  /** Marks the owner and, through arrow functions, every owner up to the one that has the context. */
  #mark(from: Owner, mark: (facts: FunctionFacts) => void): void {
    let owner: Owner | undefined = from;
    while (owner !== undefined) {
      const facts = this.#facts.get(owner);
      if (facts !== undefined) mark(facts);
      if (owner.type !== 'ArrowFunctionExpression') return;
      owner = this.#ownerOf.get(owner);
    }
  }

  #declare(identifier: acorn.Identifier, kind: BindingKind, scope: Scope): void {
    let target = scope;
    if (kind === 'var') {
      while (target.kind !== 'function' && target.kind !== 'program' && target.parent) {
        if (target.node.type === 'StaticBlock') break;
        target = target.parent;
      }
    }
    let binding = target.bindings.get(identifier.name);
    if (binding === undefined) {
      binding = {
        name: identifier.name,
        kind,
        scope: target,
        declarations: [],
        references: [],
        writes: [],
      };
      target.bindings.set(identifier.name, binding);
    }
    binding.declarations.push(identifier);
    this.#bindingOf.set(identifier, binding);
  }

  #refer(identifier: acorn.Identifier, scope: Scope, isWrite: boolean): void {
    this.#unresolved.push({ identifier, scope, isWrite });
  }

  /** A binding or assignment pattern; `kind` undefined means assignment to existing names. */
  #pattern(pattern: acorn.Node, kind: BindingKind | undefined, scope: Scope): void {
    const node = pattern as acorn.AnyNode;
    switch (node.type) {
      case 'Identifier':
        if (kind === undefined) this.#refer(node, scope, true);
        else this.#declare(node, kind, scope);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#pattern(property.argument, kind, scope);
          else {
            if (property.computed) this.#visit(property.key, scope);
            this.#pattern(property.value, kind, scope);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element) this.#pattern(element, kind, scope);
        return;
      case 'RestElement':
        this.#pattern(node.argument, kind, scope);
        return;
      case 'AssignmentPattern':
        this.#pattern(node.left, kind, scope);
        this.#visit(node.right, scope);
        return;
      default:
        this.#visit(node, scope);
    }
  }

  #visitAll(nodes: readonly (acorn.Node | null)[], scope: Scope): void {
    for (const node of nodes) if (node) this.#visit(node, scope);
  }

  #visit(anyNode: acorn.Node, scope: Scope): void {
    const node = anyNode as acorn.AnyNode;
    switch (node.type) {
      case 'Identifier':
        this.#refer(node, scope, false);
        return;
      case 'Literal':
      case 'TemplateElement':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'PrivateIdentifier':
        return;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#function(node, scope);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node, scope);
        return;
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations) {
          // `using` declarations bind like const.
          const kind = node.kind === 'var' || node.kind === 'let' ? node.kind : 'const';
          this.#pattern(id, kind, scope);
          if (init) this.#visit(init, scope);
        }
        return;
      case 'BlockStatement':
        this.#visitAll(node.body, this.#open('block', node, scope, scope.owner));
        return;
      case 'SwitchStatement': {
        this.#visit(node.discriminant, scope);
        const inner = this.#open('block', node, scope, scope.owner);
        for (const { test, consequent } of node.cases) {
          if (test) this.#visit(test, inner);
          this.#visitAll(consequent, inner);
        }
        return;
      }
      case 'ForStatement': {
        const inner = this.#open('block', node, scope, scope.owner);
        this.#visitAll([node.init ?? null, node.test ?? null, node.update ?? null], inner);
        this.#visit(node.body, inner);
        return;
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = this.#open('block', node, scope, scope.owner);
        if (node.left.type === 'VariableDeclaration') this.#visit(node.left, inner);
        else this.#pattern(node.left, undefined, inner);
        this.#visit(node.right, inner);
        this.#visit(node.body, inner);
        return;
      }
      case 'CatchClause': {
        const inner = this.#open('catch', node, scope, scope.owner);
        if (node.param) this.#pattern(node.param, 'catch', inner);
        this.#visit(node.body, inner);
        return;
      }
      case 'LabeledStatement':
        this.#visit(node.body, scope);
        return;
      case 'AssignmentExpression':
        if (node.left.type === 'MemberExpression') this.#visit(node.left, scope);
        else this.#pattern(node.left, undefined, scope);
        this.#visit(node.right, scope);
        return;
      case 'UpdateExpression':
        if (node.argument.type === 'Identifier') this.#refer(node.argument, scope, true);
        else this.#visit(node.argument, scope);
        return;
      case 'MemberExpression':
        this.#visit(node.object, scope);
        if (node.computed) this.#visit(node.property, scope);
        return;
      case 'Property':
        if (node.computed) this.#visit(node.key, scope);
        this.#visit(node.value, scope);
        return;
      case 'ThisExpression':
        this.#mark(scope.owner, (facts) => {
          facts.usesThis = true;
        });
        return;
      case 'Super':
        this.#mark(scope.owner, (facts) => {
          facts.usesSuper = true;
          facts.usesThis = true;
        });
        return;
      case 'MetaProperty':
        if (node.meta.name === 'new') {
          this.#mark(scope.owner, (facts) => {
            facts.usesNewTarget = true;
          });
        }
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') {
          this.#mark(scope.owner, (facts) => {
            facts.hasDirectEval = true;
          });
        }
        this.#visit(node.callee, scope);
        this.#visitAll(node.arguments, scope);
        return;
      case 'ImportDeclaration':
        for (const { local } of node.specifiers) this.#declare(local, 'import', scope);
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.#visit(node.declaration, scope);
        else if (!node.source) {
          for (const { local } of node.specifiers) {
            if (local.type === 'Identifier') this.#refer(local, scope, false);
          }
        }
        return;
      case 'ExportAllDeclaration':
        return;
      default:
        forEachChild(node, (child) => this.#visit(child, scope));
    }
  }

  #function(node: FunctionNode, outer: Scope): void {
    this.#functions.push(node);
    this.#ownerOf.set(node, outer.owner);
    this.#facts.set(node, noFacts());
    let parent = outer;
    if (node.type === 'FunctionDeclaration') {
      if (node.id) this.#declare(node.id, 'function', outer);
    } else if (node.type === 'FunctionExpression' && node.id) {
      parent = this.#open('function-name', node, outer, outer.owner);
      this.#declare(node.id, 'function-name', parent);
    }
    const scope = this.#open('function', node, parent, node);
    for (const param of node.params) this.#pattern(param, 'param', scope);
    if (node.body.type === 'BlockStatement') {
      // The body block is the function's scope itself, not one more.
      this.#scopeOf.set(node.body, scope);
      this.#visitAll(node.body.body, scope);
    } else {
      this.#visit(node.body, scope);
    }
  }

  #class(node: ClassNode, outer: Scope): void {
    this.#classes.push(node);
    if (node.type === 'ClassDeclaration' && node.id) this.#declare(node.id, 'class', outer);
    const scope = this.#open('class', node, outer, outer.owner);
    if (node.id) {
      const outerBinding = this.#bindingOf.get(node.id);
      this.#declare(node.id, 'class-name', scope);
      // The identifier itself means the outer binding; the inner one is found by look-up.
      if (outerBinding !== undefined) this.#bindingOf.set(node.id, outerBinding);
    }
    if (node.superClass) this.#visit(node.superClass, scope);
    for (const member of node.body.body) {
      if (member.type === 'StaticBlock') {
        this.#initialiser(member, scope, (inner) => this.#visitAll(member.body, inner));
        continue;
      }
      if (member.computed) this.#visit(member.key, scope);
      const { value } = member;
      if (!value) continue;
      if (member.type === 'MethodDefinition') this.#visit(value, scope);
      else this.#initialiser(member, scope, (inner) => this.#visit(value, inner));
    }
  }

  #initialiser(
    node: acorn.PropertyDefinition | acorn.StaticBlock,
    outer: Scope,
    visit: (scope: Scope) => void,
  ): void {
    this.#ownerOf.set(node, outer.owner);
    this.#facts.set(node, noFacts());
    visit(this.#open('block', node, outer, node));
  }
}

function noFacts(): FunctionFacts {
  return {
    usesThis: false,
    usesArguments: false,
    usesSuper: false,
    usesNewTarget: false,
    hasDirectEval: false,
  };
}
