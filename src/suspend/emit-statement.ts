/**
 * Lists of statements: what lowered function declarations put at their start, and the line breaks that
 * the source relies on instead of semicolons.
 */
import type * as acorn from 'acorn';
import { emitFunctionDeclaration } from './emit-function.ts';
import { between, type Emitter, type Frame, isNode, slice } from './frame.ts';
import type { Placed, Rope, Slice } from './rope.ts';

/** The statements of a block or function body, from `start` to `end`. */
export function emitStatements(
  e: Emitter,
  list: readonly acorn.Node[],
  frame: Frame,
  start: number,
  end: number,
  isFunctionTop: boolean,
): Rope {
  const tops: string[] = [];
  const rope: Rope[] = [];
  let at = start;
  for (const node of list) {
    rope.push(
      slice(at, node.start),
      emitListed(e, node, frame, isFunctionTop ? 'var' : 'let', tops),
    );
    at = node.end;
  }
  rope.push(slice(at, end));
  return [tops.join(''), rope];
}

/** A statement of a list; function declarations add to `tops` what must run before the list. */
export function emitListed(
  e: Emitter,
  node: acorn.Node,
  frame: Frame,
  declare: 'var' | 'let' | 'function',
  tops: string[],
): Rope {
  if (isNode(node, 'FunctionDeclaration') && node.id && e.isLowered(node)) {
    const parts = emitFunctionDeclaration(e, node, frame, node.id.name, declare);
    tops.push(parts.top);
    return parts.place;
  }
  const rope = e.emit(node, frame);
  if (node.type !== 'ExpressionStatement') return rope;
  const first = firstText(rope);
  // The source may rely on a line break where a generated parenthesis would continue the line above.
  return first !== undefined && first !== '' && /^[([`]/.test(first) ? [';', rope] : rope;
}

/** A `switch`; functions declared in any of its cases are there in all. */
export function emitSwitch(e: Emitter, node: acorn.SwitchStatement, frame: Frame): Rope {
  const tops: string[] = [];
  const cases: { start: Rope; body: Rope[] }[] = [];
  let at = node.cases[0]?.start ?? node.end;
  for (const item of node.cases) {
    const head: Rope[] = [slice(at, item.start)];
    const body: Rope[] = [];
    const colon = item.consequent[0]?.start ?? item.end;
    if (item.test) {
      head.push(slice(item.start, item.test.start), e.emit(item.test, frame));
      head.push(slice(item.test.end, colon));
    } else head.push(slice(item.start, colon));
    at = colon;
    for (const statement of item.consequent) {
      body.push(slice(at, statement.start), emitListed(e, statement, frame, 'function', tops));
      at = statement.end;
    }
    cases.push({ start: head, body });
    at = Math.max(at, item.consequent.length === 0 ? item.end : at);
  }
  const first = node.cases[0]?.start ?? node.end;
  const discriminant = between({ type: 'head', start: node.start, end: first }, [
    [node.discriminant, e.emit(node.discriminant, frame)],
  ]);
  if (node.cases.length === 0) return e.children(node, frame);
  const top = tops.join('');
  return [discriminant, cases.map(({ start, body }) => [start, top, body]), slice(at, node.end)];
}

/** Generated text at the start of a rope: '' for an empty rope, undefined if it starts verbatim. */
function firstText(rope: Rope): string | undefined {
  if (typeof rope === 'string') return rope;
  if (!Array.isArray(rope)) {
    const part = rope as Slice | Placed;
    if ('text' in part) return part.text;
    return part.start === part.end ? '' : undefined;
  }
  for (const part of rope) {
    const text = firstText(part);
    if (text !== '') return text;
  }
  return '';
}
