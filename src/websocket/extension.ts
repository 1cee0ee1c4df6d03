/**
 * The grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1), for any extension.
 */

export interface Extension {
  readonly name: string;
  /** In order; a name may wrongly occur twice, which is for the extension to judge. */
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /[ \t]*/y;

/** @returns the extensions in order, undefined if the value does not follow the grammar. */
export function parseExtensions(value: string): Extension[] | undefined {
  const extensions: Extension[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(value);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[1] ?? match[0];
  };
  const takeMark = (mark: string): boolean => {
    take(SPACE);
    const isThere = value[at] === mark;
    if (isThere) at++;
    take(SPACE);
    return isThere;
  };
  take(SPACE);
  do {
    const name = take(TOKEN);
    if (name === undefined) return undefined;
    const parameters: [string, string | true][] = [];
    while (takeMark(';')) {
      const parameter = take(TOKEN);
      if (parameter === undefined) return undefined;
      if (!takeMark('=')) {
        parameters.push([parameter, true]);
        continue;
      }
      const text = value[at] === '"' ? take(QUOTED)?.replace(/\\(.)/g, '$1') : take(TOKEN);
      if (text === undefined) return undefined;
      parameters.push([parameter, text]);
    }
    extensions.push({ name, parameters });
  } while (takeMark(','));
  return at === value.length ? extensions : undefined;
}
