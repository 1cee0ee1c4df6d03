import type { LogLevel } from '../k6/host.ts';

/** A line of log, from a script or from the engine. */
export interface LogEntry {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Said by the init code of the script. */
  readonly isInit: boolean;
}
