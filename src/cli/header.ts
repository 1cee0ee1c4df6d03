/**
 * What a run prints before it starts: the banner and the description of what is about to happen.
 * Pure text over plain data; nothing here knows a stream.
 */
import { formatDuration } from '../base/duration.ts';

export interface ScenarioDescription {
  readonly name: string;
  /** One line by its executor: `2 looping VUs for 3s (gracefulStop: 30s)`. */
  readonly description: string;
}

export interface HeaderFacts {
  /** As the user named it, or `-` for standard input. */
  readonly script: string;
  /** One description per output; none prints `-`. */
  readonly outputs: readonly string[];
  readonly dashboardUrl?: string | undefined;
  readonly scenarios: readonly ScenarioDescription[];
  /** The share of the test that this run executes, 0 … 1. */
  readonly segmentShare: number;
  readonly vusMax: number;
  /** Graceful stops included. */
  readonly durationMsMax: number;
}

const BANNER = [
  '                               __',
  '   _______________________ .--o  `-.___/\\__/\\__/\\__',
  '  (_^_^_^_^_^_^_^_^_^_^_^_/   gharial              `~-._',
  '   `~~~~~~~~~~~~~~~~~~~~~~`--.__,-~._________,-~._,--~~-',
];

const YELLOW = 33;
const CYAN = 36;

/** A gharial, and two empty lines below it. */
export function renderBanner(isColored: boolean): string {
  const lines = BANNER.map((line) => paint(line, YELLOW, isColored));
  return `\n${lines.join('\n')}\n\n\n`;
}

/** Labels end at column 14, as k6 users know them. */
export function renderHeader(facts: HeaderFacts, isColored: boolean): string {
  const label = (name: string, value: string) =>
    `${name.padStart(14)}: ${paint(value, CYAN, isColored)}\n`;
  let text = label('execution', 'local') + label('script', facts.script);
  if (facts.dashboardUrl !== undefined) text += label('web dashboard', facts.dashboardUrl);
  text += label('output', facts.outputs.join(', ') || '-');
  text += `\n${'scenarios'.padStart(14)}: ${paint(planLine(facts), CYAN, isColored)}\n`;
  for (const { name, description } of facts.scenarios) {
    text += `${' '.repeat(14)}* ${name}: ${description}\n`;
  }
  return `${text}\n`;
}

function planLine(facts: HeaderFacts): string {
  const share = (facts.segmentShare * 100).toFixed(2);
  const count = facts.scenarios.length;
  const duration = Number.isFinite(facts.durationMsMax)
    ? formatDuration(Math.round(facts.durationMsMax / 100) * 100)
    : 'infinite';
  return (
    `(${share}%) ${count} scenario${count === 1 ? '' : 's'}, ${facts.vusMax} max VUs, ` +
    `${duration} max duration (incl. graceful stop):`
  );
}

function paint(text: string, sgr: number, isColored: boolean): string {
  return isColored ? `\u001b[${sgr}m${text}\u001b[0m` : text;
}
