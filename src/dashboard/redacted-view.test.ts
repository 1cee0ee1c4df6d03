import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from '../output/redactor.ts';
import type { HistoryRow, RunView, SliceHistory } from './protocol.ts';
import { redactRow, redactView } from './redacted-view.ts';

const SECRET = 'hunter2-4711';

function sliceOf(value: string | undefined): SliceHistory {
  return {
    id: 0,
    metric: 'users_seen',
    type: 'counter',
    contains: 'default',
    isCustom: true,
    tag: value === undefined ? undefined : 'user',
    value,
    columns: [[1, 2]],
  };
}

function viewWith(text: string): RunView {
  return {
    kind: 'report',
    facts: {
      script: text,
      startMs: 0,
      command: text,
      options: [['tags', text]],
      environment: [['host', text]],
      trendStats: ['avg'],
      pauseRefusal: undefined,
    },
    history: {
      intervalMs: 1000,
      timesMs: [1000, 2000],
      slices: [sliceOf(undefined), sliceOf(text)],
      sameTags: [['users_seen', 'group', text]],
      foldedTags: ['user'],
    },
    state: {
      stage: 'running',
      isPaused: false,
      elapsedMs: 2000,
      durationMsMax: 3000,
      scenarios: [{ name: text, description: text, state: 'running', fraction: 0, figures: '' }],
      thresholds: [
        {
          metric: `users_seen{user:${text}}`,
          expression: 'count>1',
          value: 3,
          isOk: true,
          abortsOnFail: false,
          type: 'counter',
          contains: 'default',
          label: 'count',
        },
      ],
      checks: [{ group: `::${text}`, name: text, passes: 1, fails: 0 }],
      checksLeftOut: 0,
      closes: [{ code: '1000', cause: 'peer-close', reason: text, isError: false, count: 1 }],
      totals: [
        {
          name: `users_seen{user:${text}}`,
          type: 'counter',
          contains: 'default',
          isCustom: true,
          values: { count: 3, rate: 1 },
        },
      ],
      outcome: { isOk: false, message: text },
    },
  };
}

function redactorOf(secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.hide(secret);
  return redactor;
}

test('a secret is in no text of a view and of a row, wherever it turned up', () => {
  const { redact } = redactorOf([SECRET]);
  const view = redactView(viewWith(`a ${SECRET} b`), redact);
  assert.deepEqual(view, viewWith('a ***SECRET_REDACTED*** b'));
  const rowOf = (text: string): HistoryRow => ({
    timeMs: 1000,
    newSlices: [sliceOf(text)],
    cells: [[0, 1]],
    sameTags: [['users_seen', 'user', text]],
    foldedTags: [],
  });
  assert.deepEqual(redactRow(rowOf(SECRET), redact), rowOf('***SECRET_REDACTED***'));
});

test('secrets that are words of the protocol, or parts of names of metrics, break nothing', () => {
  const words = ['values', 'name', 'user', 'counter', 'metric', 'running', 'peer-close', 'count'];
  const { redact } = redactorOf([...words, 'report', 'avg', '1000', 'default']);
  assert.deepEqual(redactView(viewWith('Kim'), redact), {
    ...viewWith('Kim'),
    state: {
      ...viewWith('Kim').state,
      // What stands in braces was written by somebody.
      thresholds: viewWith('Kim').state.thresholds.map((threshold) => ({
        ...threshold,
        metric: 'users_seen{***SECRET_REDACTED***:Kim}',
      })),
      totals: viewWith('Kim').state.totals.map((total) => ({
        ...total,
        name: 'users_seen{***SECRET_REDACTED***:Kim}',
      })),
    },
  });
});
