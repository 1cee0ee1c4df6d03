/** How far a scenario is: what the workers last reported of it, and the clock. */
import type { WorkerProgress } from '../bridge/run-counters.ts';
import { mergeProgress, type ScenarioView, viewScenario } from '../schedule/progress.ts';
import type { PlannedScenario } from '../schedule/requirements.ts';
import { regularMsOf } from '../schedule/window.ts';

/**
 * @param reports of the workers that run a part of it; none before they have started.
 * @param sinceStartMs time since the start of the scenarios of the test.
 */
export function scenarioView(
  scenario: PlannedScenario,
  reports: readonly WorkerProgress[],
  sinceStartMs: number,
): ScenarioView {
  const merged =
    mergeProgress(reports.map((report) => ({ ...report, fraction: 0 }))) ?? NOT_STARTED;
  // Reports are a little old; what runs goes by the clock.
  const isDone = merged.phase === 'done';
  const elapsedMs = isDone ? merged.elapsedMs : sinceStartMs - scenario.config.startTimeMs;
  const fraction = Math.min(1, Math.max(0, elapsedMs / regularMsOf(scenario.config)));
  return viewScenario(scenario, { ...merged, elapsedMs, fraction });
}

const NOT_STARTED = {
  phase: 'waiting',
  isAborted: false,
  runningVus: 0,
  heldVus: 0,
  heldVusMax: 0,
  completeIterations: 0,
  interruptedIterations: 0,
  elapsedMs: 0,
  fraction: 0,
} as const;
