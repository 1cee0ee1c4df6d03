/**
 * Tar archives (POSIX.1-1988 ustar, POSIX.1-2001 pax) in memory: what k6 writes and reads as a test
 * with everything it needs. Only files and hard links to files; times and owners are left out, so that
 * the same entries are always the same bytes.
 */

/** A file with its content, or one that has the content of an earlier one. */
export type TarEntry =
  | { readonly name: string; readonly content: Uint8Array }
  | { readonly name: string; readonly linkTo: string };

const BLOCK = 512;
const NAME_MAX = 100;
const PAX_NAME = 'PaxHeaders/entry';
/** Eleven octal digits; what is larger is in the pax header too. */
const SIZE_MAX = 8 ** 11 - 1;

/** Where a header holds what: offset and length in bytes. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  owner: [108, 8],
  group: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

const TYPE = {
  file: '0',
  oldFile: '\0',
  hardLink: '1',
  contiguousFile: '7',
  pax: 'x',
  paxGlobal: 'g',
  gnuName: 'L',
  gnuLinkName: 'K',
} as const;

/** Why bytes are no archive that can be read. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

/** Whether the bytes begin as a tar archive does: 512 bytes are enough to tell. */
export function isTar(bytes: Uint8Array): boolean {
  return bytes.length >= BLOCK && hasValidChecksum(bytes.subarray(0, BLOCK));
}

/** The archive's bytes. Names may be of any length and hold any character but NUL. */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  const add = (name: string, type: string, content: Uint8Array, linkName = ''): void => {
    blocks.push(header(name, type, content.length, linkName), content);
    const rest = content.length % BLOCK;
    if (rest > 0) blocks.push(new Uint8Array(BLOCK - rest));
  };
  for (const entry of entries) {
    const linkName = 'linkTo' in entry ? entry.linkTo : '';
    const content = 'linkTo' in entry ? new Uint8Array(0) : entry.content;
    const records = paxRecords(entry.name, linkName, content.length);
    if (records.length > 0) add(PAX_NAME, TYPE.pax, records);
    add(entry.name, 'linkTo' in entry ? TYPE.hardLink : TYPE.file, content, linkName);
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  return Buffer.concat(blocks);
}

/**
 * The files of an archive by name, links followed; folders, devices and symbolic links are left out.
 * Contents are views of `bytes`. A name that comes twice has what came last, as `tar -x` leaves it.
 * @throws TarError for bytes that are no tar archive, or end too soon.
 */
export function readTar(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let pax: ReadonlyMap<string, string> = new Map();
  let paxGlobal: ReadonlyMap<string, string> = new Map();
  let offset = 0;
  while (offset + BLOCK <= bytes.length) {
    const block = bytes.subarray(offset, offset + BLOCK);
    if (block.every((byte) => byte === 0)) return files;
    if (!hasValidChecksum(block)) throw new TarError(`no tar header at byte ${offset}`);
    const attributes = new Map([...paxGlobal, ...pax]);
    const type = textAt(block, 'type');
    const isMeta = (
      [TYPE.pax, TYPE.paxGlobal, TYPE.gnuName, TYPE.gnuLinkName] as string[]
    ).includes(type);
    const size = isMeta ? numberAt(block, 'size') : sizeOf(block, attributes);
    const start = offset + BLOCK;
    const content = bytes.subarray(start, start + size);
    if (content.length < size) throw new TarError('the archive ends in the middle of a file');
    offset = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === TYPE.pax) pax = new Map([...pax, ...parsePax(content)]);
    else if (type === TYPE.paxGlobal) paxGlobal = new Map([...paxGlobal, ...parsePax(content)]);
    else if (type === TYPE.gnuName) pax = new Map([...pax, ['path', textOf(content)]]);
    else if (type === TYPE.gnuLinkName) pax = new Map([...pax, ['linkpath', textOf(content)]]);
    else {
      const name = attributes.get('path') ?? plainName(block);
      if (type === TYPE.hardLink) {
        const linkTo = attributes.get('linkpath') ?? textAt(block, 'linkName');
        const target = files.get(linkTo);
        if (target === undefined) throw new TarError(`"${name}" is a link to nothing: "${linkTo}"`);
        files.set(name, target);
      } else if (isFile(type, name)) files.set(name, content);
      pax = new Map();
    }
  }
  throw new TarError('the archive ends too soon');
}

