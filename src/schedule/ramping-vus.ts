/** ramping-vus: the number of looping VUs follows stages, one VU at a time at exact moments. */
import { formatDuration, toNanoseconds } from '../base/duration.ts';
import type { RampingVusConfig } from '../options/scenario.ts';
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { numberAt, type Share, scale } from './segment.ts';
import type { Step } from './steps.ts';
import { VuSlots } from './vu-slots.ts';
import { hardMsOf, regularMsOf, windowOf } from './window.ts';

/** From this offset on, so many VUs loop. */
export interface RampStep {
  readonly offsetMs: number;
  readonly vus: number;
}

/**
 * The moments at which VUs of our share start and stop. VU n of a ramp up to `to` starts at
 * `end − D·(to−n)/(to−from)`; on a ramp down the step from n to n−1 is at `end − D·(to−n+1)/(to−from)`
 * (whole nanoseconds, as k6). Steps of one moment are merged; the last one holds.
 */
export function* rampSteps(config: RampingVusConfig, share: Share): Generator<RampStep> {
  let from = config.startVUs;
  let endNs = 0;
  let pending: RampStep = { offsetMs: 0, vus: scale(from, share) };
  for (const { durationMs, target: to } of config.stages) {
    const stageNs = toNanoseconds(durationMs);
    endNs += stageNs;
    const last = scale(to, share);
    while (pending.vus !== last) {
      const isUp = last > pending.vus;
      // The VU that comes or goes, by its number (from 1) in the whole test.
      const number = numberAt(isUp ? pending.vus : pending.vus - 1, share) + 1;
      const stepsLeft = isUp ? to - number : number - 1 - to;
      const offsetNs = endNs - proportion(stageNs, stepsLeft, Math.abs(to - from));
      const next = { offsetMs: offsetNs / 1e6, vus: pending.vus + (isUp ? 1 : -1) };
      if (next.offsetMs !== pending.offsetMs) yield pending;
      pending = next;
    }
    from = to;
  }
  yield pending;
}

/** VUs to have: those that loop, and those that may still be finishing after their stop. */
export function planRampingVus(config: RampingVusConfig, share: Share): readonly Step[] {
  const endMs = hardMsOf(config);
  const steps = holdPeaks([...rampSteps(config, share)], config.gracefulRampDownMs)
    .filter(({ offsetMs }) => offsetMs < endMs)
    .map((step) => ({ ...step, unplannedVus: 0 }));
  return [...steps, { offsetMs: endMs, vus: 0, unplannedVus: 0 }];
}

/** Most VUs looping at one time. */
export function rampPeak(config: RampingVusConfig, share: Share): number {
  return config.stages.reduce(
    (peak, { target }) => Math.max(peak, scale(target, share)),
    scale(config.startVUs, share),
  );
}

export function describeRampingVus(config: RampingVusConfig, share: Share): string {
  const duration = formatDuration(regularMsOf(config));
  return `Up to ${rampPeak(config, share)} looping VUs for ${duration} over ${config.stages.length} stages`;
}

export function startRampingVus(
  config: RampingVusConfig,
  share: Share,
  port: ScenarioPort,
  startMs: number,
): ScenarioRun {
  return new ScenarioRun(
    port,
    windowOf(config, startMs),
    (run) => new RampingVus(run, rampSteps(config, share), config.gracefulRampDownMs),
  );
}

class RampingVus implements Pacer {
  readonly endsWithLastVu = false;
  readonly #run: ScenarioRun;
  readonly #slots: VuSlots;
  readonly #steps: Iterator<RampStep>;
  readonly #gracefulRampDownMs: number;
  #next: RampStep | undefined;

  constructor(run: ScenarioRun, steps: Iterator<RampStep>, gracefulRampDownMs: number) {
    this.#run = run;
    this.#slots = new VuSlots(run);
    this.#steps = steps;
    this.#gracefulRampDownMs = gracefulRampDownMs;
    this.#advance();
  }

  begin(): void {
    this.#applyDue();
  }

  onIterationEnd(member: Member): void {
    this.#run.ready(member);
  }

  onReady(member: Member): void {
    this.#slots.onReady(member);
  }

  close(isAborted: boolean): void {
    // A last step at the very end of the stages is a stop with gracefulRampDown like any other.
    if (!isAborted) this.#applySteps(this.#run.window.startMs + this.#run.window.regularMs);
    this.#next = undefined;
  }

  /** Takes the steps that are due, then waits for the next. */
  #applyDue(): void {
    this.#applySteps(this.#run.port.nowMs());
    if (this.#next === undefined) return;
    this.#run.schedule(this.#run.window.startMs + this.#next.offsetMs, () => this.#applyDue());
  }

  #applySteps(untilMs: number): void {
    const { startMs } = this.#run.window;
    while (this.#next !== undefined && startMs + this.#next.offsetMs <= untilMs) {
      const { offsetMs, vus } = this.#next;
      const hardStopMs = startMs + offsetMs + this.#gracefulRampDownMs;
      if (this.#run.isOpen || vus < this.#slots.onCount) {
        this.#slots.setCount(vus, Math.min(hardStopMs, this.#run.hardEndMs));
      }
      this.#advance();
    }
  }

  #advance(): void {
    const { value, done } = this.#steps.next();
    this.#next = done === true ? undefined : value;
  }
}

/** ⌊whole · part / parts⌋ without overflow of exact integers, for part ≤ parts. */
function proportion(whole: number, part: number, parts: number): number {
  const quotient = Math.floor(whole / parts);
  return quotient * part + Math.floor(((whole % parts) * part) / parts);
}

/** For every moment the highest count of the `holdMs` before it. */
function holdPeaks(steps: readonly RampStep[], holdMs: number): readonly RampStep[] {
  // Each step counts until the one after it, and `holdMs` longer. Of the steps that still count,
  // only those matter that no later and higher one outlasts: their counts fall along the queue.
  const held: RampStep[] = [];
  const queue: { readonly vus: number; readonly untilMs: number }[] = [];
  let head = 0;
  const put = (offsetMs: number, vus: number): void => {
    if (held.at(-1)?.offsetMs === offsetMs) held.pop();
    if (held.at(-1)?.vus !== vus) held.push({ offsetMs, vus });
  };
  const expire = (nowMs: number): void => {
    for (let first = queue[head]; first !== undefined && first.untilMs <= nowMs; ) {
      const { untilMs } = first;
      first = queue[++head];
      if (first !== undefined) put(untilMs, first.vus);
    }
  };
  for (const [i, { offsetMs, vus }] of steps.entries()) {
    expire(offsetMs);
    const endMs = steps[i + 1]?.offsetMs ?? Number.POSITIVE_INFINITY;
    while (queue.length > head && (queue.at(-1)?.vus ?? vus) <= vus) queue.pop();
    queue.push({ vus, untilMs: endMs + holdMs });
    put(offsetMs, queue[head]?.vus ?? vus);
  }
  expire(Number.MAX_VALUE);
  return held;
}
