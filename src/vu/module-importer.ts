/** Binds built-in modules to a VU, each at its first import. */

import { ExitCode, GharialError } from '../base/errors.ts';
import { createCoreModule, type RandomSource } from '../k6/core.ts';
import { createCryptoModule } from '../k6/crypto.ts';
import { createCsvModule } from '../k6/csv.ts';
import { createDataModule } from '../k6/data.ts';
import { createEncodingModule } from '../k6/encoding.ts';
import { createExecutionModule } from '../k6/execution.ts';
import { createFsModule } from '../k6/fs.ts';
import type { ScriptModule, VuHost } from '../k6/host.ts';
import { createHtmlModule } from '../k6/html.ts';
import { createHttpModule } from '../k6/http.ts';
import { createMetricsModule } from '../k6/metrics.ts';
import { createSecretsModule } from '../k6/secrets.ts';
import { createStreamsModule } from '../k6/streams.ts';
import { createTimersModule, type TimerFunctions } from '../k6/timers.ts';
import { createWebCryptoModule } from '../k6/web-crypto.ts';
import { createWebsocketsModule } from '../k6/websockets.ts';
import { createWsModule } from '../k6/ws.ts';

/** Gives a built-in module by its specifier; the same object each time. */
export type ModuleImporter = (specifier: string) => ScriptModule;

interface Bindings {
  readonly host: VuHost;
  readonly owner: ModuleOwner;
  readonly globalObject: object;
}

const FACTORIES: Readonly<Record<string, (bindings: Bindings) => ScriptModule>> = {
  k6: ({ host, owner }) => createCoreModule(host, owner),
  'k6/crypto': () => createCryptoModule(),
  'k6/data': ({ host }) => createDataModule(host),
  'k6/encoding': () => createEncodingModule(),
  'k6/execution': ({ host }) => createExecutionModule(host),
  'k6/experimental/csv': ({ host }) => createCsvModule(host),
  'k6/experimental/fs': ({ host }) => createFsModule(host),
  'k6/experimental/streams': ({ host }) => createStreamsModule(host),
  'k6/experimental/timers': ({ owner }) => createTimersModule(owner.timers),
  'k6/experimental/webcrypto': ({ host, globalObject }) =>
    createWebCryptoModule(host, Reflect.get(globalObject, 'crypto')),
  'k6/experimental/websockets': ({ host }) =>
    createWebsocketsModule(host, { isExperimental: true }),
  'k6/html': () => createHtmlModule(),
  'k6/http': ({ host }) => createHttpModule(host),
  'k6/metrics': ({ host }) => createMetricsModule(host),
  'k6/secrets': ({ host }) => createSecretsModule(host),
  'k6/timers': ({ owner }) => createTimersModule(owner.timers),
  'k6/websockets': ({ host }) => createWebsocketsModule(host),
  'k6/ws': ({ host }) => createWsModule(host),
};

/** Where the modules find what the VU has anyway. */
export interface ModuleOwner {
  readonly timers: TimerFunctions;
  readonly random: RandomSource;
}

/** The importer of one VU. Throws GharialError SCRIPT_MODULE_MISSING for a module that is not built in yet. */
export function createImporter(
  host: VuHost,
  owner: ModuleOwner,
  globalObject: object,
): ModuleImporter {
  const modules = new Map<string, ScriptModule>();
  return (specifier) => {
    const known = modules.get(specifier);
    if (known !== undefined) return known;
    const create = FACTORIES[specifier];
    if (create === undefined) {
      throw new GharialError(
        'SCRIPT_MODULE_MISSING',
        `the module "${specifier}" is not available in this version of gharial`,
        { exitCode: ExitCode.scriptException },
      );
    }
    const module = create({ host, owner, globalObject });
    modules.set(specifier, module);
    return module;
  };
}
