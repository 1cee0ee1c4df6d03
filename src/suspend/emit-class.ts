/**
 * Classes with members or construction that may suspend.
 *
 * Twins live inside the class as private static generator methods, so that private names work and
 * every evaluation of a class expression has its own. Constructors, instance fields (of such classes)
 * and blocking static parts become coroutines driven by the runtime's `construct`.
 */
import type * as acorn from 'acorn';
import type { ClassNode } from './analysis-result.ts';
import {
  innerFrame,
  marker,
  plainBody,
  stubBody,
  stubParameters,
  twinParts,
} from './emit-function.ts';
import {
  type Emitter,
  type Frame,
  isNode,
  type NameHint,
  type PrivateTwins,
  plainFrame,
  slice,
  Temps,
  whole,
} from './frame.ts';
import { stripGenerated } from './generated-name.ts';
import { keyHint, keyName } from './key-name.ts';
import { initialiserMayWait } from './may-wait.ts';
import type { Rope } from './rope.ts';

type Member = acorn.MethodDefinition | acorn.PropertyDefinition | acorn.StaticBlock;

/** A class expression; `hint` names it if it has no name. */
export function emitClass(e: Emitter, node: ClassNode, frame: Frame, hint: NameHint): Rope {
  const writer = new ClassWriter(e, node, frame, hint);
  const text = writer.write();
  if (!writer.hasLateStatics && writer.lateName === undefined) return text;
  const made: Rope =
    writer.lateName === undefined ? text : [`${e.helper('nm')}(`, text, `,${writer.lateName})`];
  return writer.hasLateStatics ? [`(yield* ${e.helper('rs')}(`, made, '))'] : made;
}

/** A class declaration and the statement that must follow it. */
export function emitClassDeclaration(
  e: Emitter,
  node: acorn.ClassDeclaration | acorn.AnonymousClassDeclaration,
  frame: Frame,
  name: string,
): Rope {
  const writer = new ClassWriter(e, node, frame, { text: name });
  const text = writer.write();
  return writer.hasLateStatics ? [text, `yield* ${e.helper('rs')}(${name});`] : text;
}

class ClassWriter {
  readonly #e: Emitter;
  readonly #node: ClassNode;
  readonly #frame: Frame;
  readonly #hint: NameHint;
  readonly #members: readonly Member[];
  readonly #isSuspendable: boolean;
  readonly #isDerived: boolean;
  readonly #lowersFields: boolean;
  readonly hasLateStatics: boolean;
  /** Variable with the name that a computed key gives to the class. */
  lateName: string | undefined;
  /** The class inside its own body. */
  #self = '';
  /** Statements of the static block at the start of the class. */
  readonly #setup: string[] = [];
  readonly #marks: string[] = [];
  /** Private statics that hold computed keys. */
  readonly #slots: string[] = [];
  /** Instance fields and late static parts, as statements of their twins. */
  readonly #fields: Rope[] = [];
  readonly #statics: Rope[] = [];
  readonly #fieldsFrame: Frame;
  readonly #staticsFrame: Frame;
  #keyTemps = 0;

