/** Tags that scripts pass to `check`, `metric.add` and the socket constructors. */
import type { TagSet } from '../metrics/tag-set.ts';

/** True for the value types that may become a tag. */
export function isTagValue(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** k6's text for a tag value of another type. */
export function tagValueMessage(key: string): string {
  return `invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`;
}

/** Tags that a script may add in one call, or to its VU; a text given by mistake has one for each character. */
export const SCRIPT_TAGS_MAX = 256;

/** What is said about more tags than that. */
export function tooManyTagsMessage(count: number): string {
  return `got ${count} metric tags, at most ${SCRIPT_TAGS_MAX} are accepted`;
}

/**
 * Adds the own enumerable properties of `tags` to `base`; null and undefined add nothing.
 *
 * @throws Error with k6's text for a value that is not a string, number or boolean, and for more than
 * `SCRIPT_TAGS_MAX` tags; callers wrap it.
 */
export function withScriptTags(base: TagSet, tags: unknown): TagSet {
  if (tags === undefined || tags === null) return base;
  const entries = Object.entries(tags);
  if (entries.length > SCRIPT_TAGS_MAX) {
    throw new Error(tooManyTagsMessage(entries.length));
  }
  let result = base;
  for (const [key, value] of entries) {
    if (!isTagValue(value)) throw new Error(tagValueMessage(key));
    result = result.with(key, String(value));
  }
  return result;
}
