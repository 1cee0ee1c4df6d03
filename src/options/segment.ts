/**
 * Execution segments: which part of a test this process runs. A segment is an interval (from, to] of
 * exact fractions; a sequence names all the parts, so that every instance splits work the same way.
 */
import { GharialError } from '../base/errors.ts';

/** An exact number: numerator / denominator, in lowest terms. */
export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

export interface Segment {
  readonly from: Fraction;
  readonly to: Fraction;
}

const ZERO: Fraction = { numerator: 0, denominator: 1 };
const ONE: Fraction = { numerator: 1, denominator: 1 };
export const WHOLE_SEGMENT: Segment = { from: ZERO, to: ONE };

/**
 * Parses `from:to` or `to` (from 0); each a fraction `1/3`, a decimal or a percentage `10%`.
 * @throws GharialError SEGMENT_INVALID
 */
export function parseSegment(text: string): Segment {
  const [first = '', second] = text.split(':', 2);
  return second === undefined
    ? createSegment(ZERO, parseFraction(first, text))
    : createSegment(parseFraction(first, text), parseFraction(second, text));
}

/**
 * Parses ordered points `p0,p1,…`; gaps to 0 and 1 are filled.
 * @throws GharialError SEGMENT_INVALID
 */
export function parseSegmentSequence(text: string): readonly Segment[] {
  const points = text.split(',').map((point) => parseFraction(point, point));
  if (points.length < 2) {
    throw failure(
      `at least 2 points are needed for an execution segment sequence, ${points.length} given`,
    );
  }
  const segments: Segment[] = [];
  for (let i = 1; i < points.length; i++) {
    segments.push(createSegment(points[i - 1] ?? ZERO, points[i] ?? ONE));
  }
  return fillSequence(segments);
}

/** Adds what is missing before the first and after the last segment. */
export function fillSequence(segments: readonly Segment[]): readonly Segment[] {
  const from = segments[0]?.from ?? ZERO;
  const to = segments.at(-1)?.to ?? ZERO;
  return [
    ...(compare(from, ZERO) > 0 ? [{ from: ZERO, to: from }] : []),
    ...segments,
    ...(compare(to, ONE) < 0 ? [{ from: to, to: ONE }] : []),
  ];
}

/** @throws GharialError SEGMENT_INVALID if `from` is not below `to` or a point is not in [0, 1]. */
export function createSegment(from: Fraction, to: Fraction): Segment {
  if (compare(from, ZERO) < 0) {
    throw failure(`segment start value can't be less than 0 but was ${toFixed(from)}`);
  }
  if (compare(from, to) >= 0) {
    throw failure(`segment start(${toFixed(from)}) must be less than its end(${toFixed(to)})`);
  }
  if (compare(to, ONE) > 0) {
    throw failure(`segment end value can't be more than 1 but was ${toFixed(to)}`);
  }
  return { from, to };
}

export function formatSegment(segment: Segment): string {
  return `${formatFraction(segment.from)}:${formatFraction(segment.to)}`;
}

export function formatSegmentSequence(segments: readonly Segment[]): string {
  const points = segments.map((segment) => formatFraction(segment.to));
  return [formatFraction(segments[0]?.from ?? ZERO), ...points].join(',');
}

export function isSameSegment(a: Segment, b: Segment): boolean {
  return compare(a.from, b.from) === 0 && compare(a.to, b.to) === 0;
}

/** How much of the whole a segment is. */
export function segmentLength(segment: Segment): Fraction {
  return createFraction(
    segment.to.numerator * segment.from.denominator -
      segment.from.numerator * segment.to.denominator,
    segment.to.denominator * segment.from.denominator,
  );
}

export function createFraction(numerator: number, denominator: number): Fraction {
  const divisor = greatestCommonDivisor(Math.abs(numerator), denominator);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

export function greatestCommonDivisor(a: number, b: number): number {
  let x = a;
  let y = b;
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Negative if a < b, 0 if equal, positive if a > b. */
function compare(a: Fraction, b: Fraction): number {
  return a.numerator * b.denominator - b.numerator * a.denominator;
}

function formatFraction(value: Fraction): string {
  return value.denominator === 1
    ? String(value.numerator)
    : `${value.numerator}/${value.denominator}`;
}

function toFixed(value: Fraction): string {
  return (value.numerator / value.denominator).toFixed(2);
}

function parseFraction(text: string, whole: string): Fraction {
  const percentage = /^([+-]?\d{1,9})%$/.exec(text);
  if (percentage !== null) return createFraction(Number(percentage[1]), 100);
  const ratio = /^([+-]?\d{1,7})\/(\d{1,7})$/.exec(text);
  if (ratio !== null && Number(ratio[2]) > 0) {
    return createFraction(Number(ratio[1]), Number(ratio[2]));
  }
  const decimal = /^([+-]?\d{0,7})(?:\.(\d{0,7}))?$/.exec(text);
  if (decimal !== null && /\d/.test(text)) {
    const digits = decimal[2] ?? '';
    return createFraction(Number(`${decimal[1] ?? ''}${digits}`), 10 ** digits.length);
  }
  throw failure(`'${whole}' is not a valid percentage, decimal, fraction or interval value`);
}

function failure(message: string): GharialError {
  return new GharialError('SEGMENT_INVALID', message);
}
