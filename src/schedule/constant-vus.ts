/** constant-vus: so many VUs loop without pause for a time. */
import { formatDuration } from '../base/duration.ts';
import type { ConstantVusConfig } from '../options/scenario.ts';
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { type Share, scale } from './segment.ts';
import { constantSteps, type Step } from './steps.ts';
import { hardMsOf, windowOf } from './window.ts';

export function planConstantVus(config: ConstantVusConfig, share: Share): readonly Step[] {
  return constantSteps(scale(config.vus, share), hardMsOf(config));
}

export function describeConstantVus(config: ConstantVusConfig, share: Share): string {
  return `${scale(config.vus, share)} looping VUs for ${formatDuration(config.durationMs)}`;
}

export function startConstantVus(
  config: ConstantVusConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  const window = windowOf(config, startMs);
  return new ScenarioRun(port, window, (run) => new ConstantVus(run, scale(config.vus, share)));
}

class ConstantVus implements Pacer {
  readonly endsWithLastVu = false;
  readonly #run: ScenarioRun;
  readonly #vus: number;

  constructor(run: ScenarioRun, vus: number) {
    this.#run = run;
    this.#vus = vus;
  }

  begin(): void {
    for (let i = 0; i < this.#vus; i++) this.#run.request((member) => this.#run.ready(member));
  }

  onIterationEnd(member: Member): void {
    this.#run.ready(member);
  }

  onReady(member: Member): void {
    if (this.#run.isOpen) this.#run.iterate(member);
    else this.#run.release(member);
  }

  close(): void {}
}
