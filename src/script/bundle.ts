/**
 * Makes one ES module of a script and everything it imports, with k6's modules left as imports.
 *
 * The only file that knows esbuild. It resolves names by k6's rules and beyond (npm packages, JSON,
 * guessed extensions) and turns the bundler's complaints into errors that name file, line and column.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { GharialError } from '../base/errors.ts';
import {
  BY_CONTENT,
  type Complaint,
  isSyntaxError,
  messageLine,
  missingFileMessage,
  NODE_HINT,
  REMOTE,
  scriptError,
  sourceUrl,
  unrecognisedMessage,
} from './bundle-messages.ts';
import { builtInModule } from './jslib/jslib.ts';
import {
  adviceFor,
  isK6Module,
  isK6Specifier,
  refusedModuleMessage,
  unknownModulesMessage,
} from './k6-modules.ts';
import { type ModuleSource, NO_SOURCE } from './module-source.ts';
import type { ScriptBundle, ScriptMap } from './script-bundle.ts';

export interface BundleRequest {
  /** Absolute path of the entry script, which names it even if `text` is given; or its `https:` URL. */
  readonly path: string;
  /** The script's text, when it is not to be read from `path`. */
  readonly text?: string | undefined;
  /** Directory that npm packages of an in-memory script and file names in messages start from. */
  readonly cwd: string;
  /** Where modules come from that are no local files; absent = there are none. */
  readonly source?: ModuleSource | undefined;
}

/** An ES module; its fields mean what they mean in `ScriptBundle`. */
export interface BundledModule
  extends Pick<ScriptBundle, 'entryFormat' | 'modules' | 'sources' | 'warnings'> {
  readonly code: string;
  readonly map: ScriptMap;
  /** URLs of all that was read, whether it is in `code` or not. */
  readonly inputs: readonly string[];
}

let runningBuilds = 0;

/**
 * Bundles a script.
 *
 * Errors: GharialError, exit code 107, with position and source line in the message:
 * `SCRIPT_SYNTAX`, `SCRIPT_MODULE_NOT_FOUND`, `SCRIPT_MODULE_UNKNOWN`, and those of `source`.
 * Cost: starts esbuild's process (about 20 ms) and ends it again when no other bundling runs.
 */
export async function bundleScript(request: BundleRequest): Promise<BundledModule> {
  runningBuilds++;
  try {
    return await build(request, loaderFor(request));
  } catch (cause) {
    if (!isBuildFailure(cause)) throw cause;
    // Standard input has no extension to go by: what is no JavaScript may be TypeScript.
    if (
      request.text !== undefined &&
      extname(request.path) === '' &&
      cause.errors.every(isSyntaxError)
    ) {
      return await build(request, 'ts').catch((secondCause: unknown) => {
        throw isBuildFailure(secondCause) ? scriptError(secondCause, request.cwd) : secondCause;
      });
    }
    throw scriptError(cause, request.cwd, await typeScriptHint(cause, request));
  } finally {
    runningBuilds--;
    // The bundler's process would idle through the whole run.
    if (runningBuilds === 0) await esbuild.stop();
  }
}

async function build(request: BundleRequest, loader: esbuild.Loader): Promise<BundledModule> {
  const entryDir = localDirectory(request);
  const options = buildOptions(request, loader);
  const result = await esbuild.build(options);
  if (!result.warnings.some(isAboutPackageType)) return moduleOf(result, entryDir, request.cwd);
  // k6 tells ES modules and CommonJS apart by what a file holds, whatever package.json says.
  const text = request.text ?? (await readFile(request.path, 'utf8'));
  const byContent = await esbuild.build({
    ...buildOptions({ ...request, text }, loader),
    plugins: [createResolver(request), contentReader],
  });
  return moduleOf(byContent, entryDir, request.cwd);
}

function isRemote(path: string): boolean {
  return path.startsWith('https:');
}

/** Where the bundler takes relative names to start. */
function localDirectory({ path, cwd }: BundleRequest): string {
  return isRemote(path) ? cwd : dirname(path);
}

function buildOptions(request: BundleRequest, loader: esbuild.Loader) {
  const { path, text, cwd } = request;
  const entryDir = localDirectory(request);
  return {
    ...(text === undefined
      ? { entryPoints: [path], ...(isRemote(path) ? {} : { loader: { [extname(path)]: loader } }) }
      : { stdin: { contents: text, sourcefile: path, resolveDir: entryDir, loader } }),
    absWorkingDir: cwd,
    outfile: resolve(entryDir, 'gharial-bundle.js'),
    write: false,
    bundle: true,
    metafile: true,
    sourcemap: 'external',
    format: 'esm',
    platform: 'neutral',
    // The syntax of the oldest Node we run on; newer syntax is lowered.
    target: 'node20',
    conditions: ['browser', 'module'],
    mainFields: ['browser', 'module', 'main'],
    define: { 'process.env.NODE_ENV': '"production"' },
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    // `import 'k6/x'` without names does nothing, and is no mistake.
    logOverride: { 'ignored-bare-import': 'silent' },
    plugins: [createResolver(request)],
  } satisfies esbuild.BuildOptions;
}

