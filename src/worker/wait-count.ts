/** What running VUs wait for, added up for those who look on. */
import { NO_WAITS, type Waits } from '../bridge/run-counters.ts';
import type { WaitKind } from '../vu/virtual-user.ts';

const NAMES: Readonly<Record<WaitKind, Exclude<keyof Waits, 'vus'>>> = {
  socket: 'sockets',
  interval: 'intervals',
  timeout: 'timeouts',
  request: 'requests',
  sleep: 'sleeps',
  other: 'others',
};

/** A VU, as far as it is counted. */
export interface WaitingVu {
  readonly isRunning: boolean;
  readonly waitsFor: readonly WaitKind[];
}

/** VUs that do not run do not count. */
export function countWaits(vus: readonly WaitingVu[]): Waits {
  const running = vus.filter(({ isRunning }) => isRunning);
  if (running.length === 0) return NO_WAITS;
  const sums = { ...NO_WAITS, vus: running.length };
  for (const { waitsFor } of running) {
    for (const kind of waitsFor) sums[NAMES[kind]]++;
  }
  return sums;
}
