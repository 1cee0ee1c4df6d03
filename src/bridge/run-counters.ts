/**
 * The few numbers all threads of a run share, in one SharedArrayBuffer: VU and iteration counts behind
 * `exec.instance`, iteration numbers and the pool of shared-iterations per scenario, and per worker what
 * the watchdog looks at and how far its scenarios are. Everything else crosses threads by message.
 *
 * Layout (Int32): 6 instance counters; 2 per scenario; per worker 9, and 8 for each scenario.
 */
import type { ScenarioPhase, ScenarioProgress } from '../schedule/scenario-run.ts';

const INSTANCE_FIELDS = 6;
const SCENARIO_FIELDS = 2;
const WORKER_FIELDS = 9;
const PROGRESS_FIELDS = 8;

/** A zero in the phase cell: the worker has not reported on the scenario. */
const PHASES: readonly ScenarioPhase[] = ['waiting', 'running', 'stopping', 'done'];
const INT32_MAX = 2 ** 31 - 1;

const VUS_ACTIVE = 0;
const VUS_INITIALIZED = 1;
const ITERATIONS_COMPLETED = 2;
const ITERATIONS_INTERRUPTED = 3;
const EXTRA_VUS = 4;
const SOCKETS_OPEN = 5;

export interface InstanceCounts {
  readonly vusActive: number;
  readonly vusInitialized: number;
  readonly iterationsCompleted: number;
  readonly iterationsInterrupted: number;
  /** WebSocket connections that are open now. */
  readonly socketsOpen: number;
}

/** Running VUs whose end is waited for, and what they in turn wait for; all counts. */
export interface Waits {
  readonly vus: number;
  readonly sockets: number;
  readonly intervals: number;
  readonly timeouts: number;
  readonly requests: number;
  readonly sleeps: number;
  readonly others: number;
}

/** In the order of their cells. */
const WAIT_NAMES = [
  'vus',
  'sockets',
  'intervals',
  'timeouts',
  'requests',
  'sleeps',
  'others',
] as const satisfies readonly (keyof Waits)[];

export const NO_WAITS: Waits = {
  vus: 0,
  sockets: 0,
  intervals: 0,
  timeouts: 0,
  requests: 0,
  sleeps: 0,
  others: 0,
};

/** `ScenarioProgress` as far as it crosses threads. */
export type WorkerProgress = Omit<ScenarioProgress, 'fraction'>;

export class RunCounters {
  readonly buffer: SharedArrayBuffer;
  readonly scenarioCount: number;
  readonly #cells: Int32Array;

  private constructor(buffer: SharedArrayBuffer, scenarioCount: number) {
    this.buffer = buffer;
    this.scenarioCount = scenarioCount;
    this.#cells = new Int32Array(buffer);
  }

  static create(scenarioCount: number, workerCount: number): RunCounters {
    const workerCells = WORKER_FIELDS + scenarioCount * PROGRESS_FIELDS;
    const cells = INSTANCE_FIELDS + scenarioCount * SCENARIO_FIELDS + workerCount * workerCells;
    return new RunCounters(
      new SharedArrayBuffer(cells * Int32Array.BYTES_PER_ELEMENT),
      scenarioCount,
    );
  }

  /** The same counters in another thread. */
  static attach(buffer: SharedArrayBuffer, scenarioCount: number): RunCounters {
    return new RunCounters(buffer, scenarioCount);
  }

