/** Which known name somebody meant who misspelt one. */

/** Slips that a name may have: one, and one more for every four letters. */
function slipsMax(name: string): number {
  return 1 + Math.floor(name.length / 4);
}

/** The candidate with the fewest slips (a letter too much, missing, wrong, or two swapped); undefined if all have many. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = slipsMax(name) + 1;
  for (const candidate of candidates) {
    const slips = countSlips(name, candidate);
    if (slips >= fewest) continue;
    nearest = candidate;
    fewest = slips;
  }
  return nearest;
}

/** Optimal string alignment distance, row by row. */
function countSlips(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      let slips = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwapped) slips = Math.min(slips, at(before, j - 2) + 1);
      next.push(slips);
    }
    before = row;
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
