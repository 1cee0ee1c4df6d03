/** `gharial completion`: what a shell needs to complete commands, flags and values; from the tables. */
import { ExitCode, GharialError } from '../base/errors.ts';
import { commandArguments } from './command-arguments.ts';
import { optionRowsOf } from './command-options.ts';
import { COMMANDS, type CommandDescription, SHELLS } from './command-table.ts';
import type { CommandContext } from './context.ts';

/** @throws GharialError SHELL_UNKNOWN */
export function completionCommand(args: readonly string[], context: CommandContext): ExitCode {
  const { positionals } = commandArguments('completion', args);
  const shell = SHELLS.find((name) => positionals.length === 1 && name === positionals[0]);
  if (shell === undefined) {
    const got = positionals.length === 0 ? 'none' : positionals.join(' ');
    throw new GharialError(
      'SHELL_UNKNOWN',
      `completion: got ${got}; expected one of ${SHELLS.join(', ')}`,
    );
  }
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
  context.stdout.write(scripts[shell](COMMANDS.map(toEntry)));
  return ExitCode.ok;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What may stand behind the command, beside files. */
  readonly words: readonly string[];
  readonly takesFile: boolean;
}

interface Flag {
  readonly flag: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly value: 'none' | 'file' | 'other' | readonly string[];
}

function toEntry(command: CommandDescription): Entry {
  const { name, summary, operands } = command;
  const choices = /<(\w+(?:\|\w+)+)>$/.exec(operands)?.[1]?.split('|') ?? [];
  return {
    name,
    summary,
    flags: [...command.flags, ...optionFlags(command)].map(({ placeholder, ...flag }) => ({
      ...flag,
      value: valueKindOf(placeholder),
    })),
    words: name === 'help' ? COMMANDS.map((other) => other.name) : choices,
    takesFile: /<script>|\[file\]/.test(operands),
  };
}

function optionFlags(command: CommandDescription): CommandDescription['flags'] {
  return optionRowsOf(command)
    .filter(({ isHidden }) => !isHidden)
    .map(({ flag = '', short, placeholder, bareText, help }) => ({
      flag,
      short,
      placeholder: bareText === undefined ? placeholder : '',
      help,
    }));
}

function valueKindOf(placeholder: string): Flag['value'] {
  if (placeholder === '') return 'none';
  if (placeholder === 'file' || placeholder === 'script') return 'file';
  return placeholder.includes('|') ? placeholder.split('|') : 'other';
}

// ---- bash --------------------------------------------------------------------------------------

/** For bash 3.2 too, which macOS has. An empty COMPREPLY leaves file names to bash. */
function bashScript(entries: readonly Entry[]): string {
  const names = entries.map(({ name }) => name);
  const actions = new Map<string, string>();
  for (const { flags } of entries) {
    for (const { flag, short, value } of flags) {
      if (value === 'none') continue;
      const reply = typeof value === 'string' ? '' : `${bashReply(value)}; `;
      for (const word of words(flag, short)) actions.set(word, `${reply}return`);
    }
  }
  const values = [...actions].map(([word, action]) => `    ${word}) ${action} ;;`);
  return `# bash completion of gharial
_gharial() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' i
  COMPREPLY=()
  case $before in
${values.join('\n')}
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join(' | ')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $command in
${entries.map(bashEntry).join('\n')}
    *) ${bashReply([...names, '--help', '--version'])} ;;
  esac
}
complete -o default -F _gharial gharial
`;
}

function bashEntry({ name, flags, words: operands, takesFile }: Entry): string {
  const reply = bashReply([...flags.map(({ flag }) => `--${flag}`), '--help', ...operands]);
  return takesFile ? `    ${name}) [[ $word == -* ]] && ${reply} ;;` : `    ${name}) ${reply} ;;`;
}

function bashReply(candidates: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${candidates.join(' ')}' -- "$word"))`;
}

function words(flag: string, short: string | undefined): string[] {
  return short === undefined ? [`--${flag}`] : [`--${flag}`, `-${short}`];
}

// ---- zsh ---------------------------------------------------------------------------------------

function zshScript(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  return `#compdef gharial
_gharial() {
  local -a commands=(
${commands.join('\n')}
  )
  local curcontext=$curcontext state line
  _arguments -C '1: :->command' '*:: :->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $line[1] in
${entries.map(zshEntry).join('\n')}
      esac ;;
  esac
}
_gharial "$@"
`;
}

function zshEntry({ name, flags, words: operands, takesFile }: Entry): string {
  const specs = flags.flatMap((flag) =>
    words(flag.flag, flag.short).map((word) => zshFlag(word, flag)),
  );
  if (takesFile) specs.push("'*:file:_files'");
  if (operands.length > 0) specs.push(`'1:${name}:(${operands.join(' ')})'`);
  return `        ${name}) _arguments ${specs.join(' \\\n          ')} ;;`;
}

function zshFlag(word: string, { help, value }: Flag): string {
  const argument = word.startsWith('--') ? '=' : '+';
  const meaning = help.replace(/[[\]:\\]/g, '\\$&');
  const text = `*${word}${value === 'none' ? '' : argument}[${meaning}]`;
  if (value === 'none') return quote(text);
  if (value === 'file') return quote(`${text}:file:_files`);
  return quote(`${text}:value:${value === 'other' ? '' : `(${value.join(' ')})`}`);
}

// ---- fish --------------------------------------------------------------------------------------

function fishScript(entries: readonly Entry[]): string {
  const lines = ['# fish completion of gharial', 'complete -c gharial -f'];
  for (const { name, summary, flags, words: operands, takesFile } of entries) {
    const isChosen = `-n '__fish_seen_subcommand_from ${name}'`;
    lines.push(`complete -c gharial -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`);
    if (takesFile) lines.push(`complete -c gharial ${isChosen} -F`);
    if (operands.length > 0)
      lines.push(`complete -c gharial ${isChosen} -a '${operands.join(' ')}'`);
    for (const flag of flags) lines.push(`complete -c gharial ${isChosen} ${fishFlag(flag)}`);
  }
  return `${lines.join('\n')}\n`;
}

function fishFlag({ flag, short, help, value }: Flag): string {
  const kinds = { none: '', file: ' -r -F', other: ' -x' };
  const kind = typeof value === 'string' ? kinds[value] : ` -x -a '${value.join(' ')}'`;
  return `-l ${flag}${short === undefined ? '' : ` -s ${short}`}${kind} -d ${quote(help)}`;
}

/** For all three shells: no backslash stands in the texts but zsh's own. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
