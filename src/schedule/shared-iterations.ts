/** shared-iterations: VUs take iterations off one counter until none is left. */
import { formatDuration } from '../base/duration.ts';
import type { SharedIterationsConfig } from '../options/scenario.ts';
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { type Share, scale, shareByVus } from './segment.ts';
import { constantSteps, type Step } from './steps.ts';
import { hardMsOf, windowOf } from './window.ts';

export function planSharedIterations(
  config: SharedIterationsConfig,
  share: Share,
): readonly Step[] {
  return constantSteps(scale(config.vus, share), hardMsOf(config));
}

/**
 * Iterations of this instance, in proportion to its VUs; the start value of the counter behind
 * `ScenarioPort.claimShared`.
 */
export function sharedIterationsOf(config: SharedIterationsConfig, share: Share): number {
  const byVus = shareByVus(config.vus, { instance: share.instance, worker: undefined });
  return byVus === undefined ? 0 : scale(config.iterations, byVus);
}

export function describeSharedIterations(config: SharedIterationsConfig, share: Share): string {
  const iterations = sharedIterationsOf(config, share);
  return `${iterations} iterations shared among ${scale(config.vus, share)} VUs`;
}

export function factsOfIterations({ maxDurationMs }: { maxDurationMs: number }): string[] {
  return [`maxDuration: ${formatDuration(maxDurationMs)}`];
}

export function startSharedIterations(
  config: SharedIterationsConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  const window = windowOf(config, startMs);
  const vus = scale(config.vus, share);
  const total = sharedIterationsOf(config, share);
  return new ScenarioRun(port, window, (run) => new SharedIterations(run, vus, total));
}

class SharedIterations implements Pacer {
  readonly endsWithLastVu = true;
  readonly #run: ScenarioRun;
  readonly #vus: number;
  /** Iterations of the whole instance. */
  readonly #total: number;

  constructor(run: ScenarioRun, vus: number, total: number) {
    this.#run = run;
    this.#vus = vus;
    this.#total = total;
  }

  begin(): void {
    for (let i = 0; i < this.#vus; i++) this.#run.request((member) => this.#run.ready(member));
  }

  onIterationEnd(member: Member): void {
    this.#run.ready(member);
  }

  onReady(member: Member): void {
    if (this.#run.isOpen && this.#run.port.claimShared()) this.#run.iterate(member);
    else this.#run.release(member);
  }

  close(isAborted: boolean): void {
    const dropped = isAborted ? 0 : this.#run.port.takeSharedLeft();
    if (dropped > 0) this.#run.port.drop(dropped);
  }

  fraction(): number {
    return this.#total === 0 ? 1 : 1 - this.#run.port.sharedLeft() / this.#total;
  }
}