/**
 * A default import of a CommonJS module is its `exports.default` if there is one, as in k6; the bundler's
 * helper asks for the `__esModule` mark first.
 */
function withK6Interop(code: string): string {
  return code.replace('!mod.__esModule ?', '!("default" in Object(mod)) ?');
}

type BuildResult = esbuild.BuildResult<{ write: false; metafile: true }>;

function moduleOf(result: BuildResult, entryDir: string, cwd: string): BundledModule {
  const { metafile, warnings } = result;
  const code = withK6Interop(textOf(result, '.js'));
  const { sources, sourcesContent, names, mappings } = JSON.parse(textOf(result, '.js.map')) as {
    sources: string[];
    sourcesContent: string[];
    names: string[];
    mappings: string;
  };
  const urls = sources.map((source) => sourceUrl(source, entryDir));
  const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined);
  const entry = output?.entryPoint === undefined ? undefined : metafile.inputs[output.entryPoint];
  const imported = (output?.imports ?? []).filter(({ path }) => isK6Specifier(path));
  return {
    code,
    map: { version: 3, sources: urls, names, mappings },
    sources: Object.fromEntries(urls.map((url, index) => [url, sourcesContent[index] ?? ''])),
    entryFormat: entry?.format === 'cjs' ? 'commonjs' : 'esm',
    modules: [...new Set(imported.map(({ path }) => path))].sort(),
    inputs: Object.keys(metafile.inputs)
      .filter((name) => !name.startsWith('(disabled):'))
      .map((name) => sourceUrl(name, cwd)),
    warnings: warnings.map((warning) => messageLine(warning, warning.text, cwd)),
  };
}

function textOf(result: BuildResult, ending: string): string {
  const file = result.outputFiles.find(({ path }) => path.endsWith(ending));
  if (file === undefined) throw new Error(`esbuild made no ${ending} file`);
  return file.text;
}

const LOADERS: Readonly<Record<string, esbuild.Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
};

function loaderFor({ path }: Pick<BundleRequest, 'path'>): esbuild.Loader {
  return LOADERS[extname(path)] ?? 'js';
}

// --- Resolution: everything that is not a path or an npm package ---

function createResolver(request: BundleRequest): esbuild.Plugin {
  const source = request.source ?? NO_SOURCE;
  const entryUrl = isRemote(request.path) ? request.path : pathToFileURL(request.path).href;
  return {
    name: 'gharial',
    setup(build) {
      build.onResolve({ filter: /^k6(\/|$)/ }, resolveK6);
      build.onResolve({ filter: /^([A-Za-z][A-Za-z0-9+.-]+:|\/\/)/ }, (args) =>
        resolveUrl(build, source, args),
      );
      build.onResolve({ filter: /^/, namespace: REMOTE }, (args) => {
        const { base, isBuiltIn } = args.pluginData as UrlModule; // set by onLoad below
        return isBuiltIn ? undefined : resolveAgainst(base, source, args);
      });
      if (source.hasFiles) {
        build.onResolve({ filter: /^/, namespace: 'file' }, (args) =>
          args.kind === 'entry-point' ? undefined : resolveAgainst(entryUrl, source, args),
        );
      }
      build.onLoad({ filter: /^/, namespace: REMOTE }, async ({ path }) => {
        const builtIn = await builtInModule(path);
        if (builtIn !== undefined) {
          const pluginData: UrlModule = { base: path, isBuiltIn: true };
          return { contents: builtIn, loader: 'js', pluginData };
        }
        const { text, baseUrl } = await source.load(path);
        const { pathname } = new URL(baseUrl);
        const pluginData: UrlModule = { base: baseUrl, isBuiltIn: false };
        const loader = pathname.endsWith('.json') ? 'json' : loaderFor({ path: pathname });
        return { contents: text, loader, pluginData };
      });
    },
  };
}

/** What a module that is known by its URL tells its own imports. */
interface UrlModule {
  readonly base: string;
  readonly isBuiltIn: boolean;
}

/** Loads the user's `.js` files in a way that hides from esbuild which package they lie in. */
const contentReader: esbuild.Plugin = {
  name: 'gharial-by-content',
  setup(build) {
    build.onResolve({ filter: /^\.{0,2}\// }, async (args) => {
      const { path, kind, importer, resolveDir, pluginData } = args;
      if (pluginData === BY_CONTENT) return undefined;
      const found = await build.resolve(path, {
        kind,
        importer,
        resolveDir,
        pluginData: BY_CONTENT,
      });
      const isOwnScript =
        found.namespace === 'file' &&
        found.path.endsWith('.js') &&
        !found.path.includes('node_modules');
      return isOwnScript ? { path: found.path, namespace: BY_CONTENT } : found;
    });
    build.onLoad({ filter: /^/, namespace: BY_CONTENT }, async ({ path }) => ({
      contents: await readFile(path, 'utf8'),
      resolveDir: dirname(path),
      loader: 'js',
    }));
  },
};

