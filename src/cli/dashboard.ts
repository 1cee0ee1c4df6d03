/** Makes the output behind `--web`, `--report` and `--out web-dashboard`, and connects it to the run. */
import { resolve } from 'node:path';
import { Dashboard, type PageStatus } from '../dashboard/dashboard.ts';
import { findDashboardArgument, readDashboardSettings } from '../dashboard/settings.ts';
import type { RunStatus } from '../engine/run-contract.ts';
import type { Options, RunSettings } from '../options/values.ts';
import { Redactor } from '../output/redactor.ts';
import { describeScenario } from '../schedule/executors.ts';
import type { InstancePlan } from '../schedule/requirements.ts';
import type { CommandContext } from './context.ts';
import { openInBrowser } from './open-browser.ts';
import { executorColumns, waitingColumns } from './progress.ts';
import {
  describeCommand,
  describeEnvironment,
  describeOptions,
  secretValues,
  withoutCredentials,
} from './run-facts.ts';

export interface DashboardRequest {
  readonly script: string;
  readonly settings: RunSettings;
  readonly options: Options;
  readonly plan: InstancePlan;
  /** Of the command line. */
  readonly args: readonly string[];
  /** `__ENV`. */
  readonly env: Readonly<Record<string, string>>;
  readonly context: CommandContext;
  /** Hides what `k6/secrets` gave the script. */
  readonly redactor: Redactor;
  readonly warn: (message: string) => void;
}

/**
 * The page is served when this resolves.
 * @throws GharialError OUTPUT_FAILED, PAGE_UNAVAILABLE
 */
export async function startDashboard(request: DashboardRequest): Promise<Dashboard> {
  const { settings, options, plan, context, warn } = request;
  const argument = findDashboardArgument(settings.out);
  const isPageWanted = settings.webDashboard || argument !== undefined;
  const dashboardSettings = readDashboardSettings(argument ?? '', isPageWanted ? context.env : {}, {
    page: isPageWanted,
    reportPath: settings.report,
  });
  const redact = createRedact(request);
  const dashboard = new Dashboard(dashboardSettings, {
    facts: {
      script: request.script,
      command: describeCommand(request.args, settings),
      options: describeOptions(options),
      environment: describeEnvironment(context),
      trendStats: options.summaryTrendStats,
      pauseRefusal: pauseRefusalOf(options),
    },
    durationMsMax: plan.totalDurationMs,
    resolvePath: (path) => resolve(context.cwd, path),
    redact,
    warn,
  });
  await dashboard.open();
  if (dashboard.url !== undefined && dashboardSettings.page?.opens === true) {
    openInBrowser(dashboard.url, context.platform.os, warn);
  }
  return dashboard;
}

/** What the page shows of the run's status. */
export function pageStatusOf(status: RunStatus, { scenarios, part }: InstancePlan): PageStatus {
  const { stage, isPaused, elapsedMs } = status;
  return {
    stage,
    isPaused: isPaused || stage === 'paused',
    elapsedMs,
    scenarios: scenarios.map(({ config, share }) => {
      const view = status.scenarios?.find(({ name }) => name === config.name);
      const description = describeScenario(config, share, part);
      if (view === undefined) {
        return { name: config.name, description, state: 'waiting', fraction: 0, figures: '' };
      }
      const columns =
        view.waitMs > 0
          ? waitingColumns(view.waitMs, view.startTimeMs)
          : executorColumns({ ...view, ...view.counts });
      const figures = columns.map((column) => column.trim()).join(' · ');
      return { name: view.name, description, state: view.state, fraction: view.fraction, figures };
    }),
  };
}

function createRedact(request: DashboardRequest): (text: string) => string {
  const { redactor, env, options, context } = request;
  const given = [env, ...options.scenarios.map((scenario) => scenario.env)];
  const variables = new Redactor();
  for (const value of secretValues(context.env, given)) variables.hide(value);
  return (text) => withoutCredentials(variables.redact(redactor.redact(text)));
}

/** k6's rule: what runs can be paused only if all scenarios are externally-controlled. */
function pauseRefusalOf({ scenarios }: Options): string | undefined {
  const rigid = scenarios.find(({ executor }) => executor !== 'externally-controlled');
  return rigid === undefined
    ? undefined
    : `a ${rigid.executor} scenario cannot be paused, only externally-controlled ones can`;
}
