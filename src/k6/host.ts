/**
 * What a script-facing module needs from the virtual user it is bound to.
 *
 * The `vu` room implements it; modules are factories `(host: VuHost) => ScriptModule`. Nothing here is
 * global: two VUs on one thread never see each other's host.
 */
import type { BeyondK6Name, BuiltinName } from '../metrics/builtin.ts';
import type { Metric, MetricRegistry } from '../metrics/metric.ts';
import type { TagSet } from '../metrics/tag-set.ts';
import type { Coroutine, CoroutineHost } from '../suspend/op.ts';
import type { LeaseSource, ProxySettings, Resolve, TlsSettings } from '../websocket/api.ts';
import type { CookieJar } from './cookie-jar.ts';
import type { DialLimits } from './dial-limits.ts';
import type { SecretReader } from './secret-reader.ts';
import type { SharedArrayStore } from './shared-array.ts';

/** What a module gives to scripts: its named exports, and what `import x from` yields. */
export interface ScriptModule {
  readonly named: Readonly<Record<string, unknown>>;
  readonly default: unknown;
}

/** The built-in metrics of this thread's registry, by name; without those whose names the script took. */
export type BuiltinMetrics = Readonly<Record<Exclude<BuiltinName, BeyondK6Name>, Metric>> &
  Readonly<Partial<Record<BeyondK6Name, Metric>>>;

/** Where in its life the VU is; decides which calls are allowed. */
export type Phase = 'init' | 'setup' | 'iteration' | 'teardown' | 'summary';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/**
 * One unit of work for a VU. Runs when the VU is free, in order. Either finishes synchronously or
 * returns a coroutine that the loop drives (it may suspend). An exception fails the iteration.
 */
export type Task = () => Coroutine | undefined;

/**
 * An event queue of a VU: the VU's own, or the inner one of a blocking call (`ws.connect`) whose
 * handlers run while everything else of the VU waits.
 */
export interface EventLoop {
  /** FIFO. The task runs at once if this loop has the floor and nothing runs; else later. */
  post(task: Task): void;
}

export type ResourceKind = 'socket' | 'interval' | 'timeout' | 'request' | 'other';

/** Something of an iteration that outlives the call that made it: a socket, a timer. */
export interface IterationResource {
  /** For those who look on. */
  readonly kind: ResourceKind;
  /** The script may not run any more (end of test): free quietly, no handlers, no samples. */
  drop(): void;
  /** The iteration failed by an exception; the script may still see the end: wind down, then release. */
  windDown(): void;
}

/** A timer of the worker's timer heap. */
export interface TimerHandle {
  cancel(): void;
}

export interface NetworkSettings {
  /** hosts mapping, block lists and DNS policy applied. */
  readonly resolve: Resolve;
  /** '' = send no header. */
  readonly userAgent: string;
  /** Picks the source of each connection; absent = the system does. */
  readonly leaseSource: LeaseSource | undefined;
  /** The proxy of the environment for a connection, if any. */
  proxyFor(isSecure: boolean, host: string, port: number): ProxySettings | undefined;
  /** For sockets that say nothing else. */
  readonly dialLimits: DialLimits;
  /** `--ws-debug` for this VU. */
  readonly wsDebug: 'off' | 'handshake' | 'frames';
  readonly wsDebugSecrets: boolean;
  /** TLS settings for a host name (client certificates may be bound to domains). */
  tlsFor(host: string): TlsSettings;
}

/** What `k6/http` takes from the options. */
export interface HttpSettings {
  /** Parallel requests of one `http.batch()`: in all, and to one host. */
  readonly batch: number;
  readonly batchPerHost: number;
  /** Redirects to follow; `isMaxRedirectsSet` tells that somebody chose the number. */
  readonly maxRedirects: number;
  readonly isMaxRedirectsSet: boolean;
  readonly discardResponseBodies: boolean;
  readonly noConnectionReuse: boolean;
  readonly noVUConnectionReuse: boolean;
  /** What is logged of each request: nothing, the heads, or heads and bodies. */
  readonly debug: '' | 'headers' | 'full';
  /** With the `rps` option: takes the next free slot of the run and gives its time (epoch ms). */
  readonly reserveSlot: (() => number) | undefined;
}

/** Facts behind `k6/execution`, read at each access. */
export interface ExecutionFacts {
  readonly idInInstance: number;
  readonly idInTest: number;
  readonly iterationInInstance: number;
  readonly iterationInScenario: number;
  readonly scenario:
    | {
        readonly name: string;
        readonly executor: string;
        readonly startTimeMs: number;
        readonly progress: number;
        readonly iterationInInstance: number;
        readonly iterationInTest: number;
      }
    | undefined;
  readonly instance: {
    readonly currentTestRunDurationMs: number;
    readonly iterationsCompleted: number;
    readonly iterationsInterrupted: number;
    readonly vusActive: number;
    readonly vusInitialized: number;
  };
}

