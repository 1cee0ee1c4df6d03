/** The outputs there are, by the name `--out` takes. */
import { GharialError } from '../base/errors.ts';
import { JsonOutput } from '../output/json.ts';
import type { Output } from '../output/output.ts';
import type { CommandContext } from './context.ts';

type CreateOutput = (
  argument: string,
  context: CommandContext,
  warn: (message: string) => void,
) => Output;

const OUTPUTS: Readonly<Record<string, CreateOutput>> = {
  json: (path, { stdout }, warn) => new JsonOutput({ path, stdout, warn }),
};

/**
 * Makes the outputs of `--out type[=argument]`.
 * @throws GharialError OUTPUT_UNKNOWN
 */
export function createOutputs(
  specs: readonly string[],
  context: CommandContext,
  warn: (message: string) => void,
): Output[] {
  return specs.map((spec) => {
    const [, type = '', argument = ''] = /^([^=]*)(?:=(.*))?$/s.exec(spec) ?? [];
    const create = OUTPUTS[type];
    if (create !== undefined) return create(argument, context, warn);
    const known = Object.keys(OUTPUTS).join(', ');
    throw new GharialError(
      'OUTPUT_UNKNOWN',
      `invalid output type '${type}', available types are: ${known}`,
    );
  });
}
