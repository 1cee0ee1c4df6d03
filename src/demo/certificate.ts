/**
 * A throw-away certificate for the demo's `wss:` port: X.509 v3, self-signed, ECDSA P-256.
 *
 * Written by hand because Node can sign but not issue, and the npm packages that issue bring a
 * whole PKI toolkit for these eighty lines (docs/decisions/0002-demo-certificate.md). Not for
 * production: the private key lives in memory only and dies with the process.
 *
 * @see RFC 5280 §4.1 (certificate), §4.2.1.6 (subject alternative name); RFC 5758 §3.2
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface SelfSigned {
  /** PEM, as `node:tls` takes it. */
  readonly key: string;
  readonly cert: string;
}

const VALID_DAYS = 30;
const DAY_MS = 86_400_000;

/** DER identifier octets; context-specific ones are what RFC 5280 assigns at that place. */
const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  sanDnsName: 0x82,
  sanIpAddress: 0x87,
} as const;

const ECDSA_WITH_SHA256 = oid('2a8648ce3d040302');
const COMMON_NAME = oid('550403');
const SUBJECT_ALT_NAME = oid('551d11');
const BASIC_CONSTRAINTS = oid('551d13');
const V3 = 2;

/**
 * Issues a certificate valid from a day before `nowMs` (clocks differ) for 30 days.
 *
 * @param hosts DNS names and IP literals the certificate speaks for; the first is its common name.
 */
export function issueSelfSigned(hosts: readonly string[], nowMs: number): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = der(Tag.sequence, ECDSA_WITH_SHA256);
  const name = der(
    Tag.sequence,
    der(
      Tag.set,
      der(Tag.sequence, COMMON_NAME, der(Tag.utf8String, Buffer.from(hosts[0] ?? 'localhost'))),
    ),
  );
  const body = der(
    Tag.sequence,
    der(Tag.version, der(Tag.integer, Buffer.of(V3))),
    der(Tag.integer, serialNumber()),
    algorithm,
    name,
    der(Tag.sequence, utcTime(nowMs - DAY_MS), utcTime(nowMs + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(Tag.extensions, der(Tag.sequence, subjectAltName(hosts), isAuthority())),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = der(Tag.sequence, body, algorithm, bitString(signature));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: toPem(certificate),
  };
}

/** Tag, definite length, content: the parts joined. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

function derLength(lengthBytes: number): Buffer {
  if (lengthBytes < 0x80) return Buffer.of(lengthBytes);
  if (lengthBytes < 0x100) return Buffer.of(0x81, lengthBytes);
  return Buffer.of(0x82, lengthBytes >> 8, lengthBytes & 0xff);
}

function oid(hex: string): Buffer {
  return der(Tag.objectId, Buffer.from(hex, 'hex'));
}

/** Positive and without a leading zero octet, as DER integers must be. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

/** `YYMMDDHHMMSSZ`; good until 2049. */
function utcTime(timeMs: number): Buffer {
  const digits = new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(Tag.utcTime, Buffer.from(`${digits}Z`));
}

/** Whole octets, so no unused bits. */
function bitString(bytes: Buffer): Buffer {
  return der(Tag.bitString, Buffer.of(0), bytes);
}

function subjectAltName(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) === 0
      ? der(Tag.sanDnsName, Buffer.from(host))
      : der(Tag.sanIpAddress, ipOctets(host)),
  );
  return der(Tag.sequence, SUBJECT_ALT_NAME, der(Tag.octetString, der(Tag.sequence, ...names)));
}

/** Marks the certificate as its own authority, so that it can be imported as a trusted root. */
function isAuthority(): Buffer {
  const value = der(Tag.sequence, der(Tag.boolean, Buffer.of(0xff)));
  return der(Tag.sequence, BASIC_CONSTRAINTS, der(Tag.octetString, value));
}

function ipOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // The URL parser spells an IPv6 address in one way; what it leaves out between `::` is zeros.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const zeros = new Array<string>(8 - front.length - back.length).fill('0');
  const words = [...front, ...zeros, ...back].map((word) => word.padStart(4, '0'));
  return Buffer.from(words.join(''), 'hex');
}

function toPem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
