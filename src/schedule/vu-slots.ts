/**
 * Numbered places for looping VUs that are switched on and off one by one. A place switched off lets
 * its VU finish the iteration until a limit (Infinity: none); switched on again before that, the same VU goes on.
 */
import type { Member, ScenarioRun } from './scenario-run.ts';

interface Slot {
  isOn: boolean;
  member: Member | undefined;
  /** Takes back the request for a VU that has not come yet. */
  cancelRequest: (() => void) | undefined;
  /** Takes back the pending hard stop. */
  cancelHardStop: (() => void) | undefined;
}

export class VuSlots {
  readonly #run: ScenarioRun;
  readonly #slots: Slot[] = [];
  #onCount = 0;

  constructor(run: ScenarioRun) {
    this.#run = run;
  }

  /** Places switched on: always the lowest ones. */
  get onCount(): number {
    return this.#onCount;
  }

  /** Switches places on or off until `count` are on; last on is first off. */
  setCount(count: number, hardStopMs: number): void {
    while (this.#onCount < count) this.#switchOn(this.#onCount++);
    while (this.#onCount > count) this.#switchOff(--this.#onCount, hardStopMs);
  }

  /** What a pacer's `onReady` does with the VU of a place. */
  onReady(member: Member): void {
    const slot = this.#slotAt(member.slot);
    if (slot.isOn && this.#run.isOpen) {
      this.#run.iterate(member);
      return;
    }
    slot.member = undefined;
    slot.cancelHardStop?.();
    slot.cancelHardStop = undefined;
    this.#run.release(member);
  }

  #switchOn(index: number): void {
    const slot = this.#slotAt(index);
    slot.isOn = true;
    slot.cancelHardStop?.();
    slot.cancelHardStop = undefined;
    if (slot.member !== undefined) return;
    slot.cancelRequest = this.#run.request((member) => {
      slot.cancelRequest = undefined;
      slot.member = member;
      member.slot = index;
      this.#run.ready(member);
    });
  }

  #switchOff(index: number, hardStopMs: number): void {
    const slot = this.#slotAt(index);
    slot.isOn = false;
    slot.cancelRequest?.();
    slot.cancelRequest = undefined;
    const { member } = slot;
    if (member === undefined || hardStopMs === Number.POSITIVE_INFINITY) return;
    if (hardStopMs <= this.#run.port.nowMs()) this.#run.interrupt(member);
    else slot.cancelHardStop = this.#run.schedule(hardStopMs, () => this.#run.interrupt(member));
  }

  #slotAt(index: number): Slot {
    let slot = this.#slots[index];
    if (slot === undefined) {
      slot = {
        isOn: false,
        member: undefined,
        cancelRequest: undefined,
        cancelHardStop: undefined,
      };
      this.#slots[index] = slot;
    }
    return slot;
  }
}
