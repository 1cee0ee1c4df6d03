/** The commands there are, for finding them and for explaining them. */

export interface CommandDescription {
  readonly name: string;
  /** What follows the name in the usage line. */
  readonly operands: string;
  readonly summary: string;
}

export const COMMANDS: readonly CommandDescription[] = [
  { name: 'run', operands: '[flags] <script>', summary: 'run a load test' },
  {
    name: 'demo',
    operands: '[flags]',
    summary: 'serve a chat to test, or run a script against it at once',
  },
  { name: 'help', operands: '[command]', summary: 'explain a command and its flags' },
  { name: 'version', operands: '', summary: 'print the version' },
];
