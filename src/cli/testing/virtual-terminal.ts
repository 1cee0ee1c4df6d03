/** For tests: a terminal that really draws (xterm.js without a screen), as a stream of a command. */
import xterm from '@xterm/headless';
import type { TextStream } from '../context.ts';

export class VirtualTerminal implements TextStream {
  readonly isTerminal = true;
  readonly losesCursorLine = true;
  readonly #terminal: xterm.Terminal;
  /** Everything that was written, as it was. */
  raw = '';

  constructor(columns: number, rows: number) {
    this.#terminal = new xterm.Terminal({
      cols: columns,
      rows,
      // As the line discipline of a tty does.
      convertEol: true,
      allowProposedApi: true,
      scrollback: 1000,
    });
  }

  get columns(): number {
    return this.#terminal.cols;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  write(text: string): void {
    this.raw += text;
    this.#terminal.write(text);
  }

  /** The user pulls at the window. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.drawn();
    this.#terminal.resize(columns, rows);
  }

  /** Resolves when all that was written is on the screen. */
  drawn(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write('', resolve));
  }

  /** All rows, those that have left the screen too, without trailing blanks and empty rows at the end. */
  async lines(): Promise<{ readonly text: string; readonly isWrapped: boolean }[]> {
    await this.drawn();
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, index) => {
      const line = active.getLine(index);
      return { text: line?.translateToString(true) ?? '', isWrapped: line?.isWrapped ?? false };
    });
    const last = lines.findLastIndex(({ text }) => text !== '');
    return lines.slice(0, last + 1);
  }

  /** The rows as text; what was broken over several is one line. */
  async text(): Promise<string> {
    let text = '';
    for (const line of await this.lines()) text += `${line.isWrapped ? '' : '\n'}${line.text}`;
    return text.slice(1);
  }

  /** Whether long lines are broken, as every shell expects. */
  get isWrapping(): boolean {
    return this.#terminal.modes.wraparoundMode;
  }
}
