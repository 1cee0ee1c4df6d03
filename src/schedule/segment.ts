/**
 * Splitting work among instances (execution segments) and, inside an instance, among worker threads.
 *
 * Work is numbered 0, 1, 2 …; a division deals the numbers out in a repeating pattern, so each part
 * knows its own without talking to the others, and the parts always add up to the whole.
 */
import { assert } from '../base/assert.ts';
import { GharialError } from '../base/errors.ts';
import {
  fillSequence,
  greatestCommonDivisor,
  isSameSegment,
  type Segment,
  segmentLength,
  WHOLE_SEGMENT,
} from '../options/segment.ts';

/** The numbers whose remainder modulo `period` is one of `offsets` (ascending). */
export interface Stripe {
  readonly period: number;
  readonly offsets: readonly number[];
}

/** All parts of a whole, and which of them is ours. */
export interface Division {
  readonly stripes: readonly Stripe[];
  readonly index: number;
}

/** Our part: of all instances, and of the threads of this instance. */
export interface Share {
  readonly instance: Division;
  /** Undefined: the instance as a whole. */
  readonly worker: Division | undefined;
}

/** Patterns longer than this would take memory for nothing anyone needs. */
const PERIOD_MAX = 10_000_000;

/** Everything there is. */
export const WHOLE_DIVISION: Division = { stripes: [{ period: 1, offsets: [0] }], index: 0 };
export const WHOLE_SHARE: Share = { instance: WHOLE_DIVISION, worker: undefined };

/**
 * The division an execution segment stands for. Without a sequence the rest of the test is at most
 * two other segments, before and after.
 */
export function divideBySegments(
  segment: Segment | undefined,
  sequence: readonly Segment[] | undefined,
): Division {
  const own = segment ?? WHOLE_SEGMENT;
  const segments = fillSequence(sequence ?? [own]);
  const lengths = segments.map(segmentLength);
  const common = lengths.reduce((lcm, { denominator }) => {
    return (lcm / greatestCommonDivisor(lcm, denominator)) * denominator;
  }, 1);
  const index = segments.findIndex((member) => isSameSegment(member, own));
  assert(index >= 0, 'the segment is a member of its sequence');
  return {
    stripes: dealOut(
      lengths.map(({ numerator, denominator }) => numerator * (common / denominator)),
    ),
    index,
  };
}

/** `count` equal parts; part `index` gets index, index + count, index + 2·count … */
export function divideEvenly(count: number, index: number): Division {
  return {
    stripes: Array.from({ length: count }, (_, i) => ({ period: count, offsets: [i] })),
    index,
  };
}

/** How many of the first `value` numbers are ours. */
export function scale(value: number, share: Share): number {
  const ofInstance = scaleDivision(value, share.instance);
  return share.worker === undefined ? ofInstance : scaleDivision(ofInstance, share.worker);
}

/** Our `n`-th number (from 0). Cost: two divisions per level. */
export function numberAt(n: number, share: Share): number {
  const inInstance = share.worker === undefined ? n : stripeAt(n, share.worker);
  return stripeAt(inInstance, share.instance);
}

/**
 * The share in work that belongs to VUs: parts weigh as many VUs as they have of `vus`, so that
 * iterations are proportional to the VUs that run them. Undefined if our part has no VU.
 */
export function shareByVus(vus: number, share: Share): Share | undefined {
  const instance = weighDivision(vus, share.instance);
  if (instance === undefined) return undefined;
  if (share.worker === undefined) return { instance, worker: undefined };
  const worker = weighDivision(scaleDivision(vus, share.instance), share.worker);
  return worker === undefined ? undefined : { instance, worker };
}

function ownStripe({ stripes, index }: Division): Stripe {
  const stripe = stripes[index];
  assert(stripe !== undefined, 'a division has its own part');
  return stripe;
}

function scaleDivision(value: number, division: Division): number {
  return scaleStripe(value, ownStripe(division));
}

function scaleStripe(value: number, { period, offsets }: Stripe): number {
  const rest = value % period;
  return Math.floor(value / period) * offsets.length + lowerBound(offsets, rest);
}

function stripeAt(n: number, division: Division): number {
  const { period, offsets } = ownStripe(division);
  const offset = offsets[n % offsets.length];
  assert(offset !== undefined, 'a part with numbers has offsets');
  return Math.floor(n / offsets.length) * period + offset;
}

function weighDivision(vus: number, { stripes, index }: Division): Division | undefined {
  const counts = stripes.map((stripe) => scaleStripe(vus, stripe));
  if ((counts[index] ?? 0) === 0) return undefined;
  return {
    stripes: dealOut(counts.filter((count) => count > 0)),
    index: counts.slice(0, index).filter((count) => count > 0).length,
  };
}

/**
 * Deals numbers to parts by their weights: each number goes to the first part, heaviest first, that
 * is not ahead of its due (k6's striping, so that instances of both tools can share a test).
 */
function dealOut(weights: readonly number[]): readonly Stripe[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  const shares = weights.map((weight) => weight / divisor);
  const period = shares.reduce((sum, weight) => sum + weight, 0);
  if (period > PERIOD_MAX) {
    throw new GharialError(
      'SEGMENT_INVALID',
      `execution segments: their common denominator is ${period}; expected at most ${PERIOD_MAX}`,
    );
  }
  const order = shares.map((_, i) => i).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  const offsets = shares.map((): number[] => []);
  for (let number = 0; number < period; number++) {
    const taker = order.find(
      (i) => number * (shares[i] ?? 0) >= (offsets[i]?.length ?? 0) * period,
    );
    assert(taker !== undefined, 'some part is always due');
    offsets[taker]?.push(number);
  }
  return offsets.map((taken) => ({ period, offsets: taken }));
}

/** Number of items below `limit` in an ascending list. */
function lowerBound(items: readonly number[], limit: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
