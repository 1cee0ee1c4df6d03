/**
 * Output text as a rope: slices of the source (verbatim, with positions) and generated text, printed
 * once at the end together with its source map.
 *
 * Every slice keeps the positions of the source: at its start, at each of its lines, and wherever
 * the input map of the source has a segment. Generated text has no position.
 */
import {
  GenMapping,
  maybeAddSegment,
  setSourceContent,
  toEncodedMap,
} from '@jridgewell/gen-mapping';
import {
  decodedMappings,
  type EncodedSourceMap,
  TraceMap,
  traceSegment,
} from '@jridgewell/trace-mapping';

/** A verbatim part of the source, [start, end). */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** Generated text that stands for a place of the source: a call that became something longer. */
export interface Placed {
  readonly text: string;
  readonly at: number;
}

export type Rope = string | Slice | Placed | readonly Rope[];

export interface Printed {
  readonly code: string;
  readonly map: EncodedSourceMap;
}

/**
 * Prints a rope and its map to the original sources: those of `inputMap` (the map of `source`), or
 * `source` itself under `fileName`. Linear in the size of the output.
 */
export function printRope(
  rope: Rope,
  source: string,
  fileName: string,
  inputMap: EncodedSourceMap | undefined,
): Printed {
  const positions = inputMap === undefined ? plainPositions(source, fileName) : mapped(inputMap);
  const lines = lineStarts(source);
  const chunks: string[] = [];
  const map = new GenMapping();
  let line = 0;
  let column = 0;

  const advance = (text: string): void => {
    let from = 0;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', from)) {
      line++;
      column = 0;
      from = at + 1;
    }
    column += text.length - from;
  };
  const slice = (start: number, end: number): void => {
    chunks.push(source.slice(start, end));
    let sourceLine = lineOf(lines, start);
    for (let at = start; at < end; ) {
      const lineStart = lines[sourceLine] ?? 0;
      const lineEnd = Math.min(end, lines[sourceLine + 1] ?? source.length);
      positions(sourceLine, at - lineStart, lineEnd - lineStart, (sourceColumn, original) => {
        const generated = column + sourceColumn - (at - lineStart);
        if (original === undefined) return;
        if (original.name === undefined) {
          maybeAddSegment(map, line, generated, original.source, original.line, original.column);
        } else {
          const { source: file, name } = original;
          maybeAddSegment(map, line, generated, file, original.line, original.column, name);
        }
      });
      column += lineEnd - at;
      if (source.charCodeAt(lineEnd - 1) === 10) {
        line++;
        column = 0;
      }
      at = lineEnd;
      sourceLine++;
    }
  };

  /** Maps what comes next to one place of the source. */
  const place = (at: number): void => {
    const sourceLine = lineOf(lines, at);
    const sourceColumn = at - (lines[sourceLine] ?? 0);
    positions(sourceLine, sourceColumn, sourceColumn + 1, (_column, original) => {
      if (original === undefined) return;
      maybeAddSegment(map, line, column, original.source, original.line, original.column);
    });
  };

  let pending: { start: number; end: number } | undefined;
  const flush = (): void => {
    if (pending !== undefined) slice(pending.start, pending.end);
    pending = undefined;
  };
  forEachPart(rope, (part) => {
    if (typeof part !== 'string' && 'text' in part) {
      flush();
      place(part.at);
      chunks.push(part.text);
      advance(part.text);
    } else if (typeof part !== 'string') {
      if (part.start === part.end) return;
      if (pending !== undefined && pending.end === part.start) pending.end = part.end;
      else {
        flush();
        pending = { start: part.start, end: part.end };
      }
    } else if (part !== '') {
      flush();
      // A lone segment ends the position of the text before: generated code has none.
      maybeAddSegment(map, line, column);
      chunks.push(part);
      advance(part);
    }
  });
  flush();
  if (inputMap === undefined) setSourceContent(map, fileName, source);
  else {
    inputMap.sources.forEach((file, index) => {
      const content = inputMap.sourcesContent?.[index];
      if (file !== null && typeof content === 'string') setSourceContent(map, file, content);
    });
  }
  return { code: chunks.join(''), map: toEncodedMap(map) as EncodedSourceMap };
}

function forEachPart(rope: Rope, visit: (part: string | Slice | Placed) => void): void {
  if (typeof rope === 'string' || !Array.isArray(rope)) visit(rope as string | Slice | Placed);
  else for (const part of rope) forEachPart(part, visit);
}

interface Original {
  readonly source: string;
  readonly line: number;
  readonly column: number;
  readonly name: string | undefined;
}

/** Reports the known positions of columns [from, to) of a source line, `from` always included. */
type Positions = (
  line: number,
  from: number,
  to: number,
  report: (column: number, original: Original | undefined) => void,
) => void;

/** Without a map, a position wherever an identifier or an operator of interest may begin. */
function plainPositions(source: string, fileName: string): Positions {
  const starts = lineStarts(source);
  return (line, from, to, report) => {
    const text = source.slice((starts[line] ?? 0) + from, (starts[line] ?? 0) + to);
    report(from, { source: fileName, line, column: from, name: undefined });
    for (const { index } of text.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*|[([{]/gu)) {
      report(from + index, { source: fileName, line, column: from + index, name: undefined });
    }
  };
}

function mapped(inputMap: EncodedSourceMap): Positions {
  const trace = new TraceMap(inputMap);
  const lines = decodedMappings(trace);
  const original = (segment: readonly number[]): Original | undefined => {
    const [, sourceIndex, line, column, nameIndex] = segment;
    if (sourceIndex === undefined || line === undefined || column === undefined) return undefined;
    const source = trace.sources[sourceIndex];
    if (typeof source !== 'string') return undefined;
    const name = nameIndex === undefined ? undefined : trace.names[nameIndex];
    return { source, line, column, name };
  };
  return (line, from, to, report) => {
    const first = traceSegment(trace, line, from);
    if (first !== null) report(from, original(first));
    const segments = lines[line] ?? [];
    let index = lowerBound(segments, from + 1);
    for (let s = segments[index]; s !== undefined && s[0] < to; s = segments[++index]) {
      report(s[0], original(s));
    }
  };
}

function lowerBound(segments: readonly (readonly number[])[], column: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.[0] ?? 0) < column) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Offsets at which the lines of a text begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
