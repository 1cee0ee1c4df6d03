/**
 * Calls of setup(), teardown() and handleSummary(), one after the other, in a worker that answers. The run
 * asks for them in its course, the REST API whenever it likes.
 */
import type { FromWorker, PhaseEnd, ScriptPhase } from '../bridge/messages.ts';
import type { Crew } from './crew.ts';
import { waitFor } from './wait.ts';

export interface PhaseRequest {
  readonly phase: ScriptPhase;
  /** JSON of the setup data, or the summary object. */
  readonly data: unknown;
  readonly timeoutMs: number;
}

export interface PhaseOrders {
  readonly crew: Crew;
  /** Makes a worker that only serves such calls; resolves to its index when it is prepared. */
  spare(): Promise<number>;
  isStopped(): boolean;
  /** Resolves when the run is stopped. */
  readonly stopped: Promise<void>;
}

export class PhaseCalls {
  readonly #orders: PhaseOrders;
  /** The last call that was asked for. */
  #last: Promise<unknown> = Promise.resolve();
  #end: PhaseEnd | undefined;
  #isOver = false;
  #onOver: () => void = () => {};
  readonly #over: Promise<void>;

  constructor(orders: PhaseOrders) {
    this.#orders = orders;
    this.#over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
  }

  /** Takes the message that ends a call; true if it was one. */
  take(message: FromWorker): boolean {
    if (message.kind !== 'phaseEnd') return false;
    this.#end = message.end;
    return true;
  }

  /**
   * Calls the exported function after those that were asked for before. `interrupted`: it took too long,
   * aborted the test, or a stop came; a stop does not touch teardown, which cleans up.
   */
  call(request: PhaseRequest): Promise<PhaseEnd> {
    const end = this.#last.then(() => this.#call(request));
    this.#last = end.catch(() => undefined);
    return end;
  }

  /** The run is over: what is not done is given up, all but the summary. */
  async finish(): Promise<void> {
    this.#isOver = true;
    this.#onOver();
    await this.#last;
  }

  async #call({ phase, data, timeoutMs }: PhaseRequest): Promise<PhaseEnd> {
    const { crew, spare, isStopped, stopped } = this.#orders;
    const mayBeLate = phase === 'summary';
    if (this.#isOver && !mayBeLate) return { outcome: 'interrupted' };
    const worker = crew.indexes[0] ?? (await spare());
    this.#end = undefined;
    const answered = crew.answers([worker], ({ kind }) => kind === 'phaseEnd');
    const isStoppable = phase !== 'teardown' && !isStopped();
    crew.send(worker, { kind: 'phase', phase, data });
    const timeout = waitFor(timeoutMs);
    await Promise.race([
      answered.all,
      timeout.promise,
      ...(isStoppable ? [stopped] : []),
      ...(mayBeLate ? [] : [this.#over]),
    ]);
    timeout.cancel();
    if (this.#end === undefined) {
      crew.send(worker, { kind: 'stopPhase' });
      await crew.awaitOrLose(answered);
    }
    return this.#end ?? { outcome: 'interrupted' };
  }
}
