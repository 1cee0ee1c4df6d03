/**
 * From a place in the bundled program back to the file the user wrote, and how such a place is shown.
 * Lines and columns count from 1 everywhere in this file's interface; columns count UTF-16 units.
 */
import { type EncodedSourceMap, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { ScriptMap } from './script-bundle.ts';

export interface SourcePosition {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

// A map is decoded once, however many positions are asked of it.
const traceMaps = new WeakMap<ScriptMap, TraceMap>();

/** The map in the shape that source map libraries take. */
export function toEncodedMap({ sources, names, mappings }: ScriptMap): EncodedSourceMap {
  return { version: 3, sources: [...sources], names: [...names], mappings };
}

/** The source of a place in the program; undefined for code that the bundler or transform added. */
export function locate(map: ScriptMap, line: number, column: number): SourcePosition | undefined {
  let traceMap = traceMaps.get(map);
  if (traceMap === undefined) {
    traceMap = new TraceMap(toEncodedMap(map));
    traceMaps.set(map, traceMap);
  }
  const found = originalPositionFor(traceMap, { line, column: column - 1 });
  if (found.source === null) return undefined;
  return { url: found.source, line: found.line, column: found.column + 1 };
}

/** `file:///…/script.js:4:7`. */
export function formatPosition(position: SourcePosition): string {
  return `${position.url}:${position.line}:${position.column}`;
}

const EXCERPT_COLUMNS_MAX = 160;

/**
 * The source line with a caret under the column, two lines of text:
 * ```
 *   4 |   const x = ;
 *     |             ^
 * ```
 * Long lines (minified code) are cut around the column. Empty if the line does not exist.
 */
export function formatExcerpt(source: string, line: number, column: number): string {
  const text = source.split(/\r\n|\r|\n/, line)[line - 1];
  if (text === undefined) return '';
  const from = column > EXCERPT_COLUMNS_MAX / 2 ? column - EXCERPT_COLUMNS_MAX / 2 : 0;
  const isCut = text.length > EXCERPT_COLUMNS_MAX;
  const shown = isCut ? text.slice(from, from + EXCERPT_COLUMNS_MAX) : text;
  const before = isCut ? shown.slice(0, column - 1 - from) : shown.slice(0, column - 1);
  // Tabs stay tabs below, so that the caret stands right whatever their width.
  const indent = before.replaceAll(/[^\t]/g, ' ');
  const gutter = String(line);
  return `  ${gutter} | ${shown}\n  ${' '.repeat(gutter.length)} | ${indent}^`;
}
