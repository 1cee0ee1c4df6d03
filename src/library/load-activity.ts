/** What loading a script waits for, for those who look on: the bundler, or modules that are fetched. */
import { basename } from 'node:path';
import type { FetchRemote } from '../script/remote-fetch.ts';

export class LoadActivity {
  readonly #script: string;
  readonly #fetching = new Set<string>();
  #fetched = 0;

  constructor(script: string) {
    this.#script = script;
  }

  /** The same, with an eye on what is under way. */
  watch(fetch: FetchRemote): FetchRemote {
    return async (url) => {
      this.#fetching.add(url);
      try {
        return await fetch(url);
      } finally {
        this.#fetching.delete(url);
        this.#fetched += 1;
      }
    };
  }

  /** `fetching https://… (3 modules done, 1 more under way)`, else `bundling chat.ts`. */
  get text(): string {
    const [first] = this.#fetching;
    if (first === undefined) return `bundling ${basename(this.#script)}`;
    const others = this.#fetching.size - 1;
    const notes = [
      ...(this.#fetched > 0 ? [`${this.#fetched} done`] : []),
      ...(others > 0 ? [`${others} more under way`] : []),
    ];
    return `fetching ${first}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
  }
}
