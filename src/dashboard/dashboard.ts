/**
 * The output behind `--web` and `--report`: keeps the history of the run, shows it on a live page while the
 * run goes on, and writes it as one HTML file in the end.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { reasonOf } from '../base/system-error.ts';
import type { Aggregate } from '../metrics/aggregate.ts';
import type { Output, OutputLosses, RunInfo, RunResult } from '../output/output.ts';
import { outputFault } from '../output/output-settings.ts';
import { RunHistory } from './history.ts';
import { renderPage } from './page-file.ts';
import { PageServer } from './page-server.ts';
import type { RunFacts, RunOutcome, RunView, ScenarioInfo } from './protocol.ts';
import { redactRow, redactState, redactView } from './redacted-view.ts';
import { readRunState } from './run-state.ts';
import type { DashboardSettings } from './settings.ts';

/** Numbers in a report at most; a longer or wider run is shown in longer intervals. */
const REPORT_CELLS_MAX = 150_000;

/** What the engine tells of a run, whenever asked. */
export interface PageStatus {
  readonly stage: string;
  readonly isPaused: boolean;
  readonly elapsedMs: number;
  readonly scenarios: readonly ScenarioInfo[];
}

/** What the engine lets a page do. Errors: GharialError STEERING_INVALID. */
export interface PageControl {
  setPaused(isPaused: boolean): void;
  stop(): void;
}

export interface DashboardContext {
  readonly facts: Omit<RunFacts, 'startMs'>;
  readonly durationMsMax: number;
  /** An absolute path for that of a setting. */
  resolvePath(path: string): string;
  /** Takes secrets out of a text. */
  redact(text: string): string;
  warn(message: string): void;
}

export class Dashboard implements Output {
  readonly needs = 'aggregate';
  readonly #settings: DashboardSettings;
  readonly #context: DashboardContext;
  readonly #server: PageServer | undefined;
  #url: string | undefined;
  #readStatus: (() => PageStatus) | undefined;
  #control: PageControl | undefined;
  #run: RunInfo | undefined;
  #history: RunHistory | undefined;
  /** Where the history stands, epoch ms: the end of the last period. */
  #periodEndMs = 0;
  #result: RunResult | undefined;
  /** Why there is no report. */
  #breakage: string | undefined;

