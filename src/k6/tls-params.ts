/** `tls: { cert, key, ca, servername, password }` of one socket: a client certificate for each VU. */
import type { TlsSettings } from '../websocket/api.ts';
import { NativeError } from './script-error.ts';

/** What a script gives; everything else comes from the options. */
export type TlsParams = Pick<TlsSettings, 'cert' | 'key' | 'ca' | 'servername' | 'passphrase'>;

/** Names in scripts, and in the settings. */
const FIELDS = {
  cert: 'cert',
  key: 'key',
  ca: 'ca',
  servername: 'servername',
  password: 'passphrase',
} as const;

/** Certificates of that many VUs are kept ready. */
const SETTINGS_MAX = 10_000;
/** Contexts are costly and kept by settings object, so equal params shall have the same one. */
const known = new WeakMap<TlsSettings, Map<string, TlsSettings>>();

/** @throws NativeError that names the field. */
export function parseTlsParams(value: unknown): TlsParams | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') throw new NativeError('tls must be an object');
  const params: Record<string, string | Buffer | readonly (string | Buffer)[]> = {};
  for (const [name, given] of Object.entries(value)) {
    const field = Object.entries(FIELDS).find(([known]) => known === name)?.[1];
    if (field === undefined) {
      throw new NativeError(`unknown tls option ${name}; use ${Object.keys(FIELDS).join(', ')}`);
    }
    if (given === undefined || given === null) continue;
    const isText = field === 'servername' || field === 'passphrase';
    if (isText && typeof given !== 'string') throw new NativeError(`tls.${name} must be a string`);
    params[field] =
      field === 'ca' && Array.isArray(given)
        ? given.map((one) => pemOf(name, one))
        : pemOf(name, given);
  }
  if ((params['cert'] === undefined) !== (params['key'] === undefined)) {
    throw new NativeError('tls.cert and tls.key go together');
  }
  return params;
}

/** Text, or the bytes of `open(path, 'b')`. */
function pemOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof ArrayBuffer) return Buffer.from(value).toString('latin1');
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  }
  throw new NativeError(`tls.${name} must be PEM text or its bytes`);
}

/** The settings of the options with those of the socket in their place; the same object for equal ones. */
export function withTlsParams(base: TlsSettings, params: TlsParams | undefined): TlsSettings {
  if (params === undefined) return base;
  let settings = known.get(base);
  if (settings === undefined) {
    settings = new Map();
    known.set(base, settings);
  }
  const key = JSON.stringify(params);
  let merged = settings.get(key);
  if (merged === undefined) {
    if (settings.size >= SETTINGS_MAX) settings.clear();
    merged = { ...base, ...params };
    settings.set(key, merged);
  }
  return merged;
}