function isFile(type: string, name: string): boolean {
  if (type === TYPE.oldFile || type === '') return !name.endsWith('/');
  return type === TYPE.file || type === TYPE.contiguousFile;
}

// --- Headers ---

function header(name: string, type: string, size: number, linkName: string): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  const put = (field: keyof typeof FIELD, text: string): void => {
    const [offset, length] = FIELD[field];
    block.write(text, offset, length, 'utf8');
  };
  const putNumber = (field: keyof typeof FIELD, value: number): void => {
    const digits = FIELD[field][1] - 1;
    put(field, `${value.toString(8).padStart(digits, '0')}\0`);
  };
  // What does not fit is cut; the pax header before has it whole.
  put('name', name);
  putNumber('mode', 0o644);
  putNumber('owner', 0);
  putNumber('group', 0);
  putNumber('size', Math.min(size, SIZE_MAX));
  putNumber('time', 0);
  put('type', type);
  put('linkName', linkName);
  put('magic', 'ustar\x0000');
  put('checksum', `${checksumOf(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** Sum of all bytes, those of the checksum itself taken as spaces. */
function checksumOf(block: Uint8Array): number {
  const [start, length] = FIELD.checksum;
  return block.reduce(
    (sum, byte, index) => sum + (index >= start && index < start + length ? 0x20 : byte),
    0,
  );
}

function hasValidChecksum(block: Uint8Array): boolean {
  const text = textAt(block, 'checksum').trim();
  // A block of text has no octal number there; one of zeros has none either.
  return /^[0-7]{1,7}$/.test(text) && Number.parseInt(text, 8) === checksumOf(block);
}

function plainName(block: Uint8Array): string {
  const name = textAt(block, 'name');
  // GNU tar's own format has other things where ustar has the prefix.
  const prefix = /^ustar(\0|$)/.test(textAt(block, 'magic')) ? textAt(block, 'prefix') : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function sizeOf(block: Uint8Array, attributes: ReadonlyMap<string, string>): number {
  const text = attributes.get('size');
  if (text === undefined) return numberAt(block, 'size');
  if (!/^\d{1,15}$/.test(text)) throw new TarError(`bad size ${JSON.stringify(text)}`);
  return Number(text);
}

function numberAt(block: Uint8Array, field: keyof typeof FIELD): number {
  const text = textAt(block, field).trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError(`bad ${field} ${JSON.stringify(text)}`);
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function textAt(block: Uint8Array, field: keyof typeof FIELD): string {
  const [offset, length] = FIELD[field];
  return textOf(block.subarray(offset, offset + length));
}

/** Text up to the first NUL. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}

// --- pax: `<length> <key>=<value>\n`, the length being that of the whole record ---

function paxRecords(name: string, linkName: string, size: number): Uint8Array {
  const records: Uint8Array[] = [];
  if (!fits(name)) records.push(paxRecord('path', name));
  if (!fits(linkName)) records.push(paxRecord('linkpath', linkName));
  if (size > SIZE_MAX) records.push(paxRecord('size', String(size)));
  return Buffer.concat(records);
}

function fits(name: string): boolean {
  const isAscii = Buffer.byteLength(name) === name.length;
  return isAscii && name.length <= NAME_MAX;
}

function paxRecord(key: string, value: string): Uint8Array {
  const tail = Buffer.from(` ${key}=${value}\n`);
  let length = tail.length;
  while (String(length).length + tail.length !== length) {
    length = String(length).length + tail.length;
  }
  return Buffer.concat([Buffer.from(String(length)), tail]);
}

function parsePax(content: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  let offset = 0;
  while (offset < bytes.length) {
    const space = bytes.indexOf(0x20, offset);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('utf8', offset, space));
    const end = offset + length;
    const equals = bytes.indexOf(0x3d, space);
    if (!Number.isInteger(length) || end > bytes.length || equals < 0 || equals >= end) {
      throw new TarError('bad pax header');
    }
    const key = bytes.toString('utf8', space + 1, equals);
    records.set(key, bytes.toString('utf8', equals + 1, end - 1));
    offset = end;
  }
  return records;
}
