import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findDashboardArgument, readDashboardSettings } from './settings.ts';

const PAGE = { page: true, reportPath: '' };

test('the page is served on 127.0.0.1:5665, a second at a time, by default', () => {
  assert.deepEqual(readDashboardSettings('', {}, PAGE), {
    page: { host: '127.0.0.1', port: 5665, isPortChosen: false, opens: false },
    periodMs: 1000,
    reportPath: undefined,
    tags: undefined,
  });
});

test("k6's variables are read, and arguments win over them", () => {
  const env = {
    K6_WEB_DASHBOARD_HOST: '0.0.0.0',
    K6_WEB_DASHBOARD_PORT: '8080',
    K6_WEB_DASHBOARD_PERIOD: '5s',
    K6_WEB_DASHBOARD_OPEN: 'true',
    K6_WEB_DASHBOARD_EXPORT: 'out.html',
    K6_WEB_DASHBOARD_TAGS: 'group, room',
  };
  assert.deepEqual(readDashboardSettings('port=9090&period=2s', env, PAGE), {
    page: { host: '0.0.0.0', port: 9090, isPortChosen: true, opens: true },
    periodMs: 2000,
    reportPath: 'out.html',
    tags: ['group', 'room'],
  });
});

test('port -1 is no page, and report= is the old name of export=', () => {
  const settings = readDashboardSettings('port=-1&report=r.html', {}, PAGE);
  assert.equal(settings.page, undefined);
  assert.equal(settings.reportPath, 'r.html');
});

test('--report wins over export=, and without a page there is none', () => {
  const settings = readDashboardSettings('', {}, { page: false, reportPath: 'mine.html' });
  assert.equal(settings.page, undefined);
  assert.equal(settings.reportPath, 'mine.html');
});

test('faulty settings are named', () => {
  const refuse = (argument: string, message: RegExp): void => {
    assert.throws(() => readDashboardSettings(argument, {}, PAGE), message);
  };
  refuse('colour=red', /unknown key "colour"; expected host, port/);
  refuse('port=http', /port: got "http"; expected 1 to 65535, 0 for a free one or -1/);
  refuse('port=70000', /port: got "70000"/);
  refuse('period=soon', /period: /);
  refuse('open=perhaps', /open: got "perhaps"; expected true or false/);
  refuse('record=x.ndjson', /record is not supported yet; the report/);
  const env = { K6_WEB_DASHBOARD_PERIOD: '-1s' };
  assert.throws(() => readDashboardSettings('', env, PAGE), /K6_WEB_DASHBOARD_PERIOD: /);
});

test('one --out web-dashboard is taken, and a second one is refused, not dropped', () => {
  assert.equal(findDashboardArgument(['json=a', 'web-dashboards=x']), undefined);
  assert.equal(findDashboardArgument(['json=a', 'web-dashboard']), '');
  assert.equal(findDashboardArgument(['web-dashboard=port=0&tags=a', 'json']), 'port=0&tags=a');
  const refuse = (specs: string[], message: RegExp): void => {
    assert.throws(() => findDashboardArgument(specs), { code: 'OUTPUT_FAILED', message });
  };
  refuse(
    ['web-dashboard=port=0', 'csv', 'web-dashboard=export=r.html'],
    /got --out web-dashboard 2 times; expected one, such as --out 'web-dashboard=port=0&export=r\.html'/,
  );
  refuse(['web-dashboard', 'web-dashboard'], /expected one, such as --out 'web-dashboard'$/);
});
