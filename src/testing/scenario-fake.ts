/**
 * A worker on virtual time for tests of executors: a pool of fake VUs whose iterations take as long
 * as the test says, timers that fire in order, a log of all that happens. Nothing waits.
 */
import type { ActiveVu, IterationOutcome, ScenarioPort } from '../schedule/ports.ts';

export interface FakeEvent {
  readonly atMs: number;
  readonly kind: 'start' | 'complete' | 'interrupted' | 'acquire' | 'release' | 'drop' | 'warn';
  readonly vuId: number;
  readonly count: number;
  readonly text: string;
}

export interface FakeOptions {
  readonly vus: number;
  /** How long an iteration takes; Infinity = until interrupted. */
  readonly iterationMs?: number | ((vuId: number, iteration: number) => number);
  /** How long an extra VU takes to initialise. */
  readonly initMs?: number;
  readonly sharedIterations?: number;
  /** How much each look at the clock advances it: stands for the cost of work. */
  readonly tickMs?: number;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeWorld {
  readonly events: FakeEvent[] = [];
  nowMs = 0;
  /** Turns of the event loop so far. */
  turns = 0;
  sharedLeft: number;
  readonly #options: FakeOptions;
  readonly #timers: Timer[] = [];
  readonly #idle: FakeVu[] = [];
  #laters: (() => void)[] = [];
  readonly #soon: (() => void)[] = [];
  #order = 0;
  #vuCount = 0;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.sharedLeft = options.sharedIterations ?? 0;
    for (let i = 0; i < options.vus; i++) this.addVu();
  }

  addVu(): void {
    this.#idle.push(new FakeVu(this, ++this.#vuCount));
  }

  readonly port: ScenarioPort = {
    nowMs: () => {
      this.nowMs += this.#options.tickMs ?? 0;
      return this.nowMs;
    },
    at: (dueMs, onDue) => this.addTimer(dueMs, onDue),
    later: (run) => {
      this.#laters.push(run);
    },
    acquire: () => {
      const vu = this.#idle.shift();
      if (vu !== undefined) this.log('acquire', vu.id);
      return vu;
    },
    initializeExtra: (onReady) => {
      this.addTimer(this.nowMs + (this.#options.initMs ?? 0), () => {
        this.addVu();
        onReady(true);
      });
    },
    claimShared: () => {
      if (this.sharedLeft === 0) return false;
      this.sharedLeft--;
      return true;
    },
    sharedLeft: () => this.sharedLeft,
    takeSharedLeft: () => {
      const left = this.sharedLeft;
      this.sharedLeft = 0;
      return left;
    },
    drop: (count, vuId = 0) => this.log('drop', vuId, count),
    warn: (message) => this.log('warn', 0, 0, message),
  };

  /** Runs until nothing is left to do, or until `untilMs`. */
  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (;;) {
      this.turns++;
      const laters = this.#laters;
      this.#laters = [];
      for (const run of laters) this.#runTask(run);
      this.#timers.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      const first = this.#timers[0];
      if (first !== undefined && first.dueMs <= this.nowMs) {
        this.#timers.shift();
        this.#runTask(first.run);
      } else if (this.#laters.length > 0) {
        // The turn has nothing more to do.
      } else if (first !== undefined && first.dueMs <= untilMs) {
        this.nowMs = first.dueMs;
      } else {
        if (untilMs !== Number.POSITIVE_INFINITY) this.nowMs = Math.max(this.nowMs, untilMs);
        return;
      }
    }
  }

  /** Runs something in the same turn, after what runs now: the end of an iteration that never waits. */
  addSoon(run: () => void): void {
    this.#soon.push(run);
  }

  #runTask(run: () => void): void {
    run();
    for (let next = this.#soon.shift(); next !== undefined; next = this.#soon.shift()) next();
  }

  /** Timers that still wait: after the end of a scenario there must be none of its own. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  addTimer(dueMs: number, run: () => void): () => void {
    const timer = { dueMs, order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  log(kind: FakeEvent['kind'], vuId: number, count = 0, text = ''): void {
    this.events.push({ atMs: this.nowMs, kind, vuId, count, text });
  }

  giveBack(vu: FakeVu): void {
    this.#idle.push(vu);
  }

  durationOf(vuId: number, iteration: number): number {
    const { iterationMs = 0 } = this.#options;
    return typeof iterationMs === 'number' ? iterationMs : iterationMs(vuId, iteration);
  }

  /** Times of the events of a kind. */
  timesOf(kind: FakeEvent['kind']): readonly number[] {
    return this.events.filter((event) => event.kind === kind).map(({ atMs }) => atMs);
  }

  countOf(kind: FakeEvent['kind']): number {
    return this.timesOf(kind).length;
  }

  /** Dropped iterations in total. */
  get dropped(): number {
    return this.events.reduce((sum, { kind, count }) => sum + (kind === 'drop' ? count : 0), 0);
  }
}

class FakeVu implements ActiveVu {
  readonly id: number;
  readonly #world: FakeWorld;
  #iterations = 0;
  #end: ((outcome: IterationOutcome) => void) | undefined;

  constructor(world: FakeWorld, id: number) {
    this.#world = world;
    this.id = id;
  }

  iterate(onEnd: (outcome: IterationOutcome) => void): void {
    if (this.#end !== undefined) throw new Error('the VU is busy');
    this.#world.log('start', this.id);
    const durationMs = this.#world.durationOf(this.id, this.#iterations++);
    let cancel: (() => void) | undefined;
    const complete = (): void => this.#end?.('complete');
    if (durationMs === 0) this.#world.addSoon(complete);
    else if (durationMs !== Number.POSITIVE_INFINITY) {
      cancel = this.#world.addTimer(this.#world.nowMs + durationMs, complete);
    }
    this.#end = (outcome) => {
      this.#end = undefined;
      cancel?.();
      this.#world.log(outcome, this.id);
      onEnd(outcome);
    };
  }

  interrupt(): void {
    this.#end?.('interrupted');
  }

  release(): void {
    if (this.#end !== undefined) throw new Error('a busy VU is released');
    this.#world.log('release', this.id);
    this.#world.giveBack(this);
  }
}
