/**
 * What all executors have in common while they run: the wait for the start time, the regular and the
 * hard end, the VUs in hand, fairness to the event loop, and the report when all is over. What makes
 * an executor special is its `Pacer`.
 *
 * Cost per iteration: one clock read; no promise, no timer, no allocation.
 */
import { assert } from '../base/assert.ts';
import type { ActiveVu, IterationOutcome, ScenarioPort } from './ports.ts';
import type { Window } from './window.ts';

/** A VU in the hands of a scenario. Only `slot` is the pacer's to write. */
export class Member {
  readonly vu: ActiveVu;
  readonly onEnd: (outcome: IterationOutcome) => void;
  /** Iterations begun in this scenario by this VU since it was taken. */
  startedIterations = 0;
  isRunning = false;
  /** Place the pacer keeps the VU in, if it has such. */
  slot = -1;

  constructor(vu: ActiveVu, onEnd: (member: Member, outcome: IterationOutcome) => void) {
    this.vu = vu;
    this.onEnd = (outcome) => onEnd(this, outcome);
  }
}

/** Decides when which VU iterates. All calls come from its `ScenarioRun`, one at a time. */
export interface Pacer {
  /** The scenario starts now. */
  begin(): void;
  /** `member` has ended an iteration. */
  onIterationEnd(member: Member): void;
  /** `member`, handed to `ready()`, may go on: iterate, keep or release it. */
  onReady(member: Member): void;
  /** The regular time ends now: the last chance to start what was due before. */
  beforeClose?(): void;
  /**
   * The regular time is over: nothing may start any more. Idle members must be released, now or in
   * `onReady`. `isAborted`: not the planned end, so what is left undone is not counted as dropped.
   */
  close(isAborted: boolean): void;
  /** True if the scenario is over as soon as it holds no VU. */
  readonly endsWithLastVu: boolean;
  /** How much of the work is done, 0…1; undefined = by time. */
  fraction?(): number | undefined;
}

export type ScenarioPhase = 'waiting' | 'running' | 'stopping' | 'done';

/** State of a scenario on one thread; see `mergeProgress`. */
export interface ScenarioProgress {
  readonly phase: ScenarioPhase;
  /** Ended before its time. */
  readonly isAborted: boolean;
  /** VUs in an iteration. */
  readonly runningVus: number;
  /** VUs the scenario has taken. */
  readonly heldVus: number;
  /** The most it has had at one time. */
  readonly heldVusMax: number;
  readonly completeIterations: number;
  readonly interruptedIterations: number;
  /** Since the start of the scenario; negative before; stands still when done. */
  readonly elapsedMs: number;
  /** 0…1, as scripts see it in exec.scenario.progress. */
  readonly fraction: number;
}

/** Longest stretch of starting iterations before I/O gets its turn. */
const SLICE_MS = 4;
const VU_POLL_MS = 10;
const VU_WAIT_MS = 400;
const VU_WAITS_MAX = 5;

interface VuRequest {
  readonly onMember: (member: Member) => void;
  readonly sinceMs: number;
  warnings: number;
}

export class ScenarioRun {
  readonly port: ScenarioPort;
  readonly window: Window;
  readonly #pacer: Pacer;
  readonly #members = new Set<Member>();
  readonly #requests: VuRequest[] = [];
  readonly #timers = new Set<() => void>();
  #ready: Member[] = [];
  #nextTurnCalls: (() => void)[] = [];
  #isTurnMarked = false;
  #sliceEndMs = 0;
  #phase: ScenarioPhase = 'waiting';
  #isAborted = false;
  #runningVus = 0;
  #heldVusMax = 0;
  #completeIterations = 0;
  #interruptedIterations = 0;
  #endMs: number | undefined;
  #isBeginning = false;
  #isPolling = false;
  #error: Error | undefined;
  #onDone: ((error: Error | undefined) => void) | undefined;

