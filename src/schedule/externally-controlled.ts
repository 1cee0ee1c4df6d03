/**
 * externally-controlled (k6 before 2.0): looping VUs whose number is steered while the test runs,
 * through the REST API.
 */
import { formatDuration } from '../base/duration.ts';
import { GharialError } from '../base/errors.ts';
import type { ExternallyControlledConfig } from '../options/scenario.ts';
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { type Share, scale } from './segment.ts';
import { constantSteps, type Step } from './steps.ts';
import { VuSlots } from './vu-slots.ts';
import { regularMsOf, windowOf } from './window.ts';

/** What the outside may change; absent = as it is. Counts are of the whole test. */
export interface Steering {
  readonly vus?: number;
  readonly isPaused?: boolean;
}

/** A running scenario that can be steered. */
export interface SteerableRun {
  readonly run: ScenarioRun;
  /** @throws GharialError STEERING_INVALID if `vus` is not within 0…maxVUs. */
  steer(steering: Steering): void;
}

export function planExternallyControlled(
  config: ExternallyControlledConfig,
  share: Share,
): readonly Step[] {
  return constantSteps(scale(config.maxVUs, share), regularMsOf(config));
}

export function describeExternallyControlled(
  config: ExternallyControlledConfig,
  share: Share,
): string {
  const vus = scale(config.vus, share);
  const most = scale(config.maxVUs, share);
  const duration = config.durationMs === 0 ? 'infinite time' : formatDuration(config.durationMs);
  return `Externally controlled execution with ${vus} VUs, ${most} max VUs, ${duration}`;
}

export function startExternallyControlled(
  config: ExternallyControlledConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): SteerableRun {
  let pacer: ExternallyControlled | undefined;
  const run = new ScenarioRun(port, windowOf(config, startMs), (owner) => {
    pacer = new ExternallyControlled(owner, scale(config.vus, share));
    return pacer;
  });
  return {
    run,
    steer: ({ vus, isPaused }) => {
      if (vus !== undefined && (vus < 0 || vus > config.maxVUs || !Number.isInteger(vus))) {
        throw new GharialError(
          'STEERING_INVALID',
          `vus: got ${vus}; expected an integer from 0 to maxVUs (${config.maxVUs})`,
        );
      }
      pacer?.steer(vus === undefined ? undefined : scale(vus, share), isPaused);
    },
  };
}

class ExternallyControlled implements Pacer {
  readonly endsWithLastVu = false;
  readonly #run: ScenarioRun;
  readonly #slots: VuSlots;
  #vus: number;
  #isPaused = false;

  constructor(run: ScenarioRun, vus: number) {
    this.#run = run;
    this.#slots = new VuSlots(run);
    this.#vus = vus;
  }

  begin(): void {
    this.#apply();
  }

  onIterationEnd(member: Member): void {
    this.#run.ready(member);
  }

  onReady(member: Member): void {
    this.#slots.onReady(member);
  }

  close(): void {}

  steer(vus: number | undefined, isPaused: boolean | undefined): void {
    this.#vus = vus ?? this.#vus;
    this.#isPaused = isPaused ?? this.#isPaused;
    if (this.#run.isOpen) this.#apply();
  }

  /** VUs taken away finish their iteration, however long it takes. */
  #apply(): void {
    this.#slots.setCount(this.#isPaused ? 0 : this.#vus, Number.POSITIVE_INFINITY);
  }
}
