/**
 * The global `fetch` and its classes: undici's, over the connections, cookies and metrics that the VU's
 * HTTP requests have. https://fetch.spec.whatwg.org/
 */
import type { Dispatcher } from 'undici';
import type { TagSet } from '../metrics/tag-set.ts';
import type { AbortSignal } from './abort-signal.ts';
import { FetchCall } from './fetch-call.ts';
import { createFetchClasses, withCause } from './fetch-classes.ts';
import type { VuHost } from './host.ts';
import { undici } from './http-dial.ts';
import { withUrlName } from './http-metrics.ts';
import { httpSessionOf, requireVu } from './http-session.ts';
import { HttpUrl } from './http-url.ts';
import { withScriptTags } from './sample-tags.ts';
import { NativeError } from './script-error.ts';

/** The globals of one VU. */
export interface FetchGlobals {
  readonly fetch: unknown;
  readonly Headers: unknown;
  readonly Request: unknown;
  readonly Response: unknown;
  readonly FormData: unknown;
}

/**
 * Makes them; loads undici, which takes some 70 ms the first time.
 *
 * `fetch` takes, beyond the standard, addresses of `http.url` and `tags` in its second argument. It rejects
 * with TypeError for what cannot be requested or gets no answer, with the signal's reason when aborted.
 */
export function createFetchGlobals(host: VuHost): FetchGlobals {
  const session = httpSessionOf(host);
  const { adopt, signalOf, ...classes } = createFetchClasses(host);
  function fetch(input?: unknown, init?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      requireVu(host);
      const tags = tagsOf(host, input, init);
      const request = new classes.Request(input, init);
      const canceler = new AbortController();
      const unfollow = follow(signalOf(request), canceler);
      const call = new FetchCall(
        {
          session,
          tags,
          sendsCookies: request.credentials !== 'omit',
          namesUserAgent: request.headers.has('user-agent'),
        },
        unfollow,
      );
      undici()
        .fetch(request, {
          dispatcher: call as unknown as Dispatcher, // all that is called is there
          signal: canceler.signal,
        })
        .then(
          (response) => call.settle(() => resolve(adopt(response))),
          (error: unknown) => call.settle(() => reject(withCause(error))),
        );
    });
  }
  return { fetch, ...classes };
}

/** Passes an abort of the script's signal on. Returns what ends that. */
function follow(signal: AbortSignal | undefined, canceler: AbortController): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) canceler.abort(signal.reason);
  const onAbort = (): void => canceler.abort(signal.reason);
  signal.addEventListener('abort', onAbort);
  return () => signal.removeEventListener('abort', onAbort);
}

function tagsOf(host: VuHost, input: unknown, init: unknown): TagSet {
  const own = typeof init === 'object' && init !== null ? Reflect.get(init, 'tags') : undefined;
  let tags: TagSet;
  try {
    tags = withScriptTags(host.tags, own);
  } catch (error) {
    throw new NativeError(
      `invalid fetch() metric tags: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const isNamed = input instanceof HttpUrl && input.name !== input.url;
  return isNamed ? withUrlName(host, tags, input.name) : tags;
}
