/** The module `k6/secrets`: values from the sources of `--secret-source`. */
import type { ScriptModule, VuHost } from './host.ts';

/** `k6/secrets` bound to one VU. */
export function createSecretsModule(host: VuHost): ScriptModule {
  // The values are here already, so the promises are settled when the script gets them.
  const getFrom = async (sourceName: string | undefined, key: unknown): Promise<string> =>
    host.secrets.read(sourceName, String(key));
  const named = {
    get: (key?: unknown): Promise<string> => getFrom(undefined, key),
    source: (name?: unknown): object => {
      const sourceName = String(name);
      host.secrets.assertSource(sourceName);
      return { get: (key?: unknown): Promise<string> => getFrom(sourceName, key) };
    },
  };
  return { named, default: named };
}
