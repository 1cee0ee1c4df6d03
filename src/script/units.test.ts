import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleScript } from './bundle.ts';
import { tempProject } from './testing/temp-project.ts';
import { createUnitLookup, unitOfSource } from './units.ts';

test('the unit of a source is its innermost package', () => {
  const units = {
    'file:///p/script.js': '.',
    'file:///p/lib/node_modules.js': '.',
    'file:///p/node_modules/chai/lib/chai.js': 'chai',
    'file:///p/node_modules/chai/node_modules/deep/index.js': 'deep',
    'file:///p/node_modules/@faker-js/faker/dist/index.js': '@faker-js/faker',
    'file:///p/node_modules/.pnpm/a@1/node_modules/a/x.js': 'a',
    'https://jslib.k6.io/k6-utils/1.4.0/index.js': 'jslib/k6-utils',
  };
  for (const [url, unit] of Object.entries(units)) assert.equal(unitOfSource(url), unit, url);
});

test('every part of a bundle belongs to the package it came from', async (t) => {
  const project = tempProject(t, {
    'node_modules/esm/package.json': '{"name":"esm","main":"index.js"}',
    'node_modules/esm/index.js': 'export function inEsm() { return 1; }',
    'node_modules/cjs/package.json': '{"name":"cjs","main":"index.js"}',
    'node_modules/cjs/index.js': 'exports.inCjs = function () { return 2; };',
    'lib.js': 'export function inLib() { return 3; }',
    'script.js': `
      import { inEsm } from 'esm';
      import { inCjs } from 'cjs';
      import { inLib } from './lib.js';
      import { randomString } from 'https://jslib.k6.io/k6-utils/1.2.0/index.js';
      export default function inScript() { return [inEsm(), inCjs(), inLib(), randomString(3)]; }`,
  });
  const { code, map } = await bundleScript({ path: project.path('script.js'), cwd: project.dir });
  const unitAt = createUnitLookup(code, map);
  const unitOf = (text: string): string => {
    assert.notEqual(code.indexOf(text), -1, `${text} is not in the bundle`);
    return unitAt(code.indexOf(text));
  };
  assert.equal(unitOf('__commonJS = '), 'esbuild');
  assert.equal(unitOf('require_cjs = __commonJS'), 'cjs');
  assert.equal(unitOf('exports.inCjs'), 'cjs');
  assert.equal(unitOf('function inEsm'), 'esm');
  assert.equal(unitOf('return 1'), 'esm');
  assert.equal(unitOf('function inLib'), '.');
  assert.equal(unitOf('function randomString'), 'jslib/k6-utils');
  assert.equal(unitOf('function inScript'), '.');
  assert.equal(unitAt(code.length - 1), '.');
});
