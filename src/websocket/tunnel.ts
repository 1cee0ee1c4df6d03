/**
 * The talk with a proxy until it has connected us to the server: HTTP CONNECT with Basic credentials
 * (RFC 7231 §4.3.6, RFC 7617) or SOCKS 5 with a user name and password (RFC 1928, RFC 1929). Bytes in,
 * bytes out; the host name goes to the proxy, which resolves it.
 */

import { isIPv4, isIPv6 } from 'node:net';
import { basicAuthorization } from '../base/basic-authorization.ts';
import type { ProxySettings } from './api.ts';
import { WebSocketError, WebSocketErrorCode } from './errors.ts';
import { ResponseReader } from './handshake.ts';

export interface Tunnel {
  /** What to send once TCP, and TLS if the proxy wants that, is up. */
  readonly greeting: Uint8Array;
  /**
   * Takes what the proxy sent.
   * @returns what to send next; `wait` for more; `open` once connected; or why that cannot be.
   */
  push(chunk: Buffer): Uint8Array | 'wait' | 'open' | WebSocketError;
}

/** @throws WebSocketError for credentials or a host name that the proxy's protocol cannot carry. */
export function createTunnel(proxy: ProxySettings, host: string, port: number): Tunnel {
  return proxy.kind === 'socks5'
    ? new SocksTunnel(proxy, host, port)
    : new ConnectTunnel(proxy, host, port);
}

const PROXY_AUTHENTICATION_REQUIRED = 407;

class ConnectTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  private readonly reader = new ResponseReader();
  private readonly what: string;

  constructor(proxy: ProxySettings, host: string, port: number) {
    const authority = joinHostPort(host, port);
    this.what = `${nameOf(proxy)}: CONNECT ${authority}`;
    const { username, password } = proxy;
    const authorization =
      username === '' && password === ''
        ? ''
        : `Proxy-Authorization: ${basicAuthorization(username, password)}\r\n`;
    this.greeting = Buffer.from(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`,
    );
  }

  push(chunk: Buffer): 'wait' | 'open' | WebSocketError {
    const head = this.reader.push(chunk, 0, chunk.length);
    if (head === undefined) return 'wait';
    if (head instanceof WebSocketError) return fault(`${this.what}: ${head.message}`);
    const { status } = head;
    if (status === PROXY_AUTHENTICATION_REQUIRED) {
      return fault(`${this.what}: status 407 (the proxy wants other credentials)`);
    }
    if (status < 200 || status > 299) return fault(`${this.what}: status ${status}`);
    // A server speaks only when spoken to; there is nothing behind the head.
    if (this.reader.restFrom < chunk.length) return fault(`${this.what}: bytes after the answer`);
    return 'open';
  }
}

const SOCKS_VERSION = 5;
const AUTHENTICATION_VERSION = 1;
const METHOD = { none: 0, password: 2, notAcceptable: 0xff } as const;
const CONNECT = 1;
const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 } as const;
const FIELD_BYTES_MAX = 255;

/** RFC 1928 §6. */
const REPLIES: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'connection not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'TTL expired',
  7: 'command not supported',
  8: 'address type not supported',
};

class SocksTunnel implements Tunnel {
  readonly greeting: Uint8Array;
  private readonly request: Buffer;
  private readonly credentials: Buffer | undefined;
  private readonly what: string;
  private stage: 'method' | 'authentication' | 'reply' = 'method';
  private earlier = Buffer.alloc(0);

  constructor(proxy: ProxySettings, host: string, port: number) {
    this.what = `${nameOf(proxy)}: connect to ${joinHostPort(host, port)}`;
    const { username, password } = proxy;
    if (username !== '' || password !== '') {
      this.credentials = Buffer.concat([
        Buffer.of(AUTHENTICATION_VERSION),
        this.field(username, 'user name'),
        this.field(password, 'password'),
      ]);
    }
    this.greeting =
      this.credentials === undefined
        ? Buffer.of(SOCKS_VERSION, 1, METHOD.none)
        : Buffer.of(SOCKS_VERSION, 2, METHOD.none, METHOD.password);
    this.request = Buffer.concat([
      Buffer.of(SOCKS_VERSION, CONNECT, 0),
      this.addressOf(host),
      Buffer.of(port >> 8, port & 0xff),
    ]);
  }

  push(chunk: Buffer): Uint8Array | 'wait' | 'open' | WebSocketError {
    const bytes = Buffer.concat([this.earlier, chunk]);
    this.earlier = bytes;
    if (bytes.length < 2) return 'wait';
    const version = bytes.readUInt8(0);
    const code = bytes.readUInt8(1);
    const expected = this.stage === 'authentication' ? AUTHENTICATION_VERSION : SOCKS_VERSION;
    if (version !== expected) return fault(`${this.what}: the answer is not SOCKS 5`);
    switch (this.stage) {
      case 'method':
        return this.onMethod(code, bytes);
      case 'authentication':
        if (code !== 0) return fault(`${this.what}: the proxy refused the credentials`);
        return this.next(bytes, 2, 'reply', this.request);
      default:
        return this.onReply(code, bytes);
    }
  }

  private onMethod(method: number, bytes: Buffer): Uint8Array | WebSocketError {
    if (method === METHOD.none) return this.next(bytes, 2, 'reply', this.request);
    if (method === METHOD.password && this.credentials !== undefined) {
      return this.next(bytes, 2, 'authentication', this.credentials);
    }
    return fault(
      method === METHOD.notAcceptable
        ? `${this.what}: the proxy wants ${this.credentials === undefined ? '' : 'other '}credentials`
        : `${this.what}: the proxy chose authentication method ${method}`,
    );
  }

  private onReply(code: number, bytes: Buffer): 'wait' | 'open' | WebSocketError {
    if (code !== 0) return fault(`${this.what}: ${REPLIES[code] ?? `reply ${code}`}`);
    if (bytes.length < 5) return 'wait';
    const type = bytes.readUInt8(3);
    const addressBytes =
      type === ADDRESS.ipv4 ? 4 : type === ADDRESS.ipv6 ? 16 : 1 + bytes.readUInt8(4);
    const length = 4 + addressBytes + 2;
    if (bytes.length < length) return 'wait';
    if (bytes.length > length) return fault(`${this.what}: bytes after the answer`);
    return 'open';
  }

  private next(bytes: Buffer, taken: number, stage: 'authentication' | 'reply', send: Buffer) {
    this.earlier = Buffer.from(bytes.subarray(taken));
    this.stage = stage;
    return send;
  }

  private addressOf(host: string): Buffer {
    if (isIPv4(host)) return Buffer.of(ADDRESS.ipv4, ...host.split('.').map(Number));
    if (isIPv6(host)) return Buffer.concat([Buffer.of(ADDRESS.ipv6), ipv6Bytes(host)]);
    return Buffer.concat([Buffer.of(ADDRESS.name), this.field(host, 'host name')]);
  }

  private field(text: string, name: string): Buffer {
    const bytes = Buffer.from(text);
    if (bytes.length > FIELD_BYTES_MAX) {
      throw fault(`${this.what}: ${name} of ${bytes.length} bytes; SOCKS 5 allows 255`);
    }
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  }
}

function ipv6Bytes(host: string): Buffer {
  // The URL parser writes all forms as hexadecimal groups, with at most one `::`.
  const [front = '', back] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const head = groups(front);
  const tail = groups(back ?? '');
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const all = [...head, ...zeros, ...tail];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function nameOf({ host, port }: ProxySettings): string {
  return `proxy ${joinHostPort(host, port)}`;
}

function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function fault(message: string): WebSocketError {
  return new WebSocketError(WebSocketErrorCode.proxy, message);
}
