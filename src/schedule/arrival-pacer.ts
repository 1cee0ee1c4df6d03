/**
 * Starts iterations at moments that do not depend on how long iterations take (open model). Used by
 * both arrival-rate executors, which differ only in the moments.
 */
import type { ScenarioPort } from './ports.ts';
import { type Member, type Pacer, ScenarioRun } from './scenario-run.ts';
import { type Share, scale } from './segment.ts';
import { constantSteps, type Step } from './steps.ts';
import type { Window } from './window.ts';

export interface ArrivalConfig {
  readonly preAllocatedVUs: number;
  readonly maxVUs: number;
}

/**
 * How long a due iteration waits for a VU before it is dropped: the resolution of timers. Without it
 * several iterations that fall into one tick would be dropped though VUs get idle within the tick.
 * k6-diff: k6 drops at once, on timers of microseconds.
 */
const PATIENCE_MS = 1;

/** VUs made ready before the start, and those that may be added. */
export function planArrivals(config: ArrivalConfig, share: Share, hardMs: number): readonly Step[] {
  const vus = scale(config.preAllocatedVUs, share);
  return constantSteps(vus, hardMs, scale(config.maxVUs, share) - vus);
}

export function factsOfArrivals(config: ArrivalConfig, share: Share): string[] {
  const vus = scale(config.preAllocatedVUs, share);
  const most = scale(config.maxVUs, share);
  return [most > vus ? `maxVUs: ${vus}-${most}` : `maxVUs: ${vus}`];
}

/** @param dues offsets in ms from the start, ascending, each below the regular time. */
export function startArrivals(
  config: ArrivalConfig,
  share: Share,
  port: ScenarioPort,
  window: Window,
  dues: Iterator<number>,
): ScenarioRun {
  return new ScenarioRun(port, window, (run) => new ArrivalPacer(run, config, share, dues));
}

class ArrivalPacer implements Pacer {
  readonly endsWithLastVu = false;
  readonly #run: ScenarioRun;
  readonly #preAllocatedVus: number;
  readonly #maxVus: number;
  /** Of the whole instance, for the warning. */
  readonly #maxVusOfInstance: number;
  readonly #dues: Iterator<number>;
  /** Idle VUs in a ring, so that they take turns: the longest idle goes first. */
  readonly #idle: Member[];
  #idleHead = 0;
  #idleCount = 0;
  #nextDueMs = Number.POSITIVE_INFINITY;
  #extraVus = 0;
  #isAddingVu = false;
  #hasWarned = false;
  /** Since when something was due and no VU idle. */
  #starvedSinceMs: number | undefined;
  /** When the timer goes off; Infinity if none is set. */
  #wakeMs = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | undefined;
  #isNextTurnAsked = false;

  constructor(run: ScenarioRun, config: ArrivalConfig, share: Share, dues: Iterator<number>) {
    this.#run = run;
    this.#preAllocatedVus = scale(config.preAllocatedVUs, share);
    this.#maxVus = scale(config.maxVUs, share);
    this.#maxVusOfInstance = scale(config.maxVUs, { ...share, worker: undefined });
    this.#dues = dues;
    this.#idle = new Array<Member>(this.#maxVus);
  }

