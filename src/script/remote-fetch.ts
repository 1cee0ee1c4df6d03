/** Gets the text of remote modules over the network: the one place of this room that does. */

import { VERSION } from '../base/version.ts';

/** An answer as the server gave it: redirects are not followed. */
export interface RemoteAnswer {
  readonly status: number;
  /** The `Location` header, if there is one. */
  readonly location: string | undefined;
  readonly body: Uint8Array;
}

/** Gets a URL; rejects if there is no answer. */
export type FetchRemote = (url: string) => Promise<RemoteAnswer>;

const TIMEOUT_MS = 60_000;

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];

/** The part of an environment that `createRemoteFetch` reads. */
export function proxyVariables(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const names = PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()]);
  return Object.fromEntries(names.flatMap((name) => [[name, env[name] ?? '']]));
}

/**
 * Fetches through the proxy that the environment names (HTTPS_PROXY, NO_PROXY; HTTP_PROXY for `http:`,
 * in capitals or not), if it names one.
 */
export function createRemoteFetch(env: Readonly<Record<string, string | undefined>>): FetchRemote {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  return async (url) => {
    // Loaded here: most scripts have no remote module to fetch.
    const { EnvHttpProxyAgent, request } = await import('undici');
    const dispatcher = new EnvHttpProxyAgent({
      httpProxy: read('HTTP_PROXY'),
      httpsProxy: read('HTTPS_PROXY'),
      noProxy: read('NO_PROXY'),
    });
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        signal,
        headers: { 'user-agent': `gharial/${VERSION}` },
      });
      const { location } = headers;
      return {
        status: statusCode,
        location: typeof location === 'string' ? location : undefined,
        body: new Uint8Array(await body.arrayBuffer()),
      };
    } finally {
      await dispatcher.destroy();
    }
  };
}
