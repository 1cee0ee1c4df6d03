/**
 * Translates a program into flow rules, one walk, one place per name or expression that can hold a
 * function. This file goes from node to node; each part of the syntax with rules of its own has a file
 * (`analyze-calls.ts`, `analyze-classes.ts` …). What values do is not known here but in `flow*.ts`.
 */
import type * as acorn from 'acorn';
import type { AnalyzeContext } from './analysis-result.ts';
import { Accessors } from './analyze-accessors.ts';
import { Assignments } from './analyze-assignments.ts';
import { isHelperDefinition } from './analyze-bundle.ts';
import { BundleCalls } from './analyze-bundle-calls.ts';
import { CallSites } from './analyze-call-sites.ts';
import { CallBuilder } from './analyze-calls.ts';
import { Classes } from './analyze-classes.ts';
import { Functions } from './analyze-functions.ts';
import { Imports } from './analyze-imports.ts';
import { Iteration } from './analyze-iteration.ts';
import { Keys } from './analyze-keys.ts';
import { Literals } from './analyze-literals.ts';
import { Members } from './analyze-members.ts';
import { Names } from './analyze-names.ts';
import { NativeCalls } from './analyze-native-calls.ts';
import { Statics } from './analyze-statics.ts';
import { type Frame, type SyntaxWalk, THROWN } from './analyze-walk.ts';
import type { Flow } from './flow.ts';
import { NOWHERE, type Place } from './flow-graph.ts';
import { forEachChild, isClass, isFunction, type ScopeTree } from './scope.ts';

/** Puts everything the program can do with functions into `flow`; `flow.graph.solve()` runs it. */
export function buildFlow(
  program: acorn.Program,
  scopes: ScopeTree,
  context: AnalyzeContext,
  flow: Flow,
): void {
  new FlowBuilder(program, scopes, context, flow).build(program);
}

class FlowBuilder implements SyntaxWalk {
  readonly flow: Flow;
  readonly context: AnalyzeContext;
  readonly scopes: ScopeTree;
  readonly keys: Keys;
  frame: Frame;
  readonly #givenNames = new Map<acorn.Node, string>();
  readonly #names: Names;
  readonly #accessors: Accessors;
  readonly #members: Members;
  readonly #iteration: Iteration;
  readonly #assignments: Assignments;
  readonly #functions: Functions;
  readonly #classes: Classes;
  readonly #literals: Literals;
  readonly #imports: Imports;
  readonly #calls: CallBuilder;

  constructor(program: acorn.Program, scopes: ScopeTree, context: AnalyzeContext, flow: Flow) {
    this.flow = flow;
    this.context = context;
    this.scopes = scopes;
    this.keys = new Keys(scopes);
    this.frame = {
      owner: program,
      unit: flow.unit('.'),
      thisPlace: NOWHERE,
      returned: NOWHERE,
      functionInfo: undefined,
      ofClass: undefined,
      isStatic: false,
      isTop: true,
    };
    const names = new Names(this);
    const accessors = new Accessors(this);
    const members = new Members(this, accessors);
    const iteration = new Iteration(this);
    const assignments = new Assignments(this, names, members, iteration);
    const functions = new Functions(this, names, assignments);
    const literals = new Literals(this, functions, accessors, iteration);
    const imports = new Imports(this, names);
    const sites = new CallSites(this, literals, iteration);
    const natives = new NativeCalls(this, sites, iteration);
    const statics = new Statics(this, sites, natives, functions, accessors);
    const bundle = new BundleCalls(this, names, members, functions, imports, sites);
    this.#names = names;
    this.#accessors = accessors;
    this.#members = members;
    this.#iteration = iteration;
    this.#assignments = assignments;
    this.#functions = functions;
    this.#classes = new Classes(this, names, functions, accessors);
    this.#literals = literals;
    this.#imports = imports;
    const kinds = { names, members, imports, sites, natives, statics, bundle };
    this.#calls = new CallBuilder(this, kinds);
  }