  constructor(settings: DashboardSettings, context: DashboardContext) {
    this.#settings = settings;
    this.#context = context;
    if (settings.page === undefined) return;
    this.#server = new PageServer(settings.page, {
      page: () => renderPage(this.#title(), undefined),
      report: () => this.#report(),
      view: () => this.#viewText(),
      setPaused: (isPaused) => this.#control?.setPaused(isPaused),
      stop: () => this.#control?.stop(),
    });
  }

  get description(): string {
    const { reportPath } = this.#settings;
    return [this.#server === undefined ? [] : 'live page', reportPath ?? []].flat().join(', ');
  }

  /** Where the page is, once it is served. */
  get url(): string | undefined {
    return this.#url;
  }

  /**
   * Makes sure of the report's file, and serves the page; before the run starts, so that its address can be
   * shown, and nobody waits for a report in vain.
   * @throws GharialError OUTPUT_FAILED, PAGE_UNAVAILABLE
   */
  async open(): Promise<void> {
    this.#reserveReport();
    if (this.#server === undefined) return;
    const { url, isOtherPort } = await this.#server.listen();
    this.#url = url;
    if (isOtherPort) {
      this.#context.warn(
        `port ${this.#settings.page?.port} is taken; the live page is at ${url} this time`,
      );
    }
  }

  /** What the engine has for the page, once the run is prepared. */
  attach(control: PageControl): void {
    this.#control = control;
  }

  follow(readStatus: () => PageStatus): void {
    this.#readStatus = readStatus;
  }

  start(info: RunInfo): void {
    this.#run = info;
    this.#periodEndMs = info.startMs;
    const { periodMs, tags } = this.#settings;
    this.#history = new RunHistory(info.aggregate, { periodMs, tagsShown: tags });
  }

  onTick(aggregate: Aggregate): void {
    const { workersMs } = aggregate;
    // Half a tick of tolerance: periods are whole numbers of ticks, give or take.
    const isDue = workersMs - this.#periodEndMs >= this.#settings.periodMs - TICK_TOLERANCE_MS;
    if (!isDue || this.#history === undefined) return;
    this.#periodEndMs = workersMs;
    const { row, isRescaled } = this.#history.addPeriod(this.#historyMs());
    const server = this.#server;
    if (server?.hasClients !== true) return;
    const { redact } = this.#context;
    if (isRescaled) server.send('view', this.#viewText());
    else if (row !== undefined) server.send('row', JSON.stringify(redactRow(row, redact)));
    server.send('state', JSON.stringify(redactState(this.#state(), redact)));
  }

  async stop(result: RunResult): Promise<void> {
    this.#result = result;
    this.#periodEndMs = Math.max(this.#periodEndMs, result.aggregate.workersMs);
    this.#history?.finish(this.#historyMs());
    this.#writeReport();
    await this.#server?.close(this.#viewText());
  }

  /** Read once after `stop`. Samples are not lost: the summary has them. */
  get losses(): OutputLosses | undefined {
    return this.#breakage === undefined
      ? undefined
      : { batchesLost: 0, batches: 0, samplesLost: 0, reason: this.#breakage };
  }

  /** An earlier report of that name stays until there is a new one. */
  #reserveReport(): void {
    const path = this.#reportPath;
    if (path === undefined) return;
    try {
      closeSync(openSync(path, 'a'));
    } catch (error) {
      throw outputFault('report', reasonOf(error), error);
    }
  }

  #writeReport(): void {
    const path = this.#reportPath;
    if (path === undefined) return;
    const report = this.#report();
    try {
      writeFileSync(path, path.endsWith('.gz') ? gzipSync(report) : report);
    } catch (error) {
      this.#breakage = `the report could not be written: ${reasonOf(error)}`;
      this.#context.warn(this.#breakage);
    }
  }

  get #reportPath(): string | undefined {
    const { reportPath } = this.#settings;
    return reportPath === undefined ? undefined : this.#context.resolvePath(reportPath);
  }

  #report(): string {
    return renderPage(this.#title(), this.#view('report'));
  }

  /** Without secrets. */
  #view(kind: RunView['kind']): RunView {
    const run = this.#run;
    const history = this.#history;
    const view: RunView = {
      kind,
      facts: { ...this.#context.facts, startMs: run?.startMs ?? 0 },
      history: history?.data(kind === 'report' ? REPORT_CELLS_MAX : undefined) ?? {
        intervalMs: this.#settings.periodMs,
        timesMs: [],
        slices: [],
        sameTags: [],
        foldedTags: [],
      },
      state: this.#state(),
    };
    return redactView(view, this.#context.redact);
  }

  #state(): RunView['state'] {
    const { facts, durationMsMax } = this.#context;
    const status = this.#readStatus?.() ?? NOT_STARTED;
    const result = this.#result;
    const progress = {
      ...status,
      stage: result === undefined ? status.stage : 'done',
      elapsedMs: result?.durationMs ?? status.elapsedMs,
      durationMsMax,
      outcome: result === undefined ? undefined : outcomeOf(result),
    };
    if (this.#run === undefined) {
      return {
        ...progress,
        thresholds: [],
        checks: [],
        checksLeftOut: 0,
        closes: [],
        totals: [],
      };
    }
    return readRunState(this.#run.aggregate, this.#run.thresholds, facts.trendStats, progress);
  }

  #historyMs(): number {
    return Math.round(this.#periodEndMs - (this.#run?.startMs ?? 0));
  }

  #title(): string {
    return this.#context.redact(`${this.#context.facts.script} · gharial`);
  }

  /** What an open page is given. */
  #viewText(): string {
    return JSON.stringify(this.#view('live'));
  }
}

/** Ticks come a little early or late. */
const TICK_TOLERANCE_MS = 500;

const NOT_STARTED: PageStatus = { stage: 'init', isPaused: false, elapsedMs: 0, scenarios: [] };

function outcomeOf({ error }: RunResult): RunOutcome {
  return { isOk: error === undefined, message: error?.message ?? '' };
}
