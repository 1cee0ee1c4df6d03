/** Which ends of connections are errors, to those who count them. */
import { EndCause } from './api.ts';

/** Ends that the script, or the end of the test, asked for. */
const WANTED_CAUSES: ReadonlySet<string> = new Set([
  EndCause.localClose,
  EndCause.terminated,
  EndCause.dialAborted,
]);
/** Normal, going away, no code. */
const GOOD_CODES: ReadonlySet<string> = new Set(['1000', '1001', '1005']);

/** By the tags `cause` and `code` of `ws_sockets_closed`: an end that nobody asked for. */
export function isUnwantedEnd(cause: string, code: string): boolean {
  if (WANTED_CAUSES.has(cause)) return false;
  return cause !== EndCause.peerClose || !GOOD_CODES.has(code);
}
