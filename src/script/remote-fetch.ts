/** Gets the text of remote modules over the network: the one place of this room that does. */

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

export const fetchRemote: FetchRemote = async (url) => {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return {
    status: response.status,
    location: response.headers.get('location') ?? undefined,
    body: new Uint8Array(await response.arrayBuffer()),
  };
};
