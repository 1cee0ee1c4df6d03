/**
 * What lets somebody else in, blanked by its place in a URL or its name, for texts that are shown: the
 * log, tags of samples, `--ws-debug`.
 */

export const REDACTED = '[redacted]';

/** Names of query parameters and of headers with such a part are secrets; so are a few whole names. */
const SECRET_PART = /token|secret|passw|pwd|api[-_]?key|auth|cookie|session|signature|credential/i;
const SECRET_PARAMETER = /^(?:key|sig|jwt)$/i;
/** A challenge, of use to nobody else. */
const CHALLENGE = /^(?:www|proxy)-authenticate$/i;

/** True for a header whose value lets somebody else in, as far as its name says. */
export function isSecretHeader(name: string): boolean {
  return SECRET_PART.test(name) && !CHALLENGE.test(name);
}

const USER_INFO = /((?:^|:)\/\/)([^\s/?#:]*)(:[^\s/?#]*)?@/g;

/** `ws://user:password@host/` becomes `ws://****:****@host/`. Any text; nothing else is changed. */
export function withoutUserInfo(text: string): string {
  return text.replace(
    USER_INFO,
    (_all, start: string, user: string, password: string | undefined) =>
      `${start}${user === '' ? '' : '****'}${password === undefined ? '' : ':****'}@`,
  );
}

/** `?token=abc&room=1` becomes `?token=[redacted]&room=1`. Any text; nothing else is changed. */
export function withoutSecretParameters(text: string): string {
  return text.replace(
    /([?&#])([^&#\s'"]+)/g,
    (_all, mark: string, pairs: string) => mark + withoutSecretValue(pairs),
  );
}

/** `room=1;token=abc`: what follows the first secret name may be a part of its value. */
function withoutSecretValue(pairs: string): string {
  for (const match of pairs.matchAll(/(?:^|[;?])([^=;?]+)=(?=.)/g)) {
    const name = decoded(match[1] ?? '');
    if (!SECRET_PART.test(name) && !SECRET_PARAMETER.test(name)) continue;
    return pairs.slice(0, match.index + match[0].length) + REDACTED;
  }
  return pairs;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