  build(program: acorn.Program): void {
    const units = program.body.map((statement) => this.#names.unitOfStatement(statement));
    program.body.forEach((statement, index) => {
      const unit = units[index] ?? this.frame.unit;
      const isTop = !isHelperDefinition(statement);
      this.within({ ...this.frame, unit, isTop }, () => this.visit(statement));
    });
    this.#accessors.finish();
    this.flow.reads.finish();
  }

  within<T>(frame: Frame, run: () => T): T {
    const outer = this.frame;
    this.frame = frame;
    try {
      return run();
    } finally {
      this.frame = outer;
    }
  }

  newPlace(): Place {
    return this.flow.graph.newPlace(this.frame.unit.home);
  }

  join(...places: Place[]): Place {
    const live = places.filter((place) => place !== NOWHERE);
    if (live.length <= 1) return live[0] ?? NOWHERE;
    const place = this.newPlace();
    for (const from of live) this.flow.graph.flow(from, place);
    return place;
  }

  load(object: Place, key: string, isCallee = false): Place {
    return this.flow.reads.load(this.frame.unit, object, key, isCallee);
  }

  store(object: Place, key: string, value: Place): void {
    this.flow.writes.store(this.frame.unit, object, key, value);
  }

  unitField(key: string): Place {
    return this.flow.objects.field(this.frame.unit.value, key);
  }

  name(node: acorn.Node | null | undefined, name: string): void {
    if (node && (isFunction(node) || isClass(node))) this.#givenNames.set(node, name);
  }

  givenName(node: acorn.Node): string | undefined {
    return this.#givenNames.get(node);
  }

  visitAll(nodes: readonly (acorn.Node | null | undefined)[]): void {
    for (const node of nodes) if (node) this.visit(node);
  }

  visit(anyNode: acorn.Node): Place {
    const node = anyNode as acorn.AnyNode;
    switch (node.type) {
      case 'Identifier':
        return this.#names.value(node);
      case 'ThisExpression':
        return this.frame.thisPlace;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this.#functions.value(node).value.origin;
      case 'ClassDeclaration':
      case 'ClassExpression':
        return this.#classes.value(node);
      case 'ParenthesizedExpression':
      case 'ChainExpression':
        return this.visit(node.expression);
      case 'AwaitExpression':
        return this.visit(node.argument);
      case 'SequenceExpression': {
        let last = NOWHERE;
        for (const expression of node.expressions) last = this.visit(expression);
        return last;
      }
      case 'ConditionalExpression':
        this.visit(node.test);
        return this.join(this.visit(node.consequent), this.visit(node.alternate));
      case 'LogicalExpression':
        return this.join(this.visit(node.left), this.visit(node.right));
      case 'AssignmentExpression':
        return this.#assignments.assignment(node);
      case 'MemberExpression':
        return this.#members.read(node);
      case 'YieldExpression':
        return this.#iteration.yield(node);
      case 'CallExpression':
        return this.#calls.call(node);
      case 'NewExpression':
        return this.#calls.construct(node);
      case 'TaggedTemplateExpression':
        return this.#calls.tagged(node);
      case 'ImportExpression':
        this.visit(node.source);
        return node.source.type === 'Literal'
          ? this.#imports.namespace(node.source.value)
          : NOWHERE;
      case 'ArrayExpression':
        return this.#literals.array(node);
      case 'ObjectExpression':
        return this.#literals.object(node).place;
      default:
        this.#visitOther(node);
        return NOWHERE;
    }
  }

  /** Statements, and expressions whose value is no function. */
  #visitOther(node: acorn.AnyNode): void {
    const { graph } = this.flow;
    switch (node.type) {
      case 'Literal':
      case 'TemplateElement':
      case 'MetaProperty':
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ExportAllDeclaration':
        return;
      case 'UpdateExpression':
        if (node.argument.type === 'MemberExpression') {
          this.#members.access(node.argument, true, true);
        }
        return;
      case 'VariableDeclaration':
        this.#assignments.declaration(node);
        return;
      case 'ReturnStatement':
        if (node.argument) graph.flow(this.visit(node.argument), this.frame.returned);
        return;
      case 'ThrowStatement':
        graph.flow(this.visit(node.argument), this.unitField(THROWN));
        return;
      case 'CatchClause':
        if (node.param) this.#assignments.assign(node.param, this.unitField(THROWN));
        this.visit(node.body);
        return;
      case 'ForOfStatement':
        this.#assignments.forOf(node);
        return;
      case 'ForInStatement':
        this.#assignments.forIn(node);
        return;
      case 'LabeledStatement':
        this.visit(node.body);
        return;
      case 'ImportDeclaration':
        this.#imports.declaration(node);
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.visit(node.declaration);
        return;
      case 'ExportDefaultDeclaration':
        this.name(node.declaration, 'default');
        this.visit(node.declaration);
        return;
      default:
        forEachChild(node, (child) => this.visit(child));
    }
  }
}
