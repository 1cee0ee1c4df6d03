/** What a run does or waits for, in words, when it is not simply running. */
import type { Waits } from '../bridge/run-counters.ts';
import type { RunStatus } from '../engine/run-contract.ts';
import type { StartStatus } from './progress.ts';

const KINDS: readonly [name: Exclude<keyof Waits, 'vus'>, one: string, many: string][] = [
  ['sockets', 'socket', 'sockets'],
  ['intervals', 'interval', 'intervals'],
  ['timeouts', 'timeout', 'timeouts'],
  ['requests', 'HTTP request', 'HTTP requests'],
  ['sleeps', 'sleep', 'sleeps'],
  ['others', 'other operation', 'other operations'],
];

/** The first line of the block as long as the test gets ready; undefined from the start on. */
export function stageStatus(status: RunStatus): StartStatus | undefined {
  const { stage, activity, vusInitialized, vusPlanned } = status;
  const starting = (label: string, fraction: number, words: string): StartStatus => ({
    kind: 'starting',
    label,
    fraction,
    activity: words,
  });
  switch (stage) {
    case 'loading':
    case 'inspecting':
    case 'opening':
      return starting('Init', 0, activity === '' ? 'starting' : `starting ${activity}`);
    case 'init': {
      const fraction = vusPlanned === 0 ? 1 : vusInitialized / vusPlanned;
      return starting('Init', fraction, `${vusInitialized}/${vusPlanned} VUs initialized`);
    }
    case 'paused':
      return starting('Init', 1, 'paused');
    case 'setup':
      return starting('Run', 1, 'setup()');
    default:
      return undefined;
  }
}

/** A line for what there is to wait for; undefined while nothing is. */
export function activityText({ stage, activity, waits }: RunStatus): string | undefined {
  switch (stage) {
    case 'loading':
      return `Load  ${activity}`;
    case 'inspecting':
      return 'Load  running the init code';
    case 'teardown':
      return joined('teardown()', waitsText(waits));
    case 'closing':
      return activity === '' ? undefined : `handing over what is left to ${activity}`;
    case 'summary':
      return joined('handleSummary()', waitsText(waits));
    default:
      return waitsText(waits);
  }
}

function joined(what: string, waits: string | undefined): string {
  return waits === undefined ? what : `${what}: ${waits}`;
}

/** `3 sockets and 1 interval keep 2 VUs busy`; undefined if no VU is waited for. */
function waitsText(waits: Waits): string | undefined {
  const { vus } = waits;
  if (vus === 0) return undefined;
  const busy = `${vus} VU${vus === 1 ? '' : 's'} busy`;
  const parts = KINDS.flatMap(([name, one, many]) => {
    const count = waits[name];
    return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
  });
  const [only] = parts;
  // Between two events, or in a loop that never pauses.
  if (only === undefined) return `running code keeps ${busy}`;
  const total = KINDS.reduce((sum, [name]) => sum + waits[name], 0);
  return `${toList(parts)} ${total === 1 ? 'keeps' : 'keep'} ${busy}`;
}

/** `a`, `a and b`, `a, b and c`. */
function toList(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
