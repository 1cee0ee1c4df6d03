/** The tags samples get by themselves, and which of them are on unless the user says otherwise. */

export const DEFAULT_SYSTEM_TAGS: readonly string[] = [
  'check',
  'error',
  'error_code',
  'expected_response',
  'group',
  'method',
  'name',
  'proto',
  'scenario',
  'service',
  'status',
  'subproto',
  'tls_version',
  'url',
];

/** All there are; `iter` and `vu` are metadata of samples rather than tags. */
export const SYSTEM_TAGS: readonly string[] = [
  ...DEFAULT_SYSTEM_TAGS,
  'iter',
  'vu',
  'ocsp_status',
  'ip',
];

/** Those of these names that are system tags. */
export function knownSystemTags(names: readonly string[]): readonly string[] {
  return SYSTEM_TAGS.filter((tag) => names.includes(tag));
}
