/**
 * Times of samples as text. A sample's time is epoch ms with a fraction; a double holds microseconds of
 * it, no more, so finer digits are zeros.
 */

/** Epoch ms to whole epoch microseconds. */
export function toMicroseconds(timeMs: number): number {
  return Math.round(timeMs * 1000);
}

/** Epoch nanoseconds as digits; a number could not hold them. */
export function nanosecondText(timeMs: number): string {
  return `${toMicroseconds(timeMs)}000`;
}

/**
 * Makes a writer of RFC 3339 in UTC with as many decimals as needed. The text up to
 * the second is kept, since samples come in order, more or less.
 */
export function timeFormatter(): (timeMs: number) => string {
  let keptSecond = Number.NaN;
  let keptText = '';
  return (timeMs) => {
    const micros = toMicroseconds(timeMs);
    const second = Math.floor(micros / 1e6);
    if (second !== keptSecond) {
      keptSecond = second;
      keptText = new Date(second * 1000).toISOString().slice(0, 19);
    }
    const fraction = micros - second * 1e6;
    if (fraction === 0) return `${keptText}Z`;
    const digits = String(fraction + 1e6).slice(1);
    return `${keptText}.${digits.replace(/0+$/, '')}Z`;
  };
}
