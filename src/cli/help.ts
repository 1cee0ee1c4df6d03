/** Help texts, written from the tables that parse the flags, so that they cannot differ. */
import type { OptionRow } from '../options/table.ts';
import type { CommandFlag } from './command-flag.ts';
import { optionRowsOf } from './command-options.ts';
import { COMMANDS, type CommandDescription } from './command-table.ts';

/** One line of a list: what to type, what it does. */
type HelpLine = readonly [term: string, meaning: string];

const COLUMNS_MAX = 100;
const TERM_COLUMNS_MAX = 34;
const NO_COMMAND = { options: 'none' } as const;

const INTRODUCTIONS: Readonly<Record<string, string>> = {
  run:
    'Runs the load test in a script, written for k6 or for gharial, in JavaScript or TypeScript. The ' +
    'script is a file, or - for standard input. Flags outrank environment variables, these the ' +
    'options in the script, and these the config file.',
  demo:
    'Serves a small chat and an echo over ws: and wss: until Ctrl-C. With --run it starts the server ' +
    'on free ports, runs a script against it with the addresses in __ENV.WS_URL and __ENV.WSS_URL, ' +
    "and ends with the run's exit code.",
  new:
    'Writes a script to start from, script.js if no other name is given (script.ts for the chat): ' +
    'minimal = one request to an echo server, websocket = sockets with checks and thresholds, ' +
    'chat = users of a chat room, in TypeScript.',
  inspect:
    'Runs the init code of a script and prints the options it exports as JSON; nothing is tested. ' +
    'Flags and environment count only with --execution-requirements.',
  archive:
    'Runs the init code of a script and writes the script, everything it imports and opens, and its ' +
    'options (flags, environment and config file included) to a tar file. gharial run runs it anywhere, ' +
    'without network; k6 runs it too, if the script imports nothing that k6 does not know.',
  completion:
    'Prints completion code for a shell. bash: source <(gharial completion bash); zsh: gharial ' +
    'completion zsh > a file _gharial in $fpath; fish: gharial completion fish | source.',
  help: 'Explains a command and its flags.',
  version: 'Prints the version of gharial and of what it runs on.',
};

/** Help for one command, or the overview. */
export function helpText(command: string | undefined): string {
  const description = COMMANDS.find(({ name }) => name === command);
  if (description === undefined) return overview();
  const { name, operands } = description;
  const parts = [
    `${wrap(INTRODUCTIONS[name] ?? '', 0)}\n`,
    `Usage:\n  gharial ${name} ${operands}`.trimEnd().concat('\n'),
  ];
  const flags = [
    ...description.flags.map(commandFlagLine),
    ...flagLines(description, ['test', 'run']),
  ];
  if (flags.length > 0) parts.push(list('Flags', flags));
  parts.push(list('Global flags', flagLines(description, ['global'])));
  return parts.join('\n');
}

function overview(): string {
  const commands = COMMANDS.map(({ name, summary }): HelpLine => [name, summary]);
  return [
    'gharial tests WebSocket services under load, with scripts as k6 runs them.\n',
    'Usage:\n  gharial <command> [flags]\n',
    list('Commands', commands),
    list('Examples', [
      ['gharial demo', 'something to test'],
      ['gharial run chat.ts', 'a run as the script describes it'],
      ['gharial run -u 50 -d 1m chat.ts', '50 virtual users for a minute'],
    ]),
    list('Global flags', flagLines(NO_COMMAND, ['global'])),
    'More about a command: gharial help <command>\n',
  ].join('\n');
}

function flagLines(
  command: Pick<CommandDescription, 'options'>,
  sections: readonly OptionRow['section'][],
): HelpLine[] {
  return optionRowsOf(command)
    .filter(({ section, isHidden }) => sections.includes(section) && !isHidden)
    .map(flagLine);
}

function commandFlagLine({ flag, short, placeholder, help }: CommandFlag): HelpLine {
  const term = `${short === undefined ? '    ' : `-${short}, `}--${flag} ${placeholder}`;
  return [term.trimEnd(), help];
}

function flagLine(row: OptionRow): HelpLine {
  const short = row.short === undefined ? '    ' : `-${row.short}, `;
  const value = row.bareText === undefined && row.placeholder !== '' ? ` ${row.placeholder}` : '';
  const facts = [
    row.support === 'not-supported' ? 'not supported yet' : '',
    // A switch is off unless it says otherwise; that needs no words.
    row.defaultText === '' || row.defaultText === 'false' ? '' : `default ${row.defaultText}`,
    row.env === undefined ? '' : row.env,
  ].filter((fact) => fact !== '');
  const meaning = facts.length === 0 ? row.help : `${row.help} (${facts.join('; ')})`;
  return [`${short}--${row.flag}${value}`, meaning];
}

function list(title: string, lines: readonly HelpLine[]): string {
  const termColumns = Math.min(TERM_COLUMNS_MAX, Math.max(...lines.map(([term]) => term.length)));
  const indent = termColumns + 4;
  const body = lines.map(([term, meaning]) => {
    const text = wrap(meaning, indent);
    return term.length > termColumns
      ? `  ${term}\n${' '.repeat(indent)}${text}`
      : `  ${term.padEnd(termColumns)}  ${text}`;
  });
  return `${title}:\n${body.join('\n')}\n`;
}

/** Breaks a text between words; lines after the first are indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > COLUMNS_MAX) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