  begin(): void {
    for (let i = 0; i < this.#preAllocatedVus; i++)
      this.#run.request((member) => this.#keep(member));
    this.#advance();
    this.#startDue();
  }

  onIterationEnd(member: Member): void {
    this.#keep(member);
  }

  onReady(member: Member): void {
    this.#keep(member);
  }

  /** Timers are late by up to a millisecond: what was due within it starts now. */
  beforeClose(): void {
    this.#startDue();
  }

  close(isAborted: boolean): void {
    if (!isAborted) this.#dropRest();
    this.#nextDueMs = Number.POSITIVE_INFINITY;
    for (let member = this.#takeIdle(); member !== undefined; member = this.#takeIdle()) {
      this.#run.release(member);
    }
  }

  /** Starts what is due, a bounded time long, and comes back for the rest or the next. */
  #startDue(): void {
    let dropped = 0;
    let isSpent = false;
    let nowMs = this.#run.port.nowMs();
    while (this.#run.isOpen && this.#nextDueMs <= nowMs) {
      isSpent = !this.#run.hasBudget();
      if (isSpent) break;
      const member = this.#takeIdle();
      if (member !== undefined) {
        this.#starvedSinceMs = undefined;
        this.#run.iterate(member);
      } else {
        this.#starvedSinceMs ??= nowMs;
        if (nowMs < this.#dropTimeMs(this.#starvedSinceMs)) break;
        dropped++;
      }
      this.#advance();
      nowMs = this.#run.port.nowMs();
    }
    if (this.#nextDueMs > nowMs) this.#starvedSinceMs = undefined;
    if (dropped > 0) this.#drop(dropped);
    this.#wait(isSpent);
  }

  /** When the next iteration is dropped if no VU gets idle. */
  #dropTimeMs(starvedSinceMs: number): number {
    return Math.max(this.#nextDueMs, starvedSinceMs) + PATIENCE_MS;
  }

  #wait(isSpent: boolean): void {
    if (!this.#run.isOpen || this.#nextDueMs === Number.POSITIVE_INFINITY) return;
    if (isSpent) {
      if (!this.#isNextTurnAsked) this.#run.inNextTurn(this.#onNextTurn);
      this.#isNextTurnAsked = true;
      return;
    }
    const wakeMs =
      this.#starvedSinceMs === undefined ? this.#nextDueMs : this.#dropTimeMs(this.#starvedSinceMs);
    // Waking up too early costs less than moving the timer at each iteration.
    if (this.#wakeMs <= wakeMs) return;
    this.#cancelWake?.();
    this.#wakeMs = wakeMs;
    this.#cancelWake = this.#run.schedule(wakeMs, this.#onWake);
  }

  readonly #onWake = (): void => {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.#startDue();
  };

  readonly #onNextTurn = (): void => {
    this.#isNextTurnAsked = false;
    this.#startDue();
  };

  /** At the end: iterations that were due before it but could not start any more. */
  #dropRest(): void {
    const endMs = this.#run.port.nowMs();
    let dropped = 0;
    for (; this.#nextDueMs <= endMs; this.#advance()) dropped++;
    if (dropped > 0) this.#run.port.drop(dropped);
  }

  #drop(count: number): void {
    this.#run.port.drop(count);
    if (this.#isAddingVu) return;
    if (this.#preAllocatedVus + this.#extraVus < this.#maxVus) this.#addVu();
    else if (!this.#hasWarned) {
      this.#hasWarned = true;
      this.#run.port.warn(
        `Insufficient VUs, reached ${this.#maxVusOfInstance} active VUs and cannot initialize more`,
      );
    }
  }

  #addVu(): void {
    this.#isAddingVu = true;
    this.#extraVus++;
    this.#run.port.initializeExtra((isReady) => {
      this.#isAddingVu = false;
      if (isReady && this.#run.isOpen) this.#run.request((member) => this.#keep(member));
    });
  }

  #keep(member: Member): void {
    if (!this.#run.isOpen) {
      this.#run.release(member);
      return;
    }
    this.#idle[(this.#idleHead + this.#idleCount) % this.#maxVus] = member;
    this.#idleCount++;
    if (this.#starvedSinceMs !== undefined) this.#startDue();
  }

  #takeIdle(): Member | undefined {
    if (this.#idleCount === 0) return undefined;
    const member = this.#idle[this.#idleHead];
    this.#idleHead = (this.#idleHead + 1) % this.#maxVus;
    this.#idleCount--;
    return member;
  }

  #advance(): void {
    const { value, done } = this.#dues.next();
    this.#nextDueMs = done === true ? Number.POSITIVE_INFINITY : this.#run.window.startMs + value;
  }
}
