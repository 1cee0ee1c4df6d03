/**
 * Pausing a running test and changing its number of VUs: what the REST API may do, and how the workers
 * hear of it. Only externally-controlled scenarios can be steered.
 */
import { GharialError } from '../base/errors.ts';
import type { ToWorker } from '../bridge/messages.ts';
import type { ScenarioConfig } from '../options/scenario.ts';
import type { Steering } from '../schedule/externally-controlled.ts';

export class Helm {
  readonly #send: (message: ToWorker) => void;
  #isPaused = false;
  /** What was asked of scenarios so far, by index; workers hear of it again when scenarios start. */
  readonly #orders = new Map<number, Steering>();

  constructor(send: (message: ToWorker) => void) {
    this.#send = send;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Lets no VU start an iteration, or lets them go on.
   * @throws GharialError STEERING_INVALID if some scenario cannot be paused, or nothing would change.
   */
  setPaused(isPaused: boolean, scenarios: readonly ScenarioConfig[]): void {
    const rigid = scenarios.find(({ executor }) => executor !== 'externally-controlled');
    if (rigid !== undefined) {
      throw refusal(
        `${rigid.executor} executor '${rigid.name}' doesn't support pause and resume operations after its start`,
      );
    }
    if (isPaused === this.#isPaused) {
      throw refusal(isPaused ? 'execution is already paused' : 'execution is not paused');
    }
    this.#isPaused = isPaused;
    for (const index of scenarios.keys()) this.#steer(index, { isPaused });
  }

  /**
   * Sets the number of VUs of the externally-controlled scenario (the first, if there are several).
   * @throws GharialError STEERING_INVALID if there is none, or it cannot have so many.
   */
  setVus(
    vus: number | undefined,
    vusMax: number | undefined,
    scenarios: readonly ScenarioConfig[],
  ): void {
    const index = scenarios.findIndex(({ executor }) => executor === 'externally-controlled');
    const config = scenarios[index];
    if (config?.executor !== 'externally-controlled') {
      throw refusal('live VU configuration updates are not supported');
    }
    const { name, maxVUs } = config;
    if (vusMax !== undefined && vusMax !== maxVUs) {
      throw refusal(
        `vus-max: got ${vusMax}; the scenario '${name}' has maxVUs ${maxVUs}, which is fixed once the test has begun`,
      );
    }
    if (vus === undefined) return;
    if (vus < 0 || vus > maxVUs) {
      throw refusal(
        `vus: got ${vus}; expected 0 to ${maxVUs}, the maxVUs of the scenario '${name}'`,
      );
    }
    this.#steer(index, { vus });
  }

  /** The scenarios start now: what was asked before they existed applies. */
  begin(): void {
    for (const [scenario, steering] of this.#orders)
      this.#send({ kind: 'steer', scenario, steering });
  }

  #steer(scenario: number, steering: Steering): void {
    this.#orders.set(scenario, { ...this.#orders.get(scenario), ...steering });
    this.#send({ kind: 'steer', scenario, steering });
  }
}

function refusal(message: string): GharialError {
  return new GharialError('STEERING_INVALID', message);
}
