/** Binds built-in modules to a VU, each at its first import. */
import { createCoreModule, type RandomSource } from '../k6/core.ts';
import { createExecutionModule } from '../k6/execution.ts';
import type { ScriptModule, VuHost } from '../k6/host.ts';
import { createMetricsModule } from '../k6/metrics.ts';
import { createTimersModule, type TimerFunctions } from '../k6/timers.ts';
import { createWebsocketsModule } from '../k6/websockets.ts';
import { createWsModule } from '../k6/ws.ts';
import { ExitCode, GharialError } from '../base/errors.ts';

/** Gives a built-in module by its specifier; the same object each time. */
export type ModuleImporter = (specifier: string) => ScriptModule;

interface Bindings {
  readonly host: VuHost;
  readonly timers: TimerFunctions;
  readonly random: RandomSource;
}

const FACTORIES: Readonly<Record<string, (bindings: Bindings) => ScriptModule>> = {
  k6: ({ host, random }) => createCoreModule(host, random),
  'k6/execution': ({ host }) => createExecutionModule(host),
  'k6/experimental/timers': ({ timers }) => createTimersModule(timers),
  'k6/experimental/websockets': ({ host }) =>
    createWebsocketsModule(host, { isExperimental: true }),
  'k6/metrics': ({ host }) => createMetricsModule(host),
  'k6/timers': ({ timers }) => createTimersModule(timers),
  'k6/websockets': ({ host }) => createWebsocketsModule(host),
  'k6/ws': ({ host }) => createWsModule(host),
};

/** The importer of one VU. Throws GharialError SCRIPT_MODULE_MISSING for a module that is not built in yet. */
export function createImporter(
  host: VuHost,
  timers: TimerFunctions,
  random: RandomSource,
): ModuleImporter {
  const modules = new Map<string, ScriptModule>();
  const bindings = { host, timers, random };
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
    const module = create(bindings);
    modules.set(specifier, module);
    return module;
  };
}
