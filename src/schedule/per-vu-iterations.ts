/** per-vu-iterations: every VU runs the same number of iterations, one after the other. */
import type { PerVuIterationsConfig } from '../options/scenario.ts';
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { type Share, scale } from './segment.ts';
import { constantSteps, type Step } from './steps.ts';
import { hardMsOf, windowOf } from './window.ts';

export function planPerVuIterations(config: PerVuIterationsConfig, share: Share): readonly Step[] {
  return constantSteps(scale(config.vus, share), hardMsOf(config));
}

export function describePerVuIterations(config: PerVuIterationsConfig, share: Share): string {
  return `${config.iterations} iterations for each of ${scale(config.vus, share)} VUs`;
}

export function startPerVuIterations(
  config: PerVuIterationsConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  const window = windowOf(config, startMs);
  const vus = scale(config.vus, share);
  return new ScenarioRun(port, window, (run) => new PerVuIterations(run, vus, config.iterations));
}

class PerVuIterations implements Pacer {
  readonly endsWithLastVu = true;
  readonly #run: ScenarioRun;
  readonly #vus: number;
  readonly #iterations: number;
  #isAborted = false;

  constructor(run: ScenarioRun, vus: number, iterations: number) {
    this.#run = run;
    this.#vus = vus;
    this.#iterations = iterations;
  }

  begin(): void {
    for (let i = 0; i < this.#vus; i++) this.#run.request((member) => this.#run.ready(member));
  }

  onIterationEnd(member: Member): void {
    this.#run.ready(member);
  }

  onReady(member: Member): void {
    const left = this.#iterations - member.startedIterations;
    if (left > 0 && this.#run.isOpen) {
      this.#run.iterate(member);
      return;
    }
    if (left > 0 && !this.#isAborted) this.#run.port.drop(left, member.vu.id);
    this.#run.release(member);
  }

  close(isAborted: boolean): void {
    this.#isAborted = isAborted;
  }

  fraction(): number {
    return this.#run.endedIterations / (this.#vus * this.#iterations);
  }
}
