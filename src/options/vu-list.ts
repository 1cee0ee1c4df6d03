/** A list of VUs: `1,5-7`. */
import { optionFault } from './kind.ts';

/**
 * Parses numbers and ranges, with commas between them. '' = all VUs.
 * @throws GharialError OPTION_INVALID
 */
export function parseVuList(text: string): (vuId: number) => boolean {
  if (text.trim() === '') return () => true;
  const ranges = text.split(',').map((part) => {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(first) > Number(last)) {
      throw optionFault(`${JSON.stringify(part)} is no VU number or range; expected e.g. 1,5-7`);
    }
    return { first: Number(first), last: Number(last) };
  });
  return (vuId) => ranges.some(({ first, last }) => first <= vuId && vuId <= last);
}
