/**
 * `for..of` over iterators whose methods may suspend, and `for await` in lowered async functions:
 * written out as `while` loops over the runtime's iteration object, with the closing protocol.
 */
import type * as acorn from 'acorn';
import { type Emitter, type Frame, isNode, placed, slice, whole } from './frame.ts';
import type { Rope } from './rope.ts';

/** True when the loop has to be written out. */
export function isSpecialLoop(e: Emitter, node: acorn.ForOfStatement, frame: Frame): boolean {
  return (node.await && frame.isAsync) || (!node.await && e.blocks(node, frame));
}

/** The loop as a block; `labels` (with colons) belong to it. */
export function emitForOf(
  e: Emitter,
  node: acorn.ForOfStatement,
  frame: Frame,
  labels: Rope,
): Rope {
  const id = e.program.nextId();
  const iteration = `${e.helper('it')}${id}`;
  const error = `${e.helper('er')}${id}`;
  const isAsync = node.await;
  const open = isAsync ? `${e.helper('ia')}(` : `yield* ${e.helper('io')}(`;
  const step = isAsync ? `(yield ${e.helper('aw')}(yield* ${iteration}.next()))` : '';
  const test = isAsync
    ? `${iteration}.take${step}`
    : `(${iteration}.isPlain?${iteration}.step():yield* ${iteration}.stepTwin())`;
  const closing = isAsync
    ? `const ${error}=yield* ${iteration}.begin();if(${error}!==undefined)try{` +
      `${iteration}.check(yield ${e.helper('aw')}(${error}.value))` +
      `}catch(${error}){if(!${iteration}.threw)throw ${error}}`
    : `if(${iteration}.mustClose)yield* ${iteration}.close()`;
  return [
    placed(`{const ${iteration}=${open}`, node.right.start),
    e.argument(node.right, frame),
    ');try{',
    labels,
    placed(`while(${test}){`, node.right.start),
    loopHead(e, node.left, frame, `${iteration}.value`),
    e.emit(node.body, frame),
    `}}catch(${error}){${iteration}.threw=true;throw ${error}}finally{${closing}}}`,
  ];
}

function loopHead(
  e: Emitter,
  left: acorn.VariableDeclaration | acorn.Pattern,
  frame: Frame,
  value: string,
): Rope {
  if (isNode(left, 'VariableDeclaration')) {
    const id = left.declarations[0]?.id;
    const pattern: Rope = id === undefined ? '' : e.emit(id, frame);
    return [slice(left.start, left.start + left.kind.length), ' ', pattern, `=${value};`];
  }
  if (isNode(left, 'Identifier')) return [e.emit(left, frame), `=${value};`];
  if (isNode(left, 'MemberExpression')) return [e.emit(left, frame), `=${value};`];
  return ['(', e.emit(left, frame), `=${value});`];
}

/** Labels in front of a written-out loop move inside the block, so that `continue label` still works. */
export function labelledLoop(
  e: Emitter,
  node: acorn.LabeledStatement,
  frame: Frame,
): Rope | undefined {
  const labels: Rope[] = [];
  let body: acorn.Statement = node;
  while (body.type === 'LabeledStatement') {
    labels.push(whole(body.label), ':');
    body = body.body;
  }
  if (body.type !== 'ForOfStatement' || !isSpecialLoop(e, body, frame)) return undefined;
  return emitForOf(e, body, frame, labels);
}
