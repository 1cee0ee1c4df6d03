/**
 * The few numbers all threads of a run share, in one SharedArrayBuffer: VU and iteration counts behind
 * `exec.instance`, iteration numbers and the pool of shared-iterations per scenario, and per worker what
 * the watchdog looks at. Everything else crosses threads by message.
 *
 * Layout (Int32): 5 instance counters, 2 per scenario, 2 per worker.
 */
const INSTANCE_FIELDS = 5;
const SCENARIO_FIELDS = 2;
const WORKER_FIELDS = 2;

const VUS_ACTIVE = 0;
const VUS_INITIALIZED = 1;
const ITERATIONS_COMPLETED = 2;
const ITERATIONS_INTERRUPTED = 3;
const EXTRA_VUS = 4;

export interface InstanceCounts {
  readonly vusActive: number;
  readonly vusInitialized: number;
  readonly iterationsCompleted: number;
  readonly iterationsInterrupted: number;
}

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
    const cells = INSTANCE_FIELDS + scenarioCount * SCENARIO_FIELDS + workerCount * WORKER_FIELDS;
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
    };
  }

  addActiveVus(count: number): void {
    Atomics.add(this.#cells, VUS_ACTIVE, count);
  }

  addInitializedVus(count: number): void {
    Atomics.add(this.#cells, VUS_INITIALIZED, count);
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

  /** Iterations of a scenario that were started. */
  startedIterations(scenario: number): number {
    return Atomics.load(this.#cells, this.#scenarioCell(scenario, 0));
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

  #scenarioCell(scenario: number, field: number): number {
    return INSTANCE_FIELDS + scenario * SCENARIO_FIELDS + field;
  }

  #workerCell(worker: number, field: number): number {
    return INSTANCE_FIELDS + this.scenarioCount * SCENARIO_FIELDS + worker * WORKER_FIELDS + field;
  }
}
