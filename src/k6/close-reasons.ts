/**
 * Close reasons as values of a tag. A peer chooses the words, and may choose others for every connection, or
 * such as a terminal obeys: what is kept is short, printable and of few kinds.
 */
const REASON_CHARS_MAX = 80;
/** Per thread. Beyond, a reason that was not seen before is `other`. */
const REASONS_MAX = 100;
const OTHER = 'other';

/** Control characters, line breaks, and what turns the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const seen = new Set<string>();

/** Cost: a look-up; the replacement only for reasons that are new. */
export function reasonTag(reason: string): string {
  if (seen.has(reason)) return reason;
  const kept = reason.slice(0, REASON_CHARS_MAX).toWellFormed().replaceAll(UNPRINTABLE, '\ufffd');
  if (seen.has(kept)) return kept;
  if (seen.size >= REASONS_MAX) return OTHER;
  seen.add(kept);
  return kept;
}