  constructor(port: ScenarioPort, window: Window, createPacer: (run: ScenarioRun) => Pacer) {
    this.port = port;
    this.window = window;
    this.#pacer = createPacer(this);
    this.schedule(window.startMs, () => this.#begin());
  }

  /** True while iterations may start. */
  get isOpen(): boolean {
    return this.#phase === 'running';
  }

  get heldVus(): number {
    return this.#members.size;
  }

  get members(): Iterable<Member> {
    return this.#members;
  }

  /** Complete and interrupted ones. */
  get endedIterations(): number {
    return this.#completeIterations + this.#interruptedIterations;
  }

  /** Epoch ms when running iterations are cut off. */
  get hardEndMs(): number {
    return this.window.startMs + this.window.regularMs + this.window.gracefulStopMs;
  }

  /** Calls back at `dueMs` unless the scenario is over by then or the result is called. */
  schedule(dueMs: number, onDue: () => void): () => void {
    const cancel = this.port.at(dueMs, () => {
      this.#timers.delete(cancelOnce);
      onDue();
    });
    const cancelOnce = (): void => {
      if (this.#timers.delete(cancelOnce)) cancel();
    };
    this.#timers.add(cancelOnce);
    return cancelOnce;
  }

  /**
   * Asks for a VU. Normally it is there at once; while scenarios hand VUs over it may take a moment.
   * The scenario fails if none comes in 2 s. Returns a function that takes the request back.
   */
  request(onMember: (member: Member) => void): () => void {
    const member = this.#takeVu();
    if (member !== undefined) {
      onMember(member);
      return () => {};
    }
    const request = { onMember, sinceMs: this.port.nowMs(), warnings: 0 };
    this.#requests.push(request);
    this.#pollVus();
    return () => {
      const at = this.#requests.indexOf(request);
      if (at >= 0) this.#requests.splice(at, 1);
    };
  }

  /** Starts an iteration at once. */
  iterate(member: Member): void {
    assert(this.isOpen && !member.isRunning, 'an idle VU iterates in an open scenario');
    member.isRunning = true;
    member.startedIterations++;
    this.#runningVus++;
    member.vu.iterate(member.onEnd);
  }

  /** Hands `member` to the pacer's `onReady`: at once, or in the next turn if this one was long. */
  ready(member: Member): void {
    if (this.hasBudget()) this.#pacer.onReady(member);
    else this.#ready.push(member);
  }

  /** True if this turn of the event loop may go on starting iterations. */
  hasBudget(): boolean {
    return this.#markTurn() < this.#sliceEndMs;
  }

  /** Calls back in the next turn of the event loop, with a new budget. */
  inNextTurn(run: () => void): void {
    this.#nextTurnCalls.push(run);
    this.#markTurn();
  }

  /** Cuts a running iteration off. */
  interrupt(member: Member): void {
    if (member.isRunning) member.vu.interrupt();
  }

  /** Gives an idle VU back. */
  release(member: Member): void {
    assert(!member.isRunning, 'only an idle VU is released');
    this.#members.delete(member);
    member.vu.release();
    this.#checkDone();
  }

  /** Starts nothing more; running iterations have gracefulStop to end. */
  stop(): void {
    if (this.#phase === 'waiting') this.#cancelTimers();
    const now = this.port.nowMs();
    this.#close(now + this.window.gracefulStopMs, false);
  }

  /** Starts nothing more and interrupts what runs. */
  abort(): void {
    if (this.#phase === 'done') return;
    this.#isAborted = true;
    this.#cancelTimers();
    this.#close(undefined, true);
    this.#interruptAll();
  }

  /** Calls back once, when the last VU is given back; with an error if the scenario could not run. */
  whenDone(onDone: (error: Error | undefined) => void): void {
    this.#onDone = onDone;
    this.#reportDone();
  }

  progress(): ScenarioProgress {
    const elapsedMs = (this.#endMs ?? this.port.nowMs()) - this.window.startMs;
    return {
      phase: this.#phase,
      isAborted: this.#isAborted,
      runningVus: this.#runningVus,
      heldVus: this.#members.size,
      heldVusMax: this.#heldVusMax,
      completeIterations: this.#completeIterations,
      interruptedIterations: this.#interruptedIterations,
      elapsedMs,
      fraction: this.#fraction(elapsedMs),
    };
  }

  /** The scenario cannot go on: everything stops, `whenDone` gets the error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.abort();
  }

  #begin(): void {
    this.#phase = 'running';
    const { startMs, regularMs } = this.window;
    if (Number.isFinite(regularMs)) {
      this.schedule(startMs + regularMs, () => this.#close(this.hardEndMs, false));
    }
    this.#isBeginning = true;
    this.#pacer.begin();
    this.#isBeginning = false;
    this.#checkDone();
  }

  #close(hardEndMs: number | undefined, isAborted: boolean): void {
    if (this.#phase === 'stopping' || this.#phase === 'done') return;
    const hasBegun = this.#phase === 'running';
    if (hasBegun && !isAborted) this.#pacer.beforeClose?.();
    this.#phase = 'stopping';
    this.#requests.length = 0;
    if (hasBegun) this.#pacer.close(isAborted);
    const waiting = this.#ready;
    this.#ready = [];
    for (const member of waiting) this.#pacer.onReady(member);
    // `schedule` would be the place, but a done scenario must not leave a timer behind.
    this.#checkDone();
    if (hardEndMs !== undefined && !this.#isDone()) {
      this.schedule(hardEndMs, () => this.#interruptAll());
    }
  }

  /** Notes the beginning of a turn, so that the budget is per turn; returns the time. */
  #markTurn(): number {
    const now = this.port.nowMs();
    if (!this.#isTurnMarked) {
      this.#isTurnMarked = true;
      this.#sliceEndMs = now + SLICE_MS;
      this.port.later(this.#onNextTurn);
    }
    return now;
  }

  #isDone(): boolean {
    return this.#phase === 'done';
  }

  #interruptAll(): void {
    for (const member of [...this.#members]) this.interrupt(member);
  }

  readonly #onNextTurn = (): void => {
    this.#isTurnMarked = false;
    const calls = this.#nextTurnCalls;
    const waiting = this.#ready;
    if (calls.length > 0) this.#nextTurnCalls = [];
    if (waiting.length > 0) this.#ready = [];
    for (const call of calls) call();
    for (const [i, member] of waiting.entries()) {
      if (!this.hasBudget()) {
        this.#ready = [...waiting.slice(i), ...this.#ready];
        return;
      }
      this.#pacer.onReady(member);
    }
  };

  #takeVu(): Member | undefined {
    const vu = this.port.acquire();
    if (vu === undefined) return undefined;
    const member = new Member(vu, this.#onIterationEnd);
    this.#members.add(member);
    this.#heldVusMax = Math.max(this.#heldVusMax, this.#members.size);
    return member;
  }

  #pollVus(): void {
    if (this.#isPolling || this.#requests.length === 0) return;
    this.#isPolling = true;
    this.schedule(this.port.nowMs() + VU_POLL_MS, () => {
      this.#isPolling = false;
      this.#serveRequests();
      this.#pollVus();
    });
  }

  #serveRequests(): void {
    for (let request = this.#requests[0]; request !== undefined; request = this.#requests[0]) {
      const member = this.#takeVu();
      if (member === undefined) {
        this.#warnOfWait(request);
        return;
      }
      this.#requests.shift();
      request.onMember(member);
    }
  }

  #warnOfWait(request: VuRequest): void {
    const waitedMs = this.port.nowMs() - request.sinceMs;
    if (waitedMs < (request.warnings + 1) * VU_WAIT_MS) return;
    request.warnings++;
    this.port.warn(`Could not get a VU from the buffer for ${VU_WAIT_MS}ms`);
    if (request.warnings === VU_WAITS_MAX) {
      this.fail(new Error(`could not get a VU from the buffer in ${VU_WAIT_MS * VU_WAITS_MAX}ms`));
    }
  }

  readonly #onIterationEnd = (member: Member, outcome: IterationOutcome): void => {
    assert(member.isRunning, 'an iteration ends once');
    member.isRunning = false;
    this.#runningVus--;
    if (outcome === 'complete') this.#completeIterations++;
    else this.#interruptedIterations++;
    this.#pacer.onIterationEnd(member);
  };

  #fraction(elapsedMs: number): number {
    if (this.#phase === 'waiting') return 0;
    const byTime = Math.min(1, Math.max(0, elapsedMs / this.window.regularMs));
    return this.#pacer.fraction?.() ?? byTime;
  }

  #cancelTimers(): void {
    for (const cancel of [...this.#timers]) cancel();
    this.#isPolling = false;
  }

  #checkDone(): void {
    if (this.#phase === 'done' || this.#phase === 'waiting') return;
    if (this.#members.size > 0 || this.#requests.length > 0 || this.#isBeginning) return;
    if (this.#phase === 'running' && !this.#pacer.endsWithLastVu) return;
    this.#phase = 'done';
    this.#endMs = this.port.nowMs();
    this.#cancelTimers();
    this.#reportDone();
  }

  #reportDone(): void {
    if (this.#phase !== 'done') return;
    const onDone = this.#onDone;
    this.#onDone = undefined;
    onDone?.(this.#error);
  }
}
