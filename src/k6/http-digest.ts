/** Digest access authentication (RFC 7616, and RFC 2069 for servers without qop). */
import { createHash, randomBytes } from 'node:crypto';
import type { Credentials } from './http-url.ts';

const ALGORITHMS: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};
const SESSION = /-sess$/i;
const PARAMETER = /([a-zA-Z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g;
const CLIENT_NONCE_BYTES = 8;
const FIRST_USE = '00000001';

/** A challenge that cannot be answered. */
export class DigestError extends Error {}

/** Parameters of a `WWW-Authenticate: Digest …` line; undefined if it is none. */
function parseChallenge(header: string): ReadonlyMap<string, string> | undefined {
  const start = /(?:^|,)\s*digest\s+/i.exec(header);
  if (start === null) return undefined;
  const parameters = new Map<string, string>();
  for (const match of header.slice(start.index + start[0].length).matchAll(PARAMETER)) {
    const [, name = '', quoted, bare] = match;
    const key = name.toLowerCase();
    if (!parameters.has(key)) {
      parameters.set(key, quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
    }
  }
  return parameters;
}

/**
 * The `Authorization` header that answers a challenge.
 *
 * @param target path and query of the request.
 * @throws DigestError for a challenge of another scheme, algorithm or quality of protection.
 */
export function answerChallenge(
  header: string,
  method: string,
  target: string,
  { username, password }: Credentials,
  clientNonce: string = randomBytes(CLIENT_NONCE_BYTES).toString('hex'),
): string {
  const challenge = parseChallenge(header);
  if (challenge === undefined) {
    throw new DigestError(
      `digest: bad challenge: got ${JSON.stringify(header)}, expected Digest …`,
    );
  }
  const given = (challenge.get('algorithm') ?? 'MD5').toUpperCase();
  const algorithm = ALGORITHMS[given.replace(SESSION, '')];
  if (algorithm === undefined) {
    const known = Object.keys(ALGORITHMS).join(', ');
    throw new DigestError(
      `digest: algorithm not implemented: got ${given}, expected one of ${known}`,
    );
  }
  const hash = (text: string): string => createHash(algorithm).update(text).digest('hex');
  const realm = challenge.get('realm') ?? '';
  const nonce = challenge.get('nonce') ?? '';
  const qop = challenge.get('qop');
  if (qop !== undefined && !qop.split(',').some((item) => item.trim() === 'auth')) {
    throw new DigestError(`digest: qop not implemented: got ${JSON.stringify(qop)}, expected auth`);
  }
  let secret = hash(`${username}:${realm}:${password}`);
  if (SESSION.test(given)) secret = hash(`${secret}:${nonce}:${clientNonce}`);
  const action = hash(`${method}:${target}`);
  const response =
    qop === undefined
      ? hash(`${secret}:${nonce}:${action}`)
      : hash(`${secret}:${nonce}:${FIRST_USE}:${clientNonce}:auth:${action}`);
  const parts = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(target)}`,
    `response="${response}"`,
  ];
  if (challenge.has('algorithm')) parts.push(`algorithm=${challenge.get('algorithm')}`);
  const opaque = challenge.get('opaque');
  if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
  if (qop !== undefined) parts.push('qop=auth', `nc=${FIRST_USE}`, `cnonce="${clientNonce}"`);
  else if (SESSION.test(given)) parts.push(`cnonce="${clientNonce}"`);
  return `Digest ${parts.join(', ')}`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