export interface VuHost extends CoroutineHost {
  /** `__VU`: 0 in the first init run, setup, teardown and handleSummary. */
  readonly id: number;
  readonly phase: Phase;
  readonly facts: ExecutionFacts;
  /** Consolidated options as scripts see them in `exec.test.options` (all keys, unset = null). */
  readonly testOptions: Readonly<Record<string, unknown>>;
  /** The `throw` option. */
  readonly isThrowing: boolean;
  /** The script may look at the members of prototypes; if not, they need not be the VU's own. */
  readonly looksAtPrototypes: boolean;

  /** The VU's own event loop. */
  readonly loop: EventLoop;
  /**
   * The inner loop of the blocking operation that is being started; call it inside `Op.start()` only.
   * Tasks posted there run (suspendable too) while everything else of the VU waits for the operation.
   */
  openInnerLoop(): EventLoop;
  /** Keeps the iteration alive until the matching release(). */
  hold(): void;
  release(): void;
  addResource(resource: IterationResource): void;
  removeResource(resource: IterationResource): void;
  /** Ends the current iteration by an exception, as if the running task had thrown it. */
  failIteration(error: unknown): void;
  /** Calls back after `delayMs` (fractions allowed) from the worker's timer heap; the callback posts tasks, it runs no script code itself. */
  setTimer(delayMs: number, onDue: () => void): TimerHandle;
  /**
   * A coroutine that lets all pending promise reactions run before it goes on: between two listeners
   * of one event. Free (returns at once) when the script uses no promises.
   */
  drainReactions(): Coroutine<void>;

  readonly registry: MetricRegistry;
  /** Tags of a sample made now: run, scenario, group, `exec.vu.metrics.tags` edits. */
  readonly tags: TagSet;
  setTags(tags: TagSet): void;
  /** Path of the running group: '' at the root, else `::outer::inner`. */
  groupPath: string;
  /** The built-in metrics by name. */
  readonly builtin: BuiltinMetrics;
  /** Non-indexed metadata of a sample made now (`vu`, `iter`, user's). */
  readonly metadata: ReadonlyMap<string, string>;
  setMetadata(metadata: ReadonlyMap<string, string>): void;
  isSystemTagEnabled(name: string): boolean;
  /** Small integer for metric + tags; keep it where samples are made often. */
  series(metric: Metric, tags: TagSet): number;
  /** Records a sample, unless the iteration's context is done. `timeMs` defaults to now; `metadata` to the VU's current. */
  record(
    series: number,
    value: number,
    timeMs?: number,
    metadata?: ReadonlyMap<string, string>,
  ): void;
  /** Records one more of a counter, now; for what happens often. */
  count(series: number, metadata: ReadonlyMap<string, string>): void;
  /** A WebSocket connection is open. */
  socketOpened(): void;
  /** A connection that had been open is gone. */
  socketGone(): void;
  /** Counts an end of a connection in a series of `ws_sockets_closed`, also when the iteration is over already. */
  recordClose(series: number, metadata: ReadonlyMap<string, string>): void;
  /** Counts TCP bytes for data_sent / data_received. */
  countBytes(sentBytes: number, receivedBytes: number): void;
  /** False once samples of the running iteration are no longer taken. */
  readonly isRecording: boolean;

  readonly network: NetworkSettings;
  readonly http: HttpSettings;
  /** The SharedArrays of this thread. */
  readonly sharedArrays: SharedArrayStore;
  /**
   * A file of the script, shared by all VUs: only in the init context, by a path relative to the entry
   * script. Errors: GharialError; the `cause` is the system's error, if there is one.
   */
  readFile(path: string): { readonly path: string; readonly bytes: SharedArrayBuffer };
  /** The sources of `k6/secrets`. */
  readonly secrets: SecretReader;

  /** The VU's cookie jar, emptied before each iteration unless noCookiesReset. */
  readonly cookies: CookieJar;

  /** `exec.test.abort()`: interrupts this VU at once and ends the run with exit code 108. */
  abortTest(message: string): void;
  /** `exec.test.fail()`: the run goes on and ends with exit code 110. */
  failTest(message: string): void;

  log(level: LogLevel, message: string, fields?: Readonly<Record<string, string>>): void;
  /** Logs once per test run (over all VUs and threads), e.g. a deprecation. */
  logOnce(key: string, level: LogLevel, message: string): void;
}
