/** A folder of files for one test, with everything a test needs to load and run a script from it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

export interface TempProject {
  readonly dir: string;
  path(name: string): string;
  url(name: string): string;
  write(files: Readonly<Record<string, string>>): void;
}

/** Creates the folder with these files; it is removed when the test ends. */
export function tempProject(
  test: TestContext,
  files: Readonly<Record<string, string>>,
): TempProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'gharial-script-')));
  test.after(() => rmSync(dir, { recursive: true, force: true }));
  const project: TempProject = {
    dir,
    path: (name) => join(dir, name),
    url: (name) => pathToFileURL(join(dir, name)).href,
    write(more) {
      for (const [name, text] of Object.entries(more)) {
        mkdirSync(dirname(join(dir, name)), { recursive: true });
        writeFileSync(join(dir, name), text);
      }
    },
  };
  project.write(files);
  return project;
}

/**
 * Evaluates an ES module in a project whose `node_modules/k6` holds stand-ins, and gives its exports.
 * `require` and `import.meta` of the program are not bound: test those through the whole runtime.
 */
export async function evaluate(
  project: TempProject,
  code: string,
  k6Modules: Readonly<Record<string, string>> = {},
): Promise<Record<string, unknown>> {
  const exports: Record<string, string> = {};
  for (const [specifier, text] of Object.entries(k6Modules)) {
    const file = `${specifier.replaceAll('/', '-')}.mjs`;
    exports[specifier === 'k6' ? '.' : `.${specifier.slice(2)}`] = `./${file}`;
    project.write({ [`node_modules/k6/${file}`]: text });
  }
  project.write({
    'node_modules/k6/package.json': JSON.stringify({ name: 'k6', version: '0.0.0', exports }),
    'evaluated.mjs': code,
  });
  const loaded: unknown = await import(project.url('evaluated.mjs'));
  return loaded as Record<string, unknown>; // a module namespace is an object
}
