/**
 * Which package each part of the bundled program comes from. The suspension analysis treats every
 * package as a unit of its own, so that names in one do not taint those in another.
 */
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import type { ScriptMap } from './script-bundle.ts';
import { toEncodedMap } from './source-position.ts';

/** The unit of the user's own files. */
export const USER_UNIT = '.';
/** The unit of helper functions that the bundler put in front of the program. */
export const BUNDLER_UNIT = 'esbuild';

/** The npm package that a source URL lies in, `jslib/<name>` for remote ones, `.` for the user's own. */
export function unitOfSource(url: string): string {
  const inPackage = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//s.exec(url);
  if (inPackage?.[1] !== undefined) return decodeURIComponent(inPackage[1]);
  const remote = /^https:\/\/jslib\.k6\.io\/([^/]+)\//.exec(url);
  return remote?.[1] === undefined ? USER_UNIT : `jslib/${remote[1]}`;
}

/**
 * Makes the lookup from a position in the program (index into `code`) to its unit.
 *
 * Lines that the bundler added (module wrappers) belong to the module that follows them.
 * Cost: one pass over the map; each lookup is a binary search.
 */
export function createUnitLookup(code: string, map: ScriptMap): (position: number) => string {
  const units = map.sources.map(unitOfSource);
  const lines = decodedMappings(new TraceMap(toEncodedMap(map)));
  const lineStarts = startsOfLines(code);
  const bodyLine = firstModuleLine(code, lineStarts);
  // Runs of lines with the same unit, in order.
  const starts: number[] = [0];
  const owners: string[] = [BUNDLER_UNIT];
  let firstUnownedLine = bodyLine;
  for (let line = bodyLine; line < lineStarts.length; line++) {
    const source = lines[line]?.find((segment) => segment.length > 1)?.[1];
    if (source === undefined) continue;
    const unit = units[source] ?? USER_UNIT;
    const start = lineStarts[firstUnownedLine] ?? 0;
    if (owners.at(-1) !== unit) {
      starts.push(start);
      owners.push(unit);
    }
    firstUnownedLine = line + 1;
  }
  return (position) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return owners[low] ?? USER_UNIT;
  };
}

function startsOfLines(code: string): number[] {
  const starts = [0];
  for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** esbuild heads each module with a comment that names it; its own helpers stand before the first. */
function firstModuleLine(code: string, lineStarts: readonly number[]): number {
  const line = lineStarts.findIndex((start) => code.startsWith('// ', start));
  return line === -1 ? 0 : line;
}
