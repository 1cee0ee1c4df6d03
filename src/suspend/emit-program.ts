/**
 * The program as a script: an expression that gives a factory of per-VU instances.
 *
 * Imports become constants filled from the host, exports become getters of the returned namespace. The
 * per-VU globals are parameters of an outer function, so that the program may declare the same names.
 */
import type * as acorn from 'acorn';
import { emitListed } from './emit-statement.ts';
import { type Emitter, type Frame, isNode, slice } from './frame.ts';
import { keyName } from './key-name.ts';
import type { Rope } from './rope.ts';
import type { ProgramKind } from './runtime.ts';

export interface WrapOptions {
  readonly kind: ProgramKind;
  readonly instanceGlobals: readonly string[];
  /** The bundler's name for an anonymous default export; the function is called `default` again. */
  readonly defaultName: string | undefined;
  /** Import specifiers with a twin of their own: `local` to the variable of the twin. */
  readonly importTwins: ReadonlyMap<acorn.Identifier, string>;
}

export function emitProgram(
  e: Emitter,
  node: acorn.Program,
  frame: Frame,
  options: WrapOptions,
): Rope {
  const { source } = e.program;
  const tops: string[] = [];
  const imports: Rope[] = [];
  const exported = new Map<string, string>();
  const stars: string[] = [];
  const body: Rope[] = [];
  let at = 0;
  if (source.startsWith('#!'))
    at = source.indexOf('\n') === -1 ? source.length : source.indexOf('\n');
  const writer = new ModuleWriter(e, frame, imports, exported, stars, options, tops);
  for (const statement of node.body) {
    body.push(slice(at, statement.start), writer.statement(statement));
    at = statement.end;
  }
  body.push(slice(at, source.length));
  const rename =
    options.defaultName !== undefined && exported.get('default') === options.defaultName
      ? `${e.helper('dn')}(${options.defaultName});`
      : '';
  const members = [...exported].map(
    ([name, value]) => `get ${JSON.stringify(name)}(){return ${value}}`,
  );
  const namespace = `${rename}return {__proto__:null,${[...stars, ...members].join(',')}}`;
  const temps = frame.temps.declaration() + e.program.programTemps.declaration();
  const isLowered = frame.canSuspend || frame.isAsync;
  const star = isLowered ? '*' : '';
  const prefix = options.kind === 'async' && !isLowered ? 'async ' : '';
  const inside: Rope = [temps, imports, tops.join(''), body, `\n;${namespace}`];
  const run: Rope = [`(${prefix}function${star}(){`, inside, '})()'];
  const started: Rope =
    options.kind === 'async' && isLowered ? [`${e.helper('tla')}(`, run, ')'] : run;
  const params = [e.helper('vu'), e.helper('import'), ...options.instanceGlobals].join(',');
  const rt = e.helper('rt');
  const perVu = e.program.suspends
    ? `const ${pick(e, PER_VU_HELPERS)}=${rt}.helpersFor(${e.helper('vu')});`
    : '';
  return [
    `(${rt}=>{"use strict";const ${pick(e, HELPERS)}=${rt}.helpers;` +
      `return {kind:${JSON.stringify(options.kind)},instantiate(${params}){${perVu}return `,
    started,
    '}}})',
  ];
}

const HELPERS =
  'm mn mg s sn nt dn tw co call nm pk tpl bi bf probe gc gv imp ns di cp da cm mc ms rs cn nw cb cd sc gp bs ck tok df ph rm sh sd sr ar gt st num inc dec gen yv dl io ds sp ia aw';
const PER_VU_HELPERS = 'as ta tla ma tf tc';

function pick(e: Emitter, names: string): string {
  return `{${names
    .split(' ')
    .map((name) => `${name}:${e.helper(name)}`)
    .join(',')}}`;
}

class ModuleWriter {
  readonly #e: Emitter;
  readonly #frame: Frame;
  readonly #imports: Rope[];
  readonly #exported: Map<string, string>;
  readonly #stars: string[];
  readonly #options: WrapOptions;
  readonly #tops: string[];

  constructor(
    e: Emitter,
    frame: Frame,
    imports: Rope[],
    exported: Map<string, string>,
    stars: string[],
    options: WrapOptions,
    tops: string[],
  ) {
    this.#e = e;
    this.#frame = frame;
    this.#imports = imports;
    this.#exported = exported;
    this.#stars = stars;
    this.#options = options;
    this.#tops = tops;
  }

  statement(node: acorn.Program['body'][number]): Rope {
    switch (node.type) {
      case 'ImportDeclaration':
        this.#import(node);
        return '';
      case 'ExportAllDeclaration':
        return this.#exportAll(node);
      case 'ExportDefaultDeclaration':
        return this.#exportDefault(node);
      case 'ExportNamedDeclaration':
        return this.#exportNamed(node);
      default:
        return this.#listed(node);
    }
  }