  constructor(e: Emitter, node: ClassNode, frame: Frame, hint: NameHint) {
    this.#e = e;
    this.#node = node;
    this.#frame = frame;
    this.#hint = hint;
    this.#members = node.body.body as readonly Member[];
    this.#isSuspendable = e.program.analysis.suspendableClasses.has(node);
    this.#isDerived = node.superClass !== null && node.superClass !== undefined;
    const fields = this.#members.filter(
      (m): m is acorn.PropertyDefinition => m.type === 'PropertyDefinition' && !m.static,
    );
    const isBlocking = fields.some((field) => initialiserMayWait(e, field));
    this.#lowersFields =
      this.#isSuspendable && fields.length > 0 && (this.#isDerived || isBlocking);
    this.hasLateStatics =
      frame.canSuspend && this.#members.some((m) => isStaticPart(m) && initialiserMayWait(e, m));
    const base = { ...plainFrame(e.program.prefix), canSuspend: true };
    this.#fieldsFrame = { ...base, temps: new Temps(e.program.prefix) };
    this.#staticsFrame = { ...base, temps: new Temps(e.program.prefix) };
  }

  write(): Rope {
    const e = this.#e;
    const twins = this.#privateTwins();
    const isSpecial =
      this.#isSuspendable ||
      this.hasLateStatics ||
      twins.size > 0 ||
      this.#members.some((m) => m.type === 'MethodDefinition' && this.#isLowered(m));
    const header = this.#header(isSpecial);
    const shadowed = this.#privateNames(twins);
    const body = e.inClass(shadowed, () => {
      const members: Rope[] = [];
      for (const member of this.#members) members.push(this.#member(member, twins), '\n');
      if (this.#isSuspendable) members.push(this.#constructorTwin());
      if (this.#fields.length > 0) {
        const temps = this.#fieldsFrame.temps.declaration();
        members.push(`static*${this.#hidden('f')}(){${temps}`, this.#fields, '}');
      }
      if (this.#statics.length > 0) {
        const temps = this.#staticsFrame.temps.declaration();
        members.push(`static*${this.#hidden('z')}(){${temps}`, this.#statics, '}');
        this.#setup.push(`${e.helper('ms')}(this,this.${this.#hidden('z')});`);
      }
      return members;
    });
    this.#frame.temps.release(this.#keyTemps);
    const statements = [...this.#setup, ...this.#marks].join('');
    const setup = statements === '' ? '' : `static{${statements}}`;
    return [header, '{', this.#slots.join(''), setup, body, '}'];
  }

  #id = 0;

  /** A private name of the class for generated members. */
  #hidden(kind: string): string {
    if (this.#id === 0) this.#id = this.#e.program.nextId();
    return `#${this.#e.helper(kind)}${this.#id}`;
  }

  #header(isSpecial: boolean): Rope {
    const { superClass, body, id } = this.#node;
    const head: Rope[] = [];
    let at = this.#node.start;
    if (id) this.#self = id.name;
    else if (isSpecial && this.#canTakeHint()) {
      this.#self = this.#hint !== undefined && 'text' in this.#hint ? this.#hint.text : '';
      head.push('class ', this.#self);
      at = this.#node.start + 'class'.length;
    } else if (isSpecial) {
      const text = this.#hint !== undefined && 'text' in this.#hint ? this.#hint.text : '';
      const label = /^[\w$]+$/.test(text) ? `$${text}` : '';
      this.#self = `${this.#e.helper('k')}${this.#e.program.nextId()}${label}`;
      head.push('class ', this.#self);
      at = this.#node.start + 'class'.length;
      if (this.#hint !== undefined && 'variable' in this.#hint) this.lateName = this.#hint.variable;
      else if (!this.#hasStaticName()) {
        this.#setup.push(`${this.#e.helper('nm')}(this,${JSON.stringify(text)});`);
      }
    }
    if (superClass) {
      head.push(slice(at, superClass.start), this.#e.emit(superClass, this.#frame));
      at = superClass.end;
    }
    head.push(slice(at, body.start));
    return head;
  }

  /** The name from the context can be the class's own if nothing in the class means something else by it. */
  #canTakeHint(): boolean {
    if (this.#hint === undefined || !('text' in this.#hint)) return false;
    const { text } = this.#hint;
    if (!/^[A-Za-z$_][\w$]*$/.test(text) || RESERVED.test(text)) return false;
    const { source } = this.#e.program;
    return !source.slice(this.#node.start, this.#node.end).includes(text);
  }

  #hasStaticName(): boolean {
    return this.#members.some(
      (m) => m.type !== 'StaticBlock' && m.static && !m.computed && keyName(m.key) === 'name',
    );
  }

  #isLowered(member: acorn.MethodDefinition): boolean {
    return member.kind !== 'constructor' && this.#e.isLowered(member.value);
  }

  /** Twins of the private methods and accessors that are lowered, by name. */
  #privateTwins(): Map<string, PrivateTwins> {
    const twins = new Map<string, PrivateTwins>();
    for (const member of this.#members) {
      if (member.type !== 'MethodDefinition' || !this.#isLowered(member)) continue;
      if (!isNode(member.key, 'PrivateIdentifier')) continue;
      const { name } = member.key;
      const entry = twins.get(name) ?? {};
      const twin = `${this.#e.helper('t')}${this.#e.program.nextId()}$${name}`;
      if (member.kind === 'method') {
        entry.method = twin;
        entry.marker = marker(this.#e, member.value).slice(this.#e.program.prefix.length);
      } else if (member.kind === 'get') entry.get = twin;
      else entry.set = twin;
      twins.set(name, entry);
    }
    return twins;
  }

  /** All private names of the class: those without a twin hide those of classes around. */
  #privateNames(twins: ReadonlyMap<string, PrivateTwins>): Map<string, PrivateTwins | undefined> {
    const names = new Map<string, PrivateTwins | undefined>();
    for (const member of this.#members) {
      if (member.type === 'StaticBlock' || !isNode(member.key, 'PrivateIdentifier')) continue;
      names.set(member.key.name, twins.get(member.key.name));
    }
    return names;
  }

  #member(member: Member, twins: ReadonlyMap<string, PrivateTwins>): Rope {
    if (member.type === 'StaticBlock') return this.#staticBlock(member);
    if (member.type === 'PropertyDefinition') return this.#field(member);
    if (member.kind === 'constructor') return this.#plainConstructor(member);
    if (!this.#isLowered(member)) return this.#plainMethod(member);
    return this.#method(member, twins);
  }

  #plainMethod(member: acorn.MethodDefinition): Rope {
    const frame = innerFrame(this.#e, member.value, this.#frame, false);
    return [
      slice(member.start, member.key.start),
      member.computed ? this.#e.emit(member.key, this.#frame) : whole(member.key),
      slice(member.key.end, member.value.start),
      plainBody(this.#e, member.value, frame),
    ];
  }

  #method(member: acorn.MethodDefinition, twins: ReadonlyMap<string, PrivateTwins>): Rope {
    const e = this.#e;
    const { value, key } = member;
    const isPrivate = isNode(key, 'PrivateIdentifier');
    const place = member.static ? 'static ' : '';
    const { list } = stubParameters(e, value);
    const accessor = member.kind === 'method' ? '' : `${member.kind} `;
    const isBareSetter = member.kind === 'set' && list === '';
    const params = isBareSetter ? `${e.program.prefix}p0=undefined` : list;
    if (isPrivate) {
      const entry = twins.get(key.name);
      const twin = (member.kind === 'method' ? entry?.method : entry?.[member.kind]) ?? '';
      const parts = twinParts(e, value, innerFrame(e, value, this.#frame, true), {
        isMethod: true,
      });
      return [
        `${place}${accessor}`,
        whole(key),
        `(${params})${stubBody(e, value, `this.#${twin}`, true)}`,
        `${place}*#${twin}(`,
        parts.params,
        ')',
        parts.body,
      ];
    }
    const id = e.program.nextId();
    const label = member.computed ? '' : (keyName(key) ?? '');
    const twin = `#${e.helper('t')}${id}${/^[\w$]+$/.test(label) ? `$${label}` : ''}`;
    let keyText: Rope;
    let keyValue: string;
    if (member.computed) {
      const variable = this.#frame.temps.take();
      this.#keyTemps++;
      keyText = [`[${variable}=${e.helper('pk')}(`, e.argument(key, this.#frame), ')]'];
      keyValue = variable;
    } else {
      keyText = whole(key);
      keyValue = JSON.stringify(keyName(key) ?? '');
    }
    if (!this.#isOverridden(member)) {
      const target = member.static ? 'this' : 'this.prototype';
      const stamp = marker(e, value);
      // Last first: of members with the same name only the last exists, and the first mark stays.
      this.#marks.unshift(
        `${e.helper('cm')}(${target},${keyValue},"${member.kind}",this.${twin},${stamp});`,
      );
    }
    const parts = this.#superParts(member, id);
    return [
      `${place}${accessor}`,
      keyText,
      `(${params})${stubBody(e, value, `${this.#self}.${twin}`, true)}`,
      `static*${twin}(`,
      parts.params,
      ')',
      parts.body,
    ];
  }

  /** Twin of a public method: its home object is not that of the private static it becomes. */
  #superParts(member: acorn.MethodDefinition, id: number): { params: Rope; body: Rope } {
    const e = this.#e;
    const { value } = member;
    const frame = innerFrame(e, value, this.#frame, true);
    const usesSuper = e.program.scopes.facts.get(value)?.usesSuper === true;
    if (!usesSuper) return twinParts(e, value, frame, { isMethod: true });
    const superText = `${e.helper('u')}${id}`;
    const home = member.static ? this.#self : `${this.#self}.prototype`;
    const reference = `${e.helper('sh')}(${home},this)`;
    const isShadowed = e.program.scopes.scopeOf.get(value)?.bindings.has(this.#self) === true;
    return twinParts(
      e,
      value,
      { ...frame, superText },
      {
        isMethod: true,
        isPrologueApart: isShadowed,
        prologue: `const ${superText}=${reference};`,
        superInParams: reference,
      },
    );
  }

  /** A later member of the same name takes its place. */
  #isOverridden(member: acorn.MethodDefinition): boolean {
    const name = fixedName(member);
    const later = this.#members.slice(this.#members.indexOf(member) + 1);
    return later.some((m) => {
      if (m.type !== 'MethodDefinition' || m.static !== member.static) return false;
      if (m.kind === 'constructor' || fixedName(m) !== name || name === undefined) return false;
      return m.kind === 'method' || member.kind === 'method' || m.kind === member.kind;
    });
  }

  #field(member: acorn.PropertyDefinition): Rope {
    const e = this.#e;
    if (member.static ? this.hasLateStatics : this.#lowersFields) return this.#loweredField(member);
    const { key, value } = member;
    const keyText = member.computed ? e.emit(key, this.#frame) : whole(key);
    if (!value) return [slice(member.start, key.start), keyText, slice(key.end, member.end), ';'];
    const frame = plainFrame(e.program.prefix);
    const inner = { ...frame, temps: e.program.programTemps };
    const hint = member.computed ? undefined : keyHint(key);
    const text = e.named(value, inner, hint);
    return [
      slice(member.start, key.start),
      keyText,
      slice(key.end, value.start),
      text,
      slice(value.end, member.end),
      ';',
    ];
  }

  #loweredField(member: acorn.PropertyDefinition): Rope {
    const e = this.#e;
    const { key, value } = member;
    const list = member.static ? this.#statics : this.#fields;
    const frame = member.static ? this.#staticsFrame : this.#fieldsFrame;
    const place = member.static ? 'static ' : '';
    const made = value ? e.named(value, frame, keyHint(key)) : 'undefined';
    if (isNode(key, 'PrivateIdentifier')) {
      list.push('this.', whole(key), '=', made, ';');
      return [place, whole(key), ';'];
    }
    if (!member.computed) {
      list.push(`${e.helper('df')}(this,${JSON.stringify(keyName(key) ?? '')},`, made, ');');
      return '';
    }
    // The key is evaluated in its turn, as the name of a method that is removed again.
    const variable = this.#frame.temps.take();
    this.#keyTemps++;
    const id = e.program.nextId();
    const slot = `#${e.helper('y')}${id}`;
    const owner = member.static ? 'this' : this.#self;
    list.push(`${e.helper('df')}(this,${owner}.${slot},`, made, ');');
    const place2 = `${e.helper('ph')}(${variable}=${e.helper('pk')}(`;
    this.#setup.push(`this.${slot}=${variable};${e.helper('rm')}(this);`);
    this.#slots.push(`static ${slot};`);
    return [`static[${place2}`, e.argument(key, this.#frame), '))](){}'];
  }

  #staticBlock(member: acorn.StaticBlock): Rope {
    const e = this.#e;
    const first = member.body[0];
    if (first === undefined) return '';
    const open = e.program.source.indexOf('{', member.start) + 1;
    if (this.hasLateStatics) {
      const text = e.statements(member.body, this.#staticsFrame, open, member.end - 1, false);
      this.#statics.push('{', text, '}');
      return '';
    }
    const frame = plainFrame(e.program.prefix);
    const text = e.statements(member.body, frame, open, member.end - 1, true);
    return ['static{', frame.temps.declaration(), text, '}'];
  }

  #plainConstructor(member: acorn.MethodDefinition): Rope {
    if (this.#isSuspendable) return '';
    const frame = innerFrame(this.#e, member.value, this.#frame, false);
    const inner = { ...frame, isNativeDerived: this.#isDerived };
    return [slice(member.start, member.value.start), plainBody(this.#e, member.value, inner)];
  }

  /** The native constructor as a stub, and its twin. */
  #constructorTwin(): Rope {
    const e = this.#e;
    const id = e.program.nextId();
    const name = (kind: string): string => `${e.helper(kind)}${id}`;
    // Shown as `new C` in stack traces.
    const twin = `#${name('new')}$${stripGenerated(this.#self)}`;
    const member = this.#members.find(
      (m): m is acorn.MethodDefinition => m.type === 'MethodDefinition' && m.kind === 'constructor',
    );
    const [cls, target, args, holder] = [name('c'), name('n'), name('l'), name('h')];
    const fields = this.#fields.length > 0 ? `${cls}.${this.#hidden('f')}` : undefined;
    const hasPrivate = this.#members.some(
      (m) => m.type !== 'StaticBlock' && !m.static && isNode(m.key, 'PrivateIdentifier'),
    );
    this.#setup.push(
      `${e.helper('mc')}(this,this.${twin},${this.#isDerived},${this.#isDerived && hasPrivate});`,
    );
    const length = member === undefined ? '' : stubParameters(e, member.value).list;
    const token = `arguments[0]===${e.helper('tok')}`;
    const run = e.helper('s');
    const stub = this.#isDerived
      ? `if(${token}){super(arguments[1]);return}` +
        `return ${run}(${e.helper('cd')}(${this.#self},new.target,arguments))`
      : `if(${token})return;` +
        `return ${run}(${e.helper('cb')}(${this.#self},this,new.target,arguments))`;
    const head: Rope = [
      member === undefined ? '' : slice(member.start, member.start + 'constructor'.length),
      member === undefined ? 'constructor' : '',
      `(${length}){${stub}}static*${twin}(${cls},${target},${args},${holder})`,
    ];
    const initialise = fields === undefined ? '' : `yield* ${fields}.call(this);`;
    if (member === undefined) {
      if (!this.#isDerived) return [head, `{${initialise}}`];
      const parent = `${e.helper('gp')}(${cls})`;
      const after = fields === undefined ? '' : `yield* ${fields}.call(${holder}.self);`;
      return [
        head,
        `{${e.helper('bs')}(${holder},yield* ` +
          `${e.helper('sc')}(${parent},${cls},${target},${args}));${after}}`,
      ];
    }
    const facts = e.program.scopes.facts.get(member.value);
    const base = innerFrame(e, member.value, this.#frame, true);
    const superText = facts?.usesSuper ? name('u') : undefined;
    const argumentsText = facts?.usesArguments ? name('r') : undefined;
    const frame: Frame = {
      ...base,
      newTargetText: target,
      superText,
      argumentsText,
      thisText: this.#isDerived ? `${e.helper('ck')}(${holder})` : undefined,
      derived: this.#isDerived
        ? { holder, classVariable: cls, newTargetVariable: target, fields }
        : undefined,
    };
    const self = this.#isDerived ? holder : 'this';
    const maker = this.#isDerived ? 'sd' : 'sh';
    const prologue = [
      superText === undefined
        ? ''
        : `const ${superText}=${e.helper(maker)}(${cls}.prototype,${self});`,
      argumentsText === undefined ? '' : `const ${argumentsText}=${e.helper('ar')}(${args});`,
      this.#isDerived ? '' : initialise,
    ];
    const parts = twinParts(e, member.value, frame, {
      isMethod: true,
      argumentsFrom: args,
      prologue,
    });
    return [head, parts.body];
  }
}

/** The name of a member whose key says it, computed or not. */
function fixedName(member: acorn.MethodDefinition): string | undefined {
  return member.computed && !isNode(member.key, 'Literal') ? undefined : keyName(member.key);
}

const RESERVED =
  /^(?:arguments|async|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

function isStaticPart(member: Member): member is acorn.PropertyDefinition | acorn.StaticBlock {
  return member.type === 'StaticBlock' || (member.type === 'PropertyDefinition' && member.static);
}