function isAboutPackageType({ id, notes }: esbuild.Message): boolean {
  return (
    id === 'commonjs-variable-in-esm' && notes.some(({ text }) => text.includes('package.json'))
  );
}

function refuse(text: string, detail: Complaint): esbuild.OnResolveResult {
  return { errors: [{ text, detail }] };
}

function resolveK6({ path }: esbuild.OnResolveArgs): esbuild.OnResolveResult {
  const code = 'SCRIPT_MODULE_UNKNOWN';
  if (!isK6Module(path)) {
    const advice = adviceFor(path);
    return advice === undefined
      ? refuse(unknownModulesMessage([path]), { code, unknownModule: path })
      : refuse(refusedModuleMessage(path, advice), { code });
  }
  return { path, external: true, sideEffects: false };
}

async function resolveUrl(
  build: esbuild.PluginBuild,
  source: ModuleSource,
  { path, kind, importer, namespace, resolveDir }: esbuild.OnResolveArgs,
): Promise<esbuild.OnResolveResult> {
  const scheme = path.startsWith('//') ? '' : path.slice(0, path.indexOf(':')).toLowerCase();
  const isFromRemote = namespace === REMOTE && isRemote(importer);
  if (scheme === 'file') {
    if (isFromRemote)
      return refuse(localFileMessage(importer, path), { code: 'SCRIPT_MODULE_REMOTE' });
    if (source.hasFiles) return await resolveModule(new URL(path).href, path, source);
    return await build.resolve(fileURLToPath(path), { kind, importer, resolveDir });
  }
  if (scheme === 'https') return await resolveModule(new URL(path).href, path, source);
  const code = 'SCRIPT_MODULE_NOT_FOUND';
  if (scheme === 'node') return refuse(unrecognisedMessage(path), { code, hint: NODE_HINT });
  if (scheme === '') {
    if (!isFromRemote) return refuse(unrecognisedMessage(path), { code });
    return await resolveModule(new URL(path, importer).href, path, source);
  }
  return refuse(
    `only supported schemes for imports are file and https, ${path} has \`${scheme}\``,
    { code },
  );
}

/** An import by path of a module that is known by its URL. */
async function resolveAgainst(
  base: string,
  source: ModuleSource,
  { path }: esbuild.OnResolveArgs,
): Promise<esbuild.OnResolveResult> {
  if (!/^\.{0,2}\//.test(path) && !/^\.{1,2}$/.test(path)) {
    return refuse(unrecognisedMessage(path), { code: 'SCRIPT_MODULE_NOT_FOUND' });
  }
  return await resolveModule(new URL(path, base).href, path, source);
}

/** Loads the module at once, so that a failure is told with the place of the import. */
async function resolveModule(
  url: string,
  specifier: string,
  source: ModuleSource,
): Promise<esbuild.OnResolveResult> {
  if ((await builtInModule(url)) !== undefined) return { path: url, namespace: REMOTE };
  try {
    await source.load(url);
    return { path: url, namespace: REMOTE };
  } catch (error) {
    if (!(error instanceof GharialError)) throw error;
    const { code, hint, message } = error;
    const text = url.startsWith('file:') ? missingFileMessage(specifier) : message;
    return refuse(text, { code, ...(hint === undefined ? {} : { hint }) });
  }
}

function localFileMessage(origin: string, path: string): string {
  return `origin (${origin}) not allowed to load local file: ${path}`;
}

function isBuildFailure(error: unknown): error is esbuild.BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** TypeScript in a `.js` file is a syntax error, as in k6; say so when that is all that is wrong. */
async function typeScriptHint(
  { errors }: esbuild.BuildFailure,
  request: BundleRequest,
): Promise<string | undefined> {
  const file = errors[0]?.location?.file;
  if (file === undefined || !/\.[cm]?js$/.test(file) || !errors.every(isSyntaxError))
    return undefined;
  const path = resolve(request.cwd, file);
  const isEntryText = path === request.path && request.text !== undefined;
  const text = isEntryText ? request.text : existsSync(path) ? await readFile(path, 'utf8') : '';
  if (text === undefined || (await parses(text, 'js')) || !(await parses(text, 'ts')))
    return undefined;
  return 'this looks like TypeScript, which is read from .ts files only: rename the file';
}

async function parses(text: string, loader: esbuild.Loader): Promise<boolean> {
  return await esbuild.transform(text, { loader, logLevel: 'silent' }).then(
    () => true,
    () => false,
  );
}