  get instance(): InstanceCounts {
    const read = (cell: number): number => Atomics.load(this.#cells, cell);
    return {
      vusActive: read(VUS_ACTIVE),
      vusInitialized: read(VUS_INITIALIZED),
      iterationsCompleted: read(ITERATIONS_COMPLETED),
      iterationsInterrupted: read(ITERATIONS_INTERRUPTED),
      socketsOpen: read(SOCKETS_OPEN),
    };
  }

  addActiveVus(count: number): void {
    Atomics.add(this.#cells, VUS_ACTIVE, count);
  }

  addInitializedVus(count: number): void {
    Atomics.add(this.#cells, VUS_INITIALIZED, count);
  }

  addOpenSockets(count: number): void {
    Atomics.add(this.#cells, SOCKETS_OPEN, count);
  }

  /** The id of a VU that is made beside the planned ones. */
  nextExtraVuId(plannedVus: number): number {
    return plannedVus + Atomics.add(this.#cells, EXTRA_VUS, 1) + 1;
  }

  countIteration(outcome: 'complete' | 'interrupted'): void {
    const cell = outcome === 'complete' ? ITERATIONS_COMPLETED : ITERATIONS_INTERRUPTED;
    Atomics.add(this.#cells, cell, 1);
  }

  /** The next 0-based iteration number of a scenario. */
  nextIteration(scenario: number): number {
    return Atomics.add(this.#cells, this.#scenarioCell(scenario, 0), 1);
  }

  setSharedIterations(scenario: number, count: number): void {
    Atomics.store(this.#cells, this.#scenarioCell(scenario, 1), count);
  }

  /** Takes one of the shared iterations; false when none is left. */
  claimShared(scenario: number): boolean {
    const cell = this.#scenarioCell(scenario, 1);
    if (Atomics.sub(this.#cells, cell, 1) > 0) return true;
    Atomics.add(this.#cells, cell, 1);
    return false;
  }

  sharedLeft(scenario: number): number {
    return Math.max(Atomics.load(this.#cells, this.#scenarioCell(scenario, 1)), 0);
  }

  /** Takes all that is left of the shared iterations (they are dropped then). */
  takeSharedLeft(scenario: number): number {
    return Math.max(Atomics.exchange(this.#cells, this.#scenarioCell(scenario, 1), 0), 0);
  }

  /** Watchdog: script code of a VU uses the thread from enter to leave; VU ids are stored plus one. */
  enter(worker: number, vuId: number): void {
    const cell = this.#workerCell(worker, 0);
    this.#cells[cell] = vuId + 1;
    this.#cells[cell + 1] = ((this.#cells[cell + 1] ?? 0) + 1) | 0;
  }

  leave(worker: number): void {
    this.#cells[this.#workerCell(worker, 0)] = 0;
  }

  /** The VU that uses a worker's thread now, and a number that changes with every entry. */
  busy(worker: number): { readonly vuId: number; readonly entry: number } | undefined {
    const cell = this.#workerCell(worker, 0);
    const stored = Atomics.load(this.#cells, cell);
    if (stored === 0) return undefined;
    return { vuId: stored - 1, entry: Atomics.load(this.#cells, cell + 1) };
  }

  /** Tells what keeps VUs of a worker busy that should come to their end. Cost: seven stores. */
  reportWaits(worker: number, waits: Waits): void {
    for (const [index, name] of WAIT_NAMES.entries()) {
      Atomics.store(this.#cells, this.#workerCell(worker, 2 + index), waits[name]);
    }
  }

  /** Of all workers. */
  get waits(): Waits {
    const sums = { ...NO_WAITS } as { -readonly [Name in keyof Waits]: number };
    for (let worker = 0; this.#workerCell(worker, 0) < this.#cells.length; worker++) {
      for (const [index, name] of WAIT_NAMES.entries()) {
        sums[name] += Atomics.load(this.#cells, this.#workerCell(worker, 2 + index));
      }
    }
    return sums;
  }

  /**
   * Tells how far a worker's part of a scenario is, for views. The fraction is left out: it follows from
   * the rest. Cost: eight stores; called a few times a second.
   */
  reportProgress(worker: number, scenario: number, progress: WorkerProgress): void {
    const cell = this.#progressCell(worker, scenario);
    const fields = [
      PHASES.indexOf(progress.phase) + 1,
      progress.isAborted ? 1 : 0,
      progress.runningVus,
      progress.heldVus,
      progress.heldVusMax,
      progress.completeIterations,
      progress.interruptedIterations,
      Math.min(Math.round(progress.elapsedMs), INT32_MAX),
    ];
    for (const [index, value] of fields.entries()) Atomics.store(this.#cells, cell + index, value);
  }

  /** What the workers with a part in the scenario last reported. */
  progressOf(scenario: number): WorkerProgress[] {
    const reports: WorkerProgress[] = [];
    for (let worker = 0; this.#workerCell(worker, 0) < this.#cells.length; worker++) {
      const cell = this.#progressCell(worker, scenario);
      const read = (field: number): number => Atomics.load(this.#cells, cell + field);
      const phase = PHASES[read(0) - 1];
      if (phase === undefined) continue;
      reports.push({
        phase,
        isAborted: read(1) === 1,
        runningVus: read(2),
        heldVus: read(3),
        heldVusMax: read(4),
        completeIterations: read(5),
        interruptedIterations: read(6),
        elapsedMs: read(7),
      });
    }
    return reports;
  }

  /** A worker's thread was ended: what it ran has been cut off. */
  endProgress(worker: number): void {
    this.reportWaits(worker, NO_WAITS);
    for (let scenario = 0; scenario < this.scenarioCount; scenario++) {
      const cell = this.#progressCell(worker, scenario);
      if (Atomics.load(this.#cells, cell) === 0) continue;
      Atomics.store(this.#cells, cell, PHASES.indexOf('done') + 1);
      Atomics.store(this.#cells, cell + 2, 0);
      Atomics.store(this.#cells, cell + 3, 0);
    }
  }

  #scenarioCell(scenario: number, field: number): number {
    return INSTANCE_FIELDS + scenario * SCENARIO_FIELDS + field;
  }

  #workerCell(worker: number, field: number): number {
    const { scenarioCount } = this;
    const workerCells = WORKER_FIELDS + scenarioCount * PROGRESS_FIELDS;
    return INSTANCE_FIELDS + scenarioCount * SCENARIO_FIELDS + worker * workerCells + field;
  }

  #progressCell(worker: number, scenario: number): number {
    return this.#workerCell(worker, WORKER_FIELDS + scenario * PROGRESS_FIELDS);
  }
}
