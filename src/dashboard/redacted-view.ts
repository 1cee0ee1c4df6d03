/**
 * What page and report are given, without secrets: texts that scripts, servers and users wrote are redacted.
 *
 * Property names, names of metrics and tags, types, stages and close codes are the protocol's: they stay as
 * they are, whatever a secret looks like, or the page could not be drawn.
 */
import type {
  Fact,
  HistoryRow,
  RunFacts,
  RunHistoryData,
  RunState,
  RunView,
  SameTag,
  SliceHistory,
} from './protocol.ts';

type Redact = (text: string) => string;

export function redactView(view: RunView, redact: Redact): RunView {
  return {
    ...view,
    facts: redactFacts(view.facts, redact),
    history: redactHistory(view.history, redact),
    state: redactState(view.state, redact),
  };
}

export function redactRow(row: HistoryRow, redact: Redact): HistoryRow {
  return {
    ...row,
    newSlices: redactSlices(row.newSlices, redact),
    sameTags: row.sameTags === undefined ? undefined : redactSameTags(row.sameTags, redact),
  };
}

export function redactState(state: RunState, redact: Redact): RunState {
  const { scenarios, thresholds, checks, closes, totals, outcome } = state;
  return {
    ...state,
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      name: redact(scenario.name),
      description: redact(scenario.description),
    })),
    thresholds: thresholds.map((threshold) => ({
      ...threshold,
      metric: redactFilter(threshold.metric, redact),
    })),
    checks: checks.map((check) => ({
      ...check,
      group: redact(check.group),
      name: redact(check.name),
    })),
    closes: closes?.map((close) => ({ ...close, reason: redact(close.reason) })),
    totals: totals.map((total) => ({ ...total, name: redactFilter(total.name, redact) })),
    outcome: outcome === undefined ? undefined : { ...outcome, message: redact(outcome.message) },
  };
}

function redactFacts(facts: RunFacts, redact: Redact): RunFacts {
  const values = (pairs: readonly Fact[]): Fact[] =>
    pairs.map(([name, value]) => [name, redact(value)]);
  return {
    ...facts,
    script: redact(facts.script),
    command: redact(facts.command),
    options: values(facts.options),
    environment: values(facts.environment),
  };
}

function redactHistory(history: RunHistoryData, redact: Redact): RunHistoryData {
  return {
    ...history,
    slices: redactSlices(history.slices, redact),
    sameTags: redactSameTags(history.sameTags, redact),
  };
}

function redactSlices(slices: readonly SliceHistory[], redact: Redact): SliceHistory[] {
  return slices.map((slice) => ({
    ...slice,
    value: slice.value === undefined ? undefined : redact(slice.value),
  }));
}

function redactSameTags(sameTags: readonly SameTag[], redact: Redact): SameTag[] {
  return sameTags.map(([metric, tag, value]) => [metric, tag, redact(value)]);
}

/** Of `metric{tag:value}` only what is between the braces. */
function redactFilter(name: string, redact: Redact): string {
  const [, metric, filter] = /^([^{]*)\{(.*)\}$/s.exec(name) ?? [];
  return filter === undefined ? name : `${metric}{${redact(filter)}}`;
}
