/**
 * What all virtual users of one worker share. Built once per worker; a VU only keeps a reference.
 */
import type { TimerHeap } from '../base/timer-heap.ts';
import type {
  BuiltinMetrics,
  ExecutionFacts,
  HttpSettings,
  LogLevel,
  NetworkSettings,
} from '../k6/host.ts';
import type { SecretReader } from '../k6/secret-reader.ts';
import type { SharedArrayStore } from '../k6/shared-array.ts';
import type { MetricRegistry } from '../metrics/metric.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import type { CompiledProgram } from '../suspend/runtime.ts';

/** A VU, as far as the thread it runs on is concerned. */
export interface ScriptRunner {
  readonly id: number;
  /** A promise of the VU was rejected and nobody handled it by the end of the turn. */
  noteRejection(promise: Promise<unknown>, reason: unknown): void;
  /** It was handled later after all. */
  noteHandled(promise: Promise<unknown>): void;
}

/** The compiled script. */
export interface VuProgram {
  readonly compiled: CompiledProgram;
  /** Names of the globals an instance takes as variables, in order. */
  readonly globalNames: readonly string[];
  /** The exports of a CommonJS entry script are properties of its default export. */
  readonly isCommonJs: boolean;
  readonly usesPromises: boolean;
  /** The program may read `import.meta`. */
  readonly asksForMeta: boolean;
  /** The program may look at the members of prototypes. */
  readonly looksAtPrototypes: boolean;
  /** `file:///…` of the entry script. */
  readonly entryUrl: string;
}

export interface VuEnvironment {
  readonly program: VuProgram;
  readonly timers: TimerHeap;
  readonly registry: MetricRegistry;
  readonly builtin: BuiltinMetrics;
  readonly recorder: Recorder;
  /** Run tags only. */
  readonly runTags: TagSet;
  readonly systemTags: ReadonlySet<string>;
  readonly testOptions: Readonly<Record<string, unknown>>;
  readonly isThrowing: boolean;
  readonly resetsCookies: boolean;
  /** `__ENV` before a scenario's own values. */
  readonly env: Readonly<Record<string, string>>;
  /** The feature flag freeze-env is on. */
  readonly isEnvFrozen: boolean;

  readonly http: HttpSettings;

  countOpenSockets(change: number): void;
  /** `exec.vu.idInTest` of a VU of this instance. */
  idInTest(vuId: number): number;
  networkFor(vuId: number): NetworkSettings;
  instanceFacts(): ExecutionFacts['instance'];
  /** `open()`: `fromDirectory` is where relative paths start. */
  openFile(path: unknown, mode: unknown, fromDirectory: string): string | ArrayBuffer;
  /** The bytes of a file for `k6/experimental/fs`, without a copy. */
  readFile(
    path: unknown,
    fromDirectory: string,
  ): { readonly path: string; readonly bytes: SharedArrayBuffer };
  readonly sharedArrays: SharedArrayStore;
  readonly secrets: SecretReader;
  log(
    level: LogLevel,
    message: string,
    fields: Readonly<Record<string, string>>,
    isInit: boolean,
  ): void;
  logOnce(key: string, level: LogLevel, message: string): void;
  /** Calls back in a later turn of the event loop; many callbacks of one turn share one wake-up. */
  later(callback: () => void): void;
  /** Script code of this VU starts and stops using the thread. */
  enter(vu: ScriptRunner): void;
  leave(): void;
  iterationEnded(outcome: 'complete' | 'interrupted'): void;
  abortTest(message: string): void;
  failTest(): void;
  /** A blocking call was reached where it cannot suspend. */
  reportBlocking(error: Error): void;
}
