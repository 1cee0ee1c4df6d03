import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUILTIN_METRICS } from './builtin.ts';
import { MetricRegistry } from './metric.ts';

describe('MetricRegistry', () => {
  it('gives built-in metrics the same ids in every registry, before any other', () => {
    const first = new MetricRegistry();
    first.define('mine', 'counter');
    const second = new MetricRegistry();
    for (const [id, { name }] of BUILTIN_METRICS.entries()) {
      assert.equal(first.get(name)?.id, id);
      assert.equal(second.get(name)?.id, id);
    }
    assert.equal(first.get('mine')?.id, BUILTIN_METRICS.length);
  });

  it('returns the known metric for the same name, type and value type', () => {
    const registry = new MetricRegistry();
    const metric = registry.define('rtt', 'trend', 'time');
    assert.equal(registry.define('rtt', 'trend', 'time'), metric);
    assert.equal(registry.define('ws_sessions', 'counter'), registry.get('ws_sessions'));
  });

  it('lets the script have the names that are free in k6, before it is settled whose they are', () => {
    const open = new MetricRegistry();
    const mine = open.declare('ws_upgrading', 'counter');
    assert.equal(mine.isBuiltin, false);
    assert.equal(open.get('ws_upgrading'), mine);
    assert.equal(open.all().filter(({ name }) => name === 'ws_upgrading').length, 1);
    assert.equal(open.declare('ws_upgrading', 'counter'), mine);
    assert.throws(() => open.declare('ws_upgrading', 'rate'), { code: 'METRIC_CONFLICT' });
    assert.throws(() => open.declare('ws_sessions', 'rate'), { code: 'METRIC_CONFLICT' });
    const settled = new MetricRegistry([mine]);
    assert.equal(settled.declare('ws_upgrading', 'counter').isBuiltin, false);
    assert.throws(() => settled.declare('ws_sockets_open', 'gauge'), {
      code: 'METRIC_CONFLICT',
      message:
        "metric 'ws_sockets_open' is measured by gharial, unless the init code of VU 0 declares it too",
    });
  });

  it("refuses names outside of k6's rule", () => {
    const registry = new MetricRegistry();
    for (const name of ['a', 'a-b', '1a', '', 'é1', `a${'b'.repeat(129)}`]) {
      assert.throws(() => registry.define(name, 'counter'), {
        code: 'METRIC_NAME_INVALID',
        message: `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
      });
    }
    assert.equal(registry.define(`a${'b'.repeat(128)}`, 'counter').name.length, 129);
    assert.equal(registry.define('_1', 'counter').type, 'counter');
  });

  it("refuses a known name with another type or value type in k6's words", () => {
    const registry = new MetricRegistry();
    registry.define('dup', 'counter');
    assert.throws(() => registry.define('dup', 'rate'), {
      code: 'METRIC_CONFLICT',
      message: "metric 'dup' already exists but with type counter, instead of rate",
    });
    assert.throws(() => registry.define('dup', 'counter', 'time'), {
      message: "metric 'dup' already exists but with a value type default, instead of time",
    });
    assert.throws(() => registry.define('iterations', 'trend'), {
      message: "metric 'iterations' already exists but with type counter, instead of trend",
    });
    assert.throws(
      () => registry.define('ws_connecting', 'trend'),
      /value type time, instead of default/,
    );
  });
});
