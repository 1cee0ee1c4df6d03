/** The entry for workers: starts one scenario of their plan. */
import { type RunningScenario, startExecutor } from './executors.ts';
import type { ScenarioPort } from './ports.ts';
import type { PlannedScenario } from './requirements.ts';

/**
 * Starts a scenario on this thread.
 * @param executorsStartMs epoch ms at which the executors of the whole test start (after setup); the
 *   scenario's own start is its startTime later. The same for all threads.
 */
export function startScenario(
  scenario: PlannedScenario,
  port: ScenarioPort,
  executorsStartMs: number,
): RunningScenario {
  const { config, share } = scenario;
  return startExecutor(config, share, port, executorsStartMs + config.startTimeMs);
}
