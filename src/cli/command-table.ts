/** The commands there are, for finding them and for explaining them. */
import { type CommandFlag, switchFlag, valueFlag } from './command-flag.ts';
import { DEMO_FLAGS } from './demo-args.ts';

export interface CommandDescription {
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly operands: string;
  readonly summary: string;
  readonly flags: readonly CommandFlag[];
  /** Rows of the option table that it takes, beside the global ones; see `optionRowsOf`. */
  readonly options: 'all' | 'script' | 'none';
}

export const TEMPLATES = ['minimal', 'websocket', 'chat'] as const;
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export const COMMANDS: readonly CommandDescription[] = [
  {
    name: 'run',
    operands: '[flags] <script>',
    summary: 'run a load test',
    flags: [],
    options: 'all',
  },
  {
    name: 'demo',
    operands: '[flags]',
    summary: 'serve a chat to test, or run a script against it at once',
    flags: DEMO_FLAGS,
    options: 'none',
  },
  {
    name: 'new',
    operands: '[flags] [file]',
    summary: 'write a script to start from',
    flags: [
      switchFlag('force', 'replace the file if there is one', 'f'),
      valueFlag(
        'template',
        TEMPLATES.join('|'),
        'what to start from; or the path of a file of yours, with a slash in it (default minimal)',
      ),
    ],
    options: 'none',
  },
  {
    name: 'inspect',
    operands: '[flags] <script>',
    summary: 'print the options of a script as JSON',
    flags: [
      switchFlag(
        'execution-requirements',
        'with defaults, environment and config file, and with what a run needs: time and VUs',
      ),
    ],
    options: 'script',
  },
  {
    name: 'archive',
    operands: '[flags] <script>',
    summary: 'write a test with everything it needs to one file',
    flags: [
      valueFlag('archive-out', 'file', 'where to write it, - = stdout (default archive.tar)', 'O'),
      switchFlag('exclude-env-vars', 'leave out all environment variables, those of -e too'),
    ],
    options: 'all',
  },
  {
    name: 'doctor',
    operands: '[flags]',
    summary: 'print how many connections this host can hold, and what to raise',
    flags: [
      valueFlag('connections', 'int', 'say whether so many connections to one address can be held'),
      valueFlag('local-ips', 'ips', 'with these source addresses: IPs, ranges, CIDRs'),
    ],
    options: 'none',
  },
  {
    name: 'completion',
    operands: `<${SHELLS.join('|')}>`,
    summary: 'print what a shell needs to complete commands and flags',
    flags: [],
    options: 'none',
  },
  {
    name: 'help',
    operands: '[command]',
    summary: 'explain a command and its flags',
    flags: [],
    options: 'none',
  },
  {
    name: 'version',
    operands: '',
    summary: 'print the version',
    flags: [switchFlag('json', 'as JSON')],
    options: 'none',
  },
];
