/** Which answers count as expected: `http.expectedStatuses`, `http.setResponseCallback`. */
import { NativeError } from './script-error.ts';

interface StatusRange {
  readonly min: number;
  readonly max: number;
}

/** Statuses that are no failure. Opaque to scripts. */
export class ExpectedStatuses {
  readonly #ranges: readonly StatusRange[];

  constructor(ranges: readonly StatusRange[]) {
    this.#ranges = ranges;
  }

  has(status: number): boolean {
    return this.#ranges.some(({ min, max }) => status >= min && status <= max);
  }
}

/** What holds unless a script says otherwise: 200 to 399. */
export const DEFAULT_STATUSES = new ExpectedStatuses([{ min: 200, max: 399 }]);
/** The first answer to a request with digest authentication is the challenge. */
export const CHALLENGE_STATUSES = new ExpectedStatuses([{ min: 401, max: 401 }]);

/**
 * `http.expectedStatuses(200, { min: 300, max: 399 }, …)`.
 *
 * @throws NativeError for an argument that is neither an integer nor a range of integers.
 */
export function expectedStatuses(...args: readonly unknown[]): ExpectedStatuses {
  if (args.length === 0) throw new NativeError('no arguments');
  return new ExpectedStatuses(
    args.map((argument, index) => {
      const range = rangeOf(argument);
      if (range !== undefined) return range;
      throw new NativeError(
        `argument number ${index + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`,
      );
    }),
  );
}

function rangeOf(argument: unknown): StatusRange | undefined {
  if (isInteger(argument)) return { min: argument, max: argument };
  if (typeof argument !== 'object' || argument === null) return undefined;
  const min: unknown = Reflect.get(argument, 'min');
  const max: unknown = Reflect.get(argument, 'max');
  return isInteger(min) && isInteger(max) ? { min, max } : undefined;
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
