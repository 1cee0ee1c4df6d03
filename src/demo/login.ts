/**
 * The demo's way in: users log in over HTTP, get a session cookie, and with it into the private rooms.
 * Everybody may be a user; the password is the same for all and no secret.
 */
import { createHmac, randomBytes } from 'node:crypto';

export const DEMO_PASSWORD = 'crocodile';
/** What signs the query of a signed handshake. */
export const DEMO_SIGNING_KEY = 'gharial-demo-key';
export const SESSION_COOKIE = 'session';

/** The oldest are forgotten first. */
const SESSIONS_MAX = 100_000;

export class Sessions {
  readonly #users = new Map<string, string>();

  /** The id of a new session, or undefined for a wrong user or password. */
  open(user: unknown, password: unknown): string | undefined {
    if (typeof user !== 'string' || user === '' || password !== DEMO_PASSWORD) return undefined;
    const [oldest] = this.#users.keys();
    if (oldest !== undefined && this.#users.size >= SESSIONS_MAX) this.#users.delete(oldest);
    const id = randomBytes(16).toString('hex');
    this.#users.set(id, user);
    return id;
  }

  /** Who sends this `Cookie` header. */
  userOf(cookieHeader: string | undefined): string | undefined {
    for (const pair of (cookieHeader ?? '').split(';')) {
      const [name, value = ''] = pair.trim().split('=');
      const user = name === SESSION_COOKIE ? this.#users.get(value) : undefined;
      if (user !== undefined) return user;
    }
    return undefined;
  }
}

/** Whether `signature` is the hexadecimal HMAC-SHA256 of `<user>:<time>`. */
export function isSigned(query: URLSearchParams): boolean {
  const text = `${query.get('user')}:${query.get('time')}`;
  const expected = createHmac('sha256', DEMO_SIGNING_KEY).update(text).digest('hex');
  return query.get('signature') === expected;
}

/** User and password of a login request: JSON, or the fields of a form. Empty for anything else. */
export function readCredentials(
  body: string,
  contentType: string,
): { readonly user?: unknown; readonly password?: unknown } {
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  try {
    return Object(JSON.parse(body));
  } catch {
    return {};
  }
}
