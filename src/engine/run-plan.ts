/** From the options of a run to what its workers are told: how many threads, and the share of each. */
import type { ProbeResult, RunPlan } from '../bridge/messages.ts';
import { RateGate } from '../bridge/rate-gate.ts';
import { RunCounters } from '../bridge/run-counters.ts';
import { NO_PROXIES } from '../options/proxies.ts';
import { toTestOptions } from '../options/test-options.ts';
import type { Options } from '../options/values.ts';
import {
  divideAmongWorkers,
  type InstancePlan,
  type WorkerPlan,
} from '../schedule/requirements.ts';
import { LINUX_SOURCE_PORTS, partOfPorts } from '../websocket/source-ports.ts';
import type { RunRequest } from './run-contract.ts';

export const TICK_MS = 1000;
/** Snapshots come faster when a threshold may stop the run. */
const ABORT_TICK_MS = 200;
/** VUs a thread should have for the arrivals it is given. */
const ARRIVAL_VUS_MIN = 50;
/** Cells for workers that take the place of lost ones. */
const SPARE_WORKERS = 4;
/** For a worker that only calls setup, teardown or handleSummary. */
const NO_WORK: WorkerPlan = { scenarios: [], plannedVus: 0, maxVus: 0, vuIds: [] };

export interface PlanFacts {
  readonly options: Options;
  readonly instance: InstancePlan;
  readonly probe: ProbeResult;
  /** 0 = no output wants raw samples. */
  readonly samplesPerBatch: number;
}

/** The plans of all workers of a run, and the counters they share. */
export class WorkerPlans {
  readonly counters: RunCounters;
  readonly #works: readonly WorkerPlan[];
  readonly #common: Omit<RunPlan, 'work'>;

  constructor(request: RunRequest, { options, instance, probe, samplesPerBatch }: PlanFacts) {
    const { settings, network } = request;
    const workerCount = Math.max(1, Math.min(threadsFor(request, instance), instance.maxVus));
    this.counters = RunCounters.create(options.scenarios.length, workerCount + SPARE_WORKERS);
    for (const { config, sharedIterations } of instance.scenarios) {
      const index = options.scenarios.findIndex(({ name }) => name === config.name);
      this.counters.setSharedIterations(index, sharedIterations);
    }
    this.#works = divideAmongWorkers(instance, workerCount);
    this.#common = {
      plannedVus: instance.plannedVus,
      counters: this.counters.buffer,
      rateGate: options.rps > 0 ? RateGate.create(options.rps).buffer : undefined,
      options,
      testOptions: toTestOptions(options),
      network: {
        localIPs: settings.localIPs,
        sourcePorts: network?.sourcePorts ?? LINUX_SOURCE_PORTS,
        proxies: network?.proxies ?? NO_PROXIES,
        tlsSessionReuse: settings.tlsSessionReuse,
        dialLimits: {
          redirects: settings.wsRedirects,
          connectTimeoutMs: settings.wsConnectTimeoutMs,
          handshakeTimeoutMs: settings.wsHandshakeTimeoutMs,
          closeTimeoutMs: settings.wsCloseTimeoutMs,
          readBytesPerSecond: undefined,
        },
        wsDebug: settings.wsDebug,
        wsDebugVus: settings.wsDebugVus,
        wsDebugSecrets: settings.wsDebugSecrets,
      },
      metrics: probe.metrics,
      files: probe.files,
      sharedArrays: probe.sharedArrays,
      tickMs: mayAbort(options) ? ABORT_TICK_MS : TICK_MS,
      samplesPerBatch,
    };
  }

  get workerCount(): number {
    return this.#works.length;
  }

  /** One per worker, in order of their indexes. */
  get all(): readonly RunPlan[] {
    const { network } = this.#common;
    return this.#works.map((work, index) => {
      const sourcePorts = partOfPorts(network.sourcePorts, index, this.#works.length);
      return { ...this.#common, work, network: { ...network, sourcePorts } };
    });
  }

  /** For a worker that has no part in the scenarios. */
  get spare(): RunPlan {
    return { ...this.#common, work: NO_WORK };
  }
}

/**
 * As many threads as were asked for, else as many as there are cores. An arrival rate hands its
 * iterations to the idle VUs of a thread; with few VUs each, one thread would drop what another had a
 * VU for, so such a test stays on one.
 */
function threadsFor({ settings, workerCountMax }: RunRequest, instance: InstancePlan): number {
  if (settings.workers > 0) return settings.workers;
  const isOpenModel = instance.scenarios.some(({ config }) => 'preAllocatedVUs' in config);
  const isSmall = instance.maxVus < workerCountMax * ARRIVAL_VUS_MIN;
  return isOpenModel && isSmall ? 1 : workerCountMax;
}

function mayAbort({ thresholds }: Options): boolean {
  return Object.values(thresholds)
    .flat()
    .some(({ abortOnFail }) => abortOnFail);
}
