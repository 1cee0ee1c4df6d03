// Writes the parts of docs/ that follow from the code: the option table in k6-compatibility.md and the
// list of error codes in errors.md. With --check it writes nothing and fails if a part is stale.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { parse } from 'acorn';

const USAGE = `node scripts/docs.mjs [options]

  --from <dir>   the built code (default dist)
  --check        fail if docs/ is stale, write nothing`;

const { values: options } = parseArgs({
  options: {
    from: { type: 'string', default: 'dist' },
    check: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const built = resolve(root, options.from);
const { OPTION_ROWS } = await import(pathToFileURL(join(built, 'options', 'table.js')).href);
const { ExitCode } = await import(pathToFileURL(join(built, 'base', 'errors.js')).href);

const stale = [
  ['docs/k6-compatibility.md', 'options', optionTable()],
  ['docs/errors.md', 'codes', errorTable()],
].filter(([path, name, text]) => !update(path, name, text));
if (options.check && stale.length > 0) {
  for (const [path, name] of stale) {
    console.error(`${path}: the part "${name}" is stale; run: node scripts/docs.mjs`);
  }
  process.exit(1);
}

/** Puts the text between the markers of a part. True if it stood there already. */
function update(path, name, text) {
  const file = join(root, path);
  const before = readFileSync(file, 'utf8');
  const begin = `<!-- ${name}: written by scripts/docs.mjs -->\n`;
  const end = `<!-- end of ${name} -->`;
  const from = before.indexOf(begin);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no part "${name}"`);
  const after = `${before.slice(0, from + begin.length)}\n${text}\n${before.slice(to)}`;
  if (after === before) return true;
  if (!options.check) writeFileSync(file, after);
  return false;
}

function optionTable() {
  const sections = [
    ['test', 'Options of the test'],
    ['run', 'Settings of a run'],
    ['global', 'Flags of every command'],
  ];
  return sections
    .map(([section, title]) => {
      const rows = OPTION_ROWS.filter((row) => row.section === section).map(optionRow);
      return `### ${title}\n\n${table(['option', 'flag', 'environment', 'here'], rows)}`;
    })
    .join('\n');
}

function optionRow({ key, flag, short, env, isInScript, isInFile, support, note }) {
  const dashes = short === undefined ? `--${flag}` : `--${flag}, -${short}`;
  const state = { same: 'same', differs: 'differs', 'not-supported': 'no effect, with a warning' };
  const isOwn = note === 'gharial only';
  return [
    isInScript || isInFile ? code(key) : '',
    flag === undefined ? '' : code(dashes),
    env === undefined ? '' : code(env),
    isOwn ? note : [state[support], note].filter((text) => text !== '').join(': '),
  ];
}

/** Every `new GharialError('CODE', …)` of the built code, by code. */
function errorTable() {
  const codes = new Map();
  for (const path of readdirSync(built, { recursive: true }).map(String).sort()) {
    if (!/\.js$/.test(path) || /\.test\.js$|(^|[/\\])testing[/\\]/.test(path)) continue;
    const text = readFileSync(join(built, path), 'utf8');
    if (!text.includes('GharialError(')) continue;
    const program = parse(text, {
      ecmaVersion: 'latest',
      sourceType: 'module',
      allowHashBang: true,
    });
    visit(program, (node) => {
      if (node.type !== 'NewExpression' || node.callee.name !== 'GharialError') return;
      const [codeNode, message, facets] = node.arguments;
      if (codeNode?.type !== 'Literal') return;
      const entry = codes.get(codeNode.value) ?? { exits: new Set(), texts: new Set() };
      codes.set(codeNode.value, entry);
      entry.exits.add(exitCodeOf(facets));
      const words = messageOf(message);
      if (words !== undefined) entry.texts.add(words);
    });
  }
  const rows = [...codes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { exits, texts }]) => [
      code(name),
      [...exits].sort((a, b) => a - b).join(', '),
      [...texts].sort().map(code).join('<br>'),
    ]);
  return table(['code', 'exit', 'says'], rows);
}

function exitCodeOf(facets) {
  const given = facets?.properties?.find(({ key }) => key?.name === 'exitCode')?.value;
  if (given === undefined) return ExitCode.other;
  const name = given.type === 'MemberExpression' ? given.property.name : undefined;
  return ExitCode[name] ?? 'as its cause';
}

/** The text with … for what is filled in; undefined if it is made elsewhere. */
function messageOf(node) {
  if (node?.type === 'Literal') return node.value;
  if (node?.type === 'TemplateLiteral') {
    return node.quasis
      .map(({ value }) => value.cooked)
      .join('…')
      .split('\n')[0];
  }
  if (node?.type === 'BinaryExpression') {
    const parts = [messageOf(node.left), messageOf(node.right)];
    return parts.includes(undefined) ? undefined : parts.join('');
  }
  return undefined;
}

function visit(value, onNode) {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, onNode);
  } else if (typeof value === 'object' && value !== null && 'type' in value) {
    onNode(value);
    for (const child of Object.values(value)) visit(child, onNode);
  }
}

function table(heads, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function code(text) {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}
