// Makes one file each of what the command and its threads load at their start, in place: to find, read and
// compile some three hundred small modules takes longer than all the rest of a start. What is loaded later
// stays apart, in dist/chunks. The modules themselves stay where they are, for the library and the tests.
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const ENTRIES = ['cli/main', 'worker/main', 'worker/remote-reader-main'];
/** All outputs lie this deep, whatever room they come from. */
const TO_DIST = '../';

/** Classes keep their names, which scripts see: the bundler renames those that speak of themselves. */
function keptNames(text) {
  const names = [...text.matchAll(/^(?:export )?class (\w+)/gm)].map(([, name]) => name);
  return names.map(
    (name) =>
      `if (${name}.name !== "${name}") Object.defineProperty(${name}, "name", { value: "${name}", configurable: true });\n`,
  );
}

/** Files are found relative to the module that speaks of them, wherever its text ends up. */
const keepPlaces = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const place = `new URL(${JSON.stringify(TO_DIST + relative(dist, path))}, import.meta.url).href`;
      const text = await readFile(path, 'utf8');
      const contents = [text.replaceAll('import.meta.url', place), ...keptNames(text)].join('\n');
      return { contents, loader: 'js' };
    });
  },
};

/** The suspension runtime knows its own frames in a stack by their folder. It imports nothing of ours. */
const keepSuspensionRuntime = {
  name: 'keep-suspension-runtime',
  setup({ onResolve }) {
    onResolve({ filter: /\/suspend\/(?:blocking-error|op|runtime|stack)\.js$/ }, ({ path }) => ({
      path,
      external: true,
    }));
  },
};

rmSync(join(dist, 'chunks'), { recursive: true, force: true });
await build({
  entryPoints: ENTRIES.map((name) => ({ in: join(dist, `${name}.js`), out: name })),
  outdir: dist,
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  plugins: [keepPlaces, keepSuspensionRuntime],
  logLevel: 'warning',
});
