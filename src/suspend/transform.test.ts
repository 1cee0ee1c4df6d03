import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOriginal, runTransformed } from './testing/harness.ts';
import { PROGRAMS } from './testing/programs.ts';
import type { SuspendMode } from './transform.ts';

const MODES: readonly SuspendMode[] = ['auto', 'all', 'force'];

for (const [name, code] of Object.entries(PROGRAMS)) {
  for (const mode of MODES) {
    for (const probes of [false, true]) {
      test(`${name} (${mode}${probes ? ', suspended at every entry' : ''})`, async () => {
        const expected = await runOriginal(code, 2);
        assert.ok(expected.length > 0);
        const traces = await runTransformed(code, { mode, probes, vus: 2, iterations: 2 });
        for (const trace of traces) assert.deepEqual(trace, expected);
      });
    }
  }
}