  #listed(node: acorn.Node): Rope {
    return emitListed(this.#e, node, this.#frame, 'var', this.#tops);
  }

  #module(source: acorn.Literal): string {
    const e = this.#e;
    const variable = `${e.helper('mod')}${e.program.nextId()}`;
    const specifier = JSON.stringify(String(source.value));
    this.#imports.push(`const ${variable}=${e.helper('import')}(${specifier});`);
    return variable;
  }

  #import(node: acorn.ImportDeclaration): void {
    const e = this.#e;
    const module = this.#module(node.source);
    for (const specifier of node.specifiers) {
      const { local } = specifier;
      let value: string;
      if (specifier.type === 'ImportNamespaceSpecifier') value = `${e.helper('ns')}(${module})`;
      else if (specifier.type === 'ImportDefaultSpecifier') value = `${module}.default`;
      else value = this.#member(module, keyName(specifier.imported) ?? '');
      this.#imports.push('const ', slice(local.start, local.end), `=${value};`);
      const twin = this.#options.importTwins.get(local);
      if (twin !== undefined) {
        const name = JSON.stringify(local.name);
        this.#imports.push(`const ${twin}=${e.helper('tw')}(${local.name},${name});`);
      }
    }
  }

  #member(module: string, name: string): string {
    if (name === 'default') return `${module}.default`;
    return `${this.#e.helper('imp')}(${module},${JSON.stringify(name)})`;
  }

  #exportAll(node: acorn.ExportAllDeclaration): Rope {
    const module = this.#module(node.source);
    if (node.exported) {
      const name = keyName(node.exported) ?? '';
      this.#exported.set(name, `${this.#e.helper('ns')}(${module})`);
    } else this.#stars.push(`...${module}.named`);
    return '';
  }

  #exportDefault(node: acorn.ExportDefaultDeclaration): Rope {
    const e = this.#e;
    const { declaration } = node;
    const local = e.helper('default');
    if (isNode(declaration, 'FunctionDeclaration') || isNode(declaration, 'ClassDeclaration')) {
      if (declaration.id) {
        this.#exported.set('default', declaration.id.name);
        return this.#listed(declaration);
      }
      this.#exported.set('default', local);
      // Anonymous: the same node as an expression. Hoisting is lost; nothing can refer to it before.
      const type = isNode(declaration, 'ClassDeclaration')
        ? ('ClassExpression' as const)
        : ('FunctionExpression' as const);
      const isLowered = isNode(declaration, 'FunctionDeclaration') && e.isLowered(declaration);
      Object.assign(declaration, { type });
      void isLowered;
      return [`const ${local}=`, this.#named(declaration), ';'];
    }
    this.#exported.set('default', local);
    return [`const ${local}=`, this.#named(declaration), ';'];
  }

  #named(node: acorn.Node): Rope {
    const text = this.#e.named(node, this.#frame, { text: 'default' });
    // Functions and classes that stay as they are take their name from a key.
    const isAnonymous =
      isNode(node, 'ArrowFunctionExpression') ||
      ((isNode(node, 'FunctionExpression') || isNode(node, 'ClassExpression')) && !node.id);
    return isAnonymous ? ['({default:', text, '}).default'] : text;
  }

  #exportNamed(node: acorn.ExportNamedDeclaration): Rope {
    const { declaration } = node;
    if (declaration) {
      for (const name of declaredNames(declaration)) this.#exported.set(name, name);
      return this.#listed(declaration);
    }
    if (node.source) {
      const module = this.#module(node.source);
      for (const { local, exported } of node.specifiers) {
        this.#exported.set(keyName(exported) ?? '', this.#member(module, keyName(local) ?? ''));
      }
      return '';
    }
    for (const { local, exported } of node.specifiers) {
      this.#exported.set(keyName(exported) ?? '', keyName(local) ?? '');
    }
    return '';
  }
}

function declaredNames(node: acorn.Declaration): string[] {
  if (node.type !== 'VariableDeclaration') return [node.id.name];
  const names: string[] = [];
  const visit = (pattern: acorn.Pattern | acorn.AssignmentProperty): void => {
    switch (pattern.type) {
      case 'Identifier':
        names.push(pattern.name);
        break;
      case 'ObjectPattern':
        for (const property of pattern.properties) {
          visit(property.type === 'RestElement' ? property.argument : property.value);
        }
        break;
      case 'ArrayPattern':
        for (const element of pattern.elements) if (element) visit(element);
        break;
      case 'RestElement':
        visit(pattern.argument);
        break;
      case 'AssignmentPattern':
        visit(pattern.left);
        break;
    }
  };
  for (const { id } of node.declarations) visit(id);
  return names;
}
