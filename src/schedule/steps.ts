/** Needs over time as step functions: "from this offset on, so many VUs". */

/** Holds from `offsetMs` until the next step. */
export interface Step {
  readonly offsetMs: number;
  /** VUs to have ready. */
  readonly vus: number;
  /** Further VUs that may be made while the test runs. */
  readonly unplannedVus: number;
}

/** The sum of step functions, each shifted by its start. */
export function sumSteps(
  parts: readonly { readonly startMs: number; readonly steps: readonly Step[] }[],
): readonly Step[] {
  const changes: { atMs: number; vus: number; unplanned: number }[] = [];
  for (const { startMs, steps } of parts) {
    let before = { vus: 0, unplannedVus: 0 };
    for (const step of steps) {
      changes.push({
        atMs: startMs + step.offsetMs,
        vus: step.vus - before.vus,
        unplanned: step.unplannedVus - before.unplannedVus,
      });
      before = step;
    }
  }
  changes.sort((a, b) => a.atMs - b.atMs);
  const sums: Step[] = [];
  let vus = 0;
  let unplannedVus = 0;
  for (const [i, change] of changes.entries()) {
    vus += change.vus;
    unplannedVus += change.unplanned;
    if (changes[i + 1]?.atMs !== change.atMs) {
      sums.push({ offsetMs: change.atMs, vus, unplannedVus });
    }
  }
  return sums;
}

/** The most VUs ready at one time. */
export function peakVus(steps: readonly Step[]): number {
  return steps.reduce((peak, { vus }) => Math.max(peak, vus), 0);
}

/** The most VUs at one time, those made on the way included. */
export function peakPossibleVus(steps: readonly Step[]): number {
  return steps.reduce((peak, { vus, unplannedVus }) => Math.max(peak, vus + unplannedVus), 0);
}

/** A constant need for a time, then none. */
export function constantSteps(vus: number, untilMs: number, unplannedVus = 0): readonly Step[] {
  return [
    { offsetMs: 0, vus, unplannedVus },
    { offsetMs: untilMs, vus: 0, unplannedVus: 0 },
  ];
}
