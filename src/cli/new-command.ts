/** `gharial new`: writes a script to start from. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ExitCode, GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import { commandArguments } from './command-arguments.ts';
import type { CommandContext } from './context.ts';
import { SCRIPT_TEMPLATES, type ScriptTemplate } from './script-templates.ts';

/** @throws GharialError if the file exists, the template does not, or either cannot be used. */
export function newCommand(args: readonly string[], context: CommandContext): ExitCode {
  const { own, positionals } = commandArguments('new', args);
  const [given, ...others] = positionals;
  if (others.length > 0) {
    throw new GharialError(
      'FLAG_INVALID',
      `accepts at most 1 arg(s), received ${positionals.length}`,
    );
  }
  const name = own['template'] ?? 'minimal';
  const template = findTemplate(name, context.cwd);
  const file = given ?? template.fileName;
  const path = resolve(context.cwd, file);
  if (existsSync(path) && own['force'] !== 'true') {
    throw new GharialError(
      'FILE_EXISTS',
      `${file} already exists. Use the \`--force\` flag to overwrite it`,
    );
  }
  try {
    writeFileSync(path, template.text.replaceAll('{file}', file));
  } catch (error) {
    throw fileFault(`could not write ${file}`, error, file);
  }
  context.stdout.write(`New script created: ${file} (${name} template).\n`);
  return ExitCode.ok;
}

/** One of ours, or a file: a name with a slash is a path. */
function findTemplate(name: string, cwd: string): ScriptTemplate {
  if (isKnown(name)) return SCRIPT_TEMPLATES[name];
  if (name.includes('/') || name.includes('\\')) return readTemplate(name, cwd);
  const guess = existsSync(resolve(cwd, name)) ? `, did you mean ./${name}?` : '';
  throw new GharialError(
    'TEMPLATE_UNKNOWN',
    `error retrieving template: invalid template type "${name}"${guess}`,
    { hint: `there are ${Object.keys(SCRIPT_TEMPLATES).join(', ')}` },
  );
}

function isKnown(name: string): name is keyof typeof SCRIPT_TEMPLATES {
  return Object.hasOwn(SCRIPT_TEMPLATES, name);
}

function readTemplate(name: string, cwd: string): ScriptTemplate {
  try {
    return { fileName: 'script.js', text: readFileSync(resolve(cwd, name), 'utf8') };
  } catch (error) {
    throw fileFault('error retrieving template', error, name);
  }
}

function fileFault(what: string, error: unknown, path: string): GharialError {
  return new GharialError('FILE_FAILED', `${what}: ${reasonOf(error, path)}`, { cause: error });
}
