/**
 * How wide text is on a terminal: wide characters take two columns, marks and colours none.
 *
 * Terminals differ on some emoji; who must not wrap turns wrapping off as well (see `live-block.ts`).
 */
import measure from 'fast-string-truncated-width';

const RESET = '\u001b[0m';

/** Columns of one line of text; SGR sequences take none. */
export function widthOf(text: string): number {
  return measure(text).width;
}

/** The text, or as much of it as fits with an ellipsis. What was coloured ends uncoloured. */
export function fitTo(text: string, columns: number, ellipsis = '…'): string {
  if (columns <= 0) return '';
  const { truncated, ellipsed, index } = measure(text, { limit: columns, ellipsis });
  if (!truncated) return text;
  const kept = text.slice(0, index);
  const reset = kept.includes('\u001b[') ? RESET : '';
  return `${kept}${reset}${ellipsed ? ellipsis : ''}`;
}

/** Blanks behind it up to that width. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}
