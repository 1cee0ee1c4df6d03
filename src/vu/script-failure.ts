/** How a failure of script code reads in the log: as k6 writes it, without frames of ours. */
import { thrownStack, thrownText } from '../base/thrown.ts';
import { thrownFrames } from '../suspend/stack.ts';

/**
 * The text of a script failure as it is logged: stack of an Error, text of anything else. Frames are
 * indented as k6 indents them; a text that ends in frames ends in a line break.
 */
export function describeFailure(error: unknown, isRejection: boolean): string {
  const stack = scriptStack(error).trimEnd();
  const text = stack.replaceAll(/\n {4}at /g, '\n\tat ') + mixingAdvice(error);
  if (!isRejection) return `${text}\n`;
  return `Uncaught (in promise) ${text}${text.includes('\n\tat ') ? '\n' : ''}`;
}

const MODULE_REFERENCE = /^ReferenceError: (module|exports) is not defined$/;

/** k6's words for `module` and `exports` in an ES module; empty for any other error. */
function mixingAdvice(error: unknown): string {
  const [, name] = MODULE_REFERENCE.exec(thrownText(error)) ?? [];
  if (name === undefined) return '';
  return (
    `\nyou are trying to access identifier "${name}", this likely is due to mixing ECMAScript Modules (ESM) and ` +
    "CommonJS syntax. This isn't supported in the JavaScript standard, please use only one or the other"
  );
}

/** The stack, unless it has no frame of the script and would only show ours. */
function scriptStack(error: unknown): string {
  const stack = thrownStack(error);
  return stack.includes('\n    at ') && thrownFrames(error).length === 0
    ? thrownText(error)
    : stack;
}
