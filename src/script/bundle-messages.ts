/**
 * What the bundler says, in words that name file, line and column and show the line. Its message texts
 * are matched here and nowhere else; its version is pinned.
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ExitCode, GharialError } from '../base/errors.ts';
import { unknownModulesMessage } from './k6-modules.ts';
import { formatExcerpt, formatPosition } from './source-position.ts';

/** Where modules come from that are not simply files (`REMOTE`: known by their URL); also the prefix of their names in messages. */
export const REMOTE = 'remote';
export const BY_CONTENT = 'by-content';

export const NODE_HINT =
  'scripts run outside Node.js: its built-in modules are not available to them';

const REPORTED_ERRORS_MAX = 5;

/** A message as the bundler gives it. */
export interface BundlerMessage {
  readonly text: string;
  readonly location: BundlerLocation | null;
  readonly notes: readonly { readonly text: string }[];
  /** A `Complaint`, if the message comes from our own resolver. */
  readonly detail?: unknown;
}

interface BundlerLocation {
  readonly file: string;
  readonly namespace: string;
  /** From 1. */
  readonly line: number;
  /** From 0, in bytes of UTF-8. */
  readonly column: number;
  readonly lineText: string;
}

/** What our resolver knows about an import that it refuses. */
export interface Complaint {
  readonly code: string;
  readonly hint?: string;
  readonly unknownModule?: string;
}

interface Description extends Complaint {
  readonly text: string;
}

/** k6's text for a specifier that is neither a path nor a URL nor a module of its own. */
export function unrecognisedMessage(specifier: string): string {
  return `The moduleSpecifier "${specifier}" couldn't be recognised as something k6 supports.`;
}

/** Addresses without a scheme, which k6 took until 0.53. */
const SCHEMELESS = /^(github\.com|cdnjs\.com)\//;
export const WHOLE_ADDRESS_HINT = 'write the whole address of the file: https://…';

/** The text for an address that k6 once completed by itself; undefined for all others. */
export function schemelessMessage(specifier: string): string | undefined {
  const [, host] = SCHEMELESS.exec(specifier) ?? [];
  if (host === undefined) return undefined;
  return `The moduleSpecifier "${specifier}" has no scheme: importing from ${host} without one is no longer supported.`;
}

/** k6's text for a path that leads to no file. */
export function missingFileMessage(specifier: string): string {
  return (
    `The moduleSpecifier "${specifier}" couldn't be found on local disk. ` +
    "Make sure that you've specified the right path to the file."
  );
}

export function isSyntaxError(message: BundlerMessage): boolean {
  return describe(message).code === 'SCRIPT_SYNTAX';
}

/**
 * The error for a failed bundling: its first few messages, each with place and source line.
 * Names in messages are relative to `cwd`. `hint` goes before what a message itself suggests.
 */
export function scriptError(
  failure: { readonly errors: readonly BundlerMessage[] },
  cwd: string,
  hint?: string,
): GharialError {
  const described = failure.errors.map((message) => ({ message, ...describe(message) }));
  // Modules that nobody knows are named together, at the place of the first.
  const unknown = described.filter(({ unknownModule }) => unknownModule !== undefined);
  const unknownNames = new Set(unknown.flatMap(({ unknownModule }) => unknownModule ?? []));
  const unknownText = unknownModulesMessage([...unknownNames]);
  const blocks = described
    .filter((one) => one.unknownModule === undefined || one === unknown[0])
    .map(({ message, text, unknownModule }) => {
      const what = unknownModule === undefined ? text : unknownText;
      return messageLine(message, what, cwd) + excerptOf(message);
    });
  const shown = blocks.slice(0, REPORTED_ERRORS_MAX);
  if (blocks.length > shown.length) shown.push(`and ${blocks.length - shown.length} more`);
  const givenHint = hint ?? described.find((one) => one.hint !== undefined)?.hint;
  return new GharialError(described[0]?.code ?? 'SCRIPT_SYNTAX', shown.join('\n'), {
    exitCode: ExitCode.scriptException,
    cause: failure,
    ...(givenHint === undefined ? {} : { hint: givenHint }),
  });
}

/** One line: what is wrong, and where. */
export function messageLine({ location }: BundlerMessage, text: string, cwd: string): string {
  if (location === null) return text;
  const { file, namespace, line } = location;
  const name = namespace === '' || namespace === 'file' ? file : `${namespace}:${file}`;
  const position = { url: sourceUrl(name, cwd), line, column: columnOf(location) };
  return `${text} at ${formatPosition(position)}`;
}

/** The URL of a source as the bundler names it: a path relative to `baseDir`, or `<origin>:<path>`. */
export function sourceUrl(source: string, baseDir: string): string {
  if (source.startsWith(`${REMOTE}:`)) return source.slice(REMOTE.length + 1);
  const path = source.startsWith(`${BY_CONTENT}:`) ? source.slice(BY_CONTENT.length + 1) : source;
  return pathToFileURL(resolve(baseDir, path)).href;
}

function describe({ text, detail, notes }: BundlerMessage): Description {
  if (isComplaint(detail)) return { ...detail, text };
  const [, missing] = /^Could not resolve "(.*)"$/s.exec(text) ?? [];
  if (missing !== undefined) return describeMissing(missing, notes);
  const [, file, name] = /^No matching export in "(.*)" for import "(.*)"$/s.exec(text) ?? [];
  if (file !== undefined) {
    return {
      code: 'SCRIPT_SYNTAX',
      text: `SyntaxError: the module "${file}" does not provide an export named "${name}"`,
    };
  }
  const [, extension] = /^No loader is configured for "(.*)" files/.exec(text) ?? [];
  if (extension !== undefined) {
    return {
      code: 'SCRIPT_MODULE_NOT_FOUND',
      text: `files of type "${extension}" can't be imported`,
      hint: 'read the file with open() in the init code',
    };
  }
  return { code: 'SCRIPT_SYNTAX', text: `SyntaxError: ${text}` };
}

function describeMissing(
  specifier: string,
  notes: readonly { readonly text: string }[],
): Description {
  const code = 'SCRIPT_MODULE_NOT_FOUND';
  if (/^\.{0,2}\//.test(specifier) || /^\.{1,2}$/.test(specifier)) {
    return { code, text: missingFileMessage(specifier) };
  }
  const schemeless = schemelessMessage(specifier);
  if (schemeless !== undefined) return { code, text: schemeless, hint: WHOLE_ADDRESS_HINT };
  const text = unrecognisedMessage(specifier);
  if (notes.some((note) => note.text.includes('built into node'))) {
    return { code, text, hint: NODE_HINT };
  }
  const hint = `if it is an npm package, install it: npm install ${packageName(specifier)}`;
  return { code, text, hint };
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function isComplaint(detail: unknown): detail is Complaint {
  return typeof detail === 'object' && detail !== null && 'code' in detail;
}

function excerptOf({ location }: BundlerMessage): string {
  if (location === null) return '';
  // Only this line is at hand: put it where its number says.
  const source = '\n'.repeat(location.line - 1) + location.lineText;
  return `\n${formatExcerpt(source, location.line, columnOf(location))}`;
}

/** UTF-16 units from 1, as everybody else counts. */
function columnOf({ lineText, column }: BundlerLocation): number {
  return Buffer.from(lineText).subarray(0, column).toString().length + 1;
}
