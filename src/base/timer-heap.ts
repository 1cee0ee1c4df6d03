/**
 * All timers of one thread behind one `setTimeout`: a binary heap ordered by due time, then by
 * creation, so that timers of equal due time fire in the order they were set.
 *
 * Never fires early by the process clock (`nowMs`), usually up to 1 ms late.
 * Cost: O(log n) to set and to fire, O(1) to cancel (the entry is skipped when it surfaces).
 */
import { nowMs } from './clock.ts';

export interface HeapTimer {
  cancel(): void;
}

class Entry implements HeapTimer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly #heap: TimerHeap;
  onDue: (() => void) | undefined;

  constructor(heap: TimerHeap, dueMs: number, sequence: number, onDue: () => void) {
    this.#heap = heap;
    this.dueMs = dueMs;
    this.sequence = sequence;
    this.onDue = onDue;
  }

  cancel(): void {
    if (this.onDue === undefined) return;
    this.onDue = undefined;
    this.#heap.noteCancelled();
  }

  isBefore(other: Entry): boolean {
    return (
      this.dueMs < other.dueMs || (this.dueMs === other.dueMs && this.sequence < other.sequence)
    );
  }
}

/** Node's timers take 31 bits of ms; later due times are armed in steps. */
const ARM_MS_MAX = 2 ** 31 - 1;
/** Below this many cancelled entries the heap is not rebuilt. */
const COMPACT_COUNT_MIN = 1024;

export class TimerHeap {
  readonly #entries: Entry[] = [];
  #sequence = 0;
  #cancelledCount = 0;
  #armed: NodeJS.Timeout | undefined;
  #armedDueMs = Number.POSITIVE_INFINITY;
  #isFiring = false;

  /** Calls back once at or after `dueMs` (epoch ms of `nowMs`; the past and -Infinity = as soon as possible). */
  set(dueMs: number, onDue: () => void): HeapTimer {
    this.#sequence += 1;
    const entry = new Entry(this, dueMs, this.#sequence, onDue);
    this.#entries.push(entry);
    this.#siftUp(this.#entries.length - 1);
    if (!this.#isFiring && this.#entries[0] === entry) this.#arm();
    return entry;
  }

  /** Bookkeeping of Entry.cancel(). */
  noteCancelled(): void {
    this.#cancelledCount += 1;
    if (
      this.#cancelledCount >= COMPACT_COUNT_MIN &&
      this.#cancelledCount * 2 > this.#entries.length
    ) {
      this.#compact();
    }
    if (this.#cancelledCount === this.#entries.length && !this.#isFiring) {
      this.#entries.length = 0;
      this.#cancelledCount = 0;
      this.#disarm();
    }
  }

  #compact(): void {
    const live = this.#entries.filter((entry) => entry.onDue !== undefined);
    live.sort((a, b) => (a.isBefore(b) ? -1 : 1)); // a sorted array is a heap
    this.#entries.length = 0;
    for (const entry of live) this.#entries.push(entry);
    this.#cancelledCount = 0;
  }

  #disarm(): void {
    clearTimeout(this.#armed);
    this.#armed = undefined;
    this.#armedDueMs = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    let first = this.#entries[0];
    while (first !== undefined && first.onDue === undefined) {
      this.#pop();
      this.#cancelledCount -= 1;
      first = this.#entries[0];
    }
    if (first === undefined || first.dueMs >= this.#armedDueMs) return;
    this.#disarm();
    this.#armedDueMs = first.dueMs;
    const delayMs = Math.min(Math.max(Math.ceil(first.dueMs - nowMs()), 0), ARM_MS_MAX);
    this.#armed = setTimeout(() => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#armed = undefined;
    this.#armedDueMs = Number.POSITIVE_INFINITY;
    this.#isFiring = true;
    // Timers set by callbacks of this turn are due in a later turn at the earliest.
    const lastSequence = this.#sequence;
    const now = nowMs();
    const later: Entry[] = [];
    for (;;) {
      const first = this.#entries[0];
      if (first === undefined || first.dueMs > now) break;
      this.#pop();
      if (first.sequence > lastSequence) later.push(first);
      else this.#call(first);
    }
    for (const entry of later) {
      this.#entries.push(entry);
      this.#siftUp(this.#entries.length - 1);
    }
    this.#isFiring = false;
    this.#arm();
  }

  #call(entry: Entry): void {
    const onDue = entry.onDue;
    if (onDue === undefined) {
      this.#cancelledCount -= 1;
      return;
    }
    entry.onDue = undefined;
    onDue();
  }

  #pop(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    entries[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (this.#isLess(left, least)) least = left;
      if (this.#isLess(right, least)) least = right;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isLess(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #isLess(a: number, b: number): boolean {
    const first = this.#entries[a];
    const second = this.#entries[b];
    return first !== undefined && second !== undefined && first.isBefore(second);
  }

  #swap(a: number, b: number): void {
    const first = this.#entries[a];
    const second = this.#entries[b];
    if (first === undefined || second === undefined) return;
    this.#entries[a] = second;
    this.#entries[b] = first;
  }
}
