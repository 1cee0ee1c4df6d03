/** What the live page and the report are told to do: k6's variables and `key=value` arguments. */
import { type Environment, OutputSettings, outputFault } from '../output/output-settings.ts';

/** k6's name for it, in `--out` and in messages. */
export const DASHBOARD_NAME = 'web-dashboard';

/** `web-dashboard` or `web-dashboard=…`. */
export function isDashboardSpec(spec: string): boolean {
  return spec === DASHBOARD_NAME || spec.startsWith(`${DASHBOARD_NAME}=`);
}

/**
 * The argument of `--out web-dashboard[=argument]` among those of `--out`; undefined: it is not there.
 * @throws GharialError OUTPUT_FAILED if it is there twice: a run has one page.
 */
export function findDashboardArgument(specs: readonly string[]): string | undefined {
  const [argument, ...others] = specs
    .filter(isDashboardSpec)
    .map((spec) => spec.slice(DASHBOARD_NAME.length + 1));
  if (others.length === 0) return argument;
  const parts = [argument, ...others].filter((part) => part !== '');
  const joined = [DASHBOARD_NAME, ...(parts.length === 0 ? [] : [parts.join('&')])].join('=');
  throw outputFault(
    DASHBOARD_NAME,
    `got --out ${DASHBOARD_NAME} ${others.length + 1} times; expected one, such as --out '${joined}'`,
  );
}

const PREFIX = 'K6_WEB_DASHBOARD_';
const KEYS = ['host', 'port', 'period', 'open', 'export', 'report', 'record', 'tags'] as const;

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 5665;
const DEFAULT_PERIOD_MS = 1000;
/** The aggregate is merged once a second; shorter periods would be empty. */
const PERIOD_MS_MIN = 1000;
const PORT_MAX = 65_535;

export interface DashboardSettings {
  /** Undefined: no page, only a report. */
  readonly page: PageSettings | undefined;
  readonly periodMs: number;
  /** Where to write the report; undefined = nowhere. */
  readonly reportPath: string | undefined;
  /** Tags whose values get lines of their own; undefined = all tags. */
  readonly tags: readonly string[] | undefined;
}

export interface PageSettings {
  readonly host: string;
  /** 0 = a free one. */
  readonly port: number;
  /** Somebody chose the port: another one is no replacement. */
  readonly isPortChosen: boolean;
  /** Open it in a browser. */
  readonly opens: boolean;
}

/**
 * @param argument of `--out web-dashboard=…`: pairs between `&`, which win over the environment.
 * @param env variables `K6_WEB_DASHBOARD_…`.
 * @throws GharialError OUTPUT_FAILED
 */
export function readDashboardSettings(
  argument: string,
  env: Environment,
  wishes: { readonly page: boolean; readonly reportPath: string },
): DashboardSettings {
  const settings = mergeSettings(argument, env);
  settings.refuse('record', 'the report (export=file.html) keeps everything the page shows');
  const periodMs = Math.max(PERIOD_MS_MIN, settings.durationMs('period') ?? DEFAULT_PERIOD_MS);
  const exported = settings.text('export') ?? settings.text('report');
  const reportPath = wishes.reportPath === '' ? exported : wishes.reportPath;
  const tags = settings.list('tags');
  const port = readPort(settings);
  const hasPage = wishes.page && port !== undefined;
  return {
    page: hasPage
      ? {
          host: settings.text('host') ?? DEFAULT_HOST,
          port,
          isPortChosen: settings.text('port') !== undefined,
          opens: settings.bool('open') ?? false,
        }
      : undefined,
    periodMs,
    reportPath,
    tags,
  };
}

function mergeSettings(argument: string, env: Environment): OutputSettings {
  const values = new Map<string, string>();
  const labels = new Map<string, string>();
  for (const key of KEYS) {
    const name = `${PREFIX}${key.toUpperCase()}`;
    const value = env[name];
    if (value === undefined) continue;
    values.set(key, value);
    labels.set(key, name);
  }
  const settings = new OutputSettings(DASHBOARD_NAME, values, (key) => labels.get(key) ?? key);
  for (const pair of argument.split('&')) {
    if (pair === '') continue;
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    if (!KEYS.some((known) => known === key)) {
      throw settings.fault(`unknown key ${JSON.stringify(key)}; expected ${KEYS.join(', ')}`);
    }
    values.set(key, value);
    labels.delete(key);
  }
  return settings;
}

/** Undefined: -1, no page. */
function readPort(settings: OutputSettings): number | undefined {
  const text = settings.text('port');
  if (text === undefined) return DEFAULT_PORT;
  const port = Number(text);
  if (port === -1) return undefined;
  if (/^\d+$/.test(text) && port <= PORT_MAX) return port;
  throw settings.fault(
    `port: got ${JSON.stringify(text)}; expected 1 to ${PORT_MAX}, 0 for a free one or -1 for no page`,
  );
}
