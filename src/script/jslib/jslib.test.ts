import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleScript } from '../bundle.ts';
import { NO_SOURCE } from '../module-source.ts';
import { evaluate, tempProject } from '../testing/temp-project.ts';
import { builtInModule } from './jslib.ts';

test('papaparse comes from npm, under the address that scripts use', async (t) => {
  const project = tempProject(t, {
    'script.js': `
      import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
      export default papaparse.parse('user,age\\n"a, b",7\\n', { header: true, skipEmptyLines: true }).data;`,
  });
  const request = { path: project.path('script.js'), cwd: project.dir, source: NO_SOURCE };
  const { default: rows } = await evaluate(project, (await bundleScript(request)).code);
  assert.deepEqual(rows, [{ user: 'a, b', age: '7' }]);
});

test('other addresses are not answered', async () => {
  for (const url of [
    'https://jslib.k6.io/httpx/0.1.0/index.js',
    'https://jslib.k6.io/url/1.0.0/other.js',
    'https://example.com/url/1.0.0/index.js',
    'https://jslib.k6.io/constructor/1.0.0/index.js',
  ]) {
    assert.equal(await builtInModule(url), undefined);
  }
});
