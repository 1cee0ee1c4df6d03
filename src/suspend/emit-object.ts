/**
 * Object literals with methods or accessors that may suspend.
 *
 * A lowered method without `super` becomes a plain property. Accessors and methods with `super` are
 * added to the object one by one, between the parts of the literal before and after them.
 */
import type * as acorn from 'acorn';
import {
  captureContext,
  emitPlainFunction,
  marker,
  twinParts,
  wrapperExpression,
} from './emit-function.ts';
import { between, type Emitter, type Frame, generatedText, isNode, slice, whole } from './frame.ts';
import { keyHint, keyName } from './key-name.ts';
import type { Rope } from './rope.ts';

type Method = acorn.Property & { value: acorn.FunctionExpression };

export function isSpecialObject(e: Emitter, node: acorn.ObjectExpression): boolean {
  return node.properties.some((property) => isLoweredMethod(e, property));
}

function isLoweredMethod(e: Emitter, node: acorn.Node): node is Method {
  if (!isNode(node, 'Property') || !(node.method || node.kind !== 'init')) return false;
  return isNode(node.value, 'FunctionExpression') && e.isLowered(node.value);
}

export function emitObject(e: Emitter, node: acorn.ObjectExpression, frame: Frame): Rope {
  const object = frame.temps.take();
  const pieces: Rope[] = [];
  let literal: Rope[] = [];
  const flush = (isFirst: boolean): void => {
    if (isFirst) pieces.push(`${object}={`, literal, '}');
    else if (literal.length > 0) pieces.push(`,${e.helper('cp')}(${object},{`, literal, '})');
    literal = [];
  };
  let isFirst = true;
  for (const property of node.properties) {
    if (isLoweredMethod(e, property)) {
      if (isApart(e, property)) {
        flush(isFirst);
        isFirst = false;
        pieces.push(',', addition(e, property, object, frame));
        continue;
      }
      literal.push(methodProperty(e, property, frame), ',');
    } else literal.push(e.emit(property, frame), ',');
  }
  if (isFirst) {
    frame.temps.release(1);
    return ['{', literal, '}'];
  }
  flush(false);
  frame.temps.release(1);
  return ['(', pieces, `,${object})`];
}

function isApart(e: Emitter, node: Method): boolean {
  return node.kind !== 'init' || e.program.scopes.facts.get(node.value)?.usesSuper === true;
}

/** `m(){}` as `m: <wrapper>`. */
function methodProperty(e: Emitter, node: Method, frame: Frame): Rope {
  const { key, value } = node;
  if (!node.computed) {
    const name = keyName(key) ?? '';
    const keyText: Rope = name === '__proto__' ? '["__proto__"]' : whole(key);
    return [keyText, ':', method(e, value, frame, name, undefined)];
  }
  const variable = frame.temps.take();
  const made = method(e, value, frame, undefined, undefined);
  frame.temps.release(1);
  return [
    `[${variable}=${e.helper('pk')}(`,
    e.argument(key, frame),
    `)]:${e.helper('nm')}(`,
    made,
    `,${variable})`,
  ];
}

/** Wrapper of a method as an expression; `home` is the variable with the home object, if `super` is used. */
function method(
  e: Emitter,
  node: acorn.FunctionExpression,
  frame: Frame,
  name: string | undefined,
  home: string | undefined,
): Rope {
  const id = e.program.nextId();
  const twin = `${e.helper('g')}${id}`;
  const generator = methodTwin(e, node, frame, name, home, id);
  const wrapper = methodWrapper(e, node, twin, name ?? '');
  return [`(${twin}=>${marker(e, node)}(${wrapper},${twin}))(`, generator, ')'];
}

function methodWrapper(
  e: Emitter,
  node: acorn.FunctionExpression,
  twin: string,
  name: string,
): string {
  // Any method is written like an async one: no [[Construct]], no prototype.
  return wrapperExpression(e, node, twin, name, false, true);
}

function methodTwin(
  e: Emitter,
  node: acorn.FunctionExpression,
  frame: Frame,
  name: string | undefined,
  home: string | undefined,
  id: number,
): Rope {
  const { frame: captured } = captureContext(e, node, frame, id);
  const inner = { ...captured, newTargetText: undefined };
  const superText = `${e.helper('u')}${id}`;
  const options =
    home === undefined
      ? {}
      : {
          prologue: `const ${superText}=${e.helper('sh')}(${home},this);`,
          superInParams: `${e.helper('sh')}(${home},this)`,
        };
  const { params, body } = twinParts(
    e,
    node,
    home === undefined ? inner : { ...inner, superText },
    { ...options, isMethod: true },
  );
  const label = name !== undefined && /^[\w$]+$/.test(name) ? ` ${e.helper('f')}$${name}` : '';
  return [`function*${label}(`, params, ')', body];
}

/** One accessor, or method with `super`, added to the object made so far. */
function addition(e: Emitter, node: Method, object: string, frame: Frame): Rope {
  const { key, value } = node;
  const home = `${e.helper('h')}${e.program.nextId()}`;
  const name = node.computed ? undefined : keyName(key);
  const keyText: Rope = node.computed ? e.argument(key, frame) : JSON.stringify(name ?? '');
  const kind = node.kind === 'init' ? 'method' : node.kind;
  const made =
    node.kind === 'init'
      ? method(e, value, frame, name, home)
      : methodTwin(e, value, frame, name, home, e.program.nextId());
  return [`${e.helper('da')}(${object},`, keyText, `,"${kind}",${home}=>`, made, ')'];
}

/** A property of a literal or pattern that needs no method twin of its own. */
export function emitProperty(
  e: Emitter,
  node: acorn.Property | acorn.AssignmentProperty,
  frame: Frame,
): Rope {
  const { key, value } = node as acorn.Property;
  if (node.shorthand) {
    const target = isNode(value as acorn.Node, 'AssignmentPattern')
      ? (value as unknown as acorn.AssignmentPattern).left
      : value;
    const isRewritten = generatedText(e.emit(target, frame)) !== undefined;
    return [isRewritten ? [whole(key), ':'] : '', e.emit(value, frame)];
  }
  if (node.kind !== 'init' || node.method) {
    // Methods and accessors that are lowered are written by the object literal.
    const keyText = node.computed ? e.emit(key, frame) : whole(key);
    return [
      slice(node.start, key.start),
      keyText,
      slice(key.end, value.start),
      emitPlainFunction(e, value as acorn.FunctionExpression, frame),
    ];
  }
  if (!node.computed) {
    return between(node, [[value, e.named(value, frame, keyHint(key))]]);
  }
  if (!needsKeyVariable(e, value)) {
    return between(node, [
      [key, e.emit(key, frame)],
      [value, e.named(value, frame, undefined)],
    ]);
  }
  const variable = frame.temps.take();
  const keyText: Rope = [`${variable}=${e.helper('pk')}(`, e.argument(key, frame), ')'];
  const valueText = e.named(value, frame, { variable });
  frame.temps.release(1);
  return between(node, [
    [key, keyText],
    [value, valueText],
  ]);
}

function needsKeyVariable(e: Emitter, value: acorn.Node): boolean {
  if (isNode(value, 'ArrowFunctionExpression')) return e.isLowered(value);
  if (isNode(value, 'FunctionExpression')) return !value.id && e.isLowered(value);
  return isNode(value, 'ClassExpression') && !value.id;
}
