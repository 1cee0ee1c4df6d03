/**
 * Plain, slow, independent readings of RFC 6455 §5.2 for tests: builds what servers send, reads what
 * clients send. Shares no code with the engine, so that the two can disagree.
 */

export interface ServerFrame {
  readonly opcode: number;
  readonly payload?: Uint8Array | string;
  readonly isFinal?: boolean;
  /** The three reserved bits as a number, RSV1 being 4. */
  readonly rsv?: number;
  readonly isMasked?: boolean;
  /** Use this length form instead of the shortest. */
  readonly lengthBits?: 7 | 16 | 64;
}

/** A frame as a server sends it. */
export function serverFrame(frame: ServerFrame): Buffer {
  const payload = Buffer.from(frame.payload ?? '');
  const length = payload.length;
  const bits = frame.lengthBits ?? (length < 126 ? 7 : length < 65536 ? 16 : 64);
  const header = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  header[0] = (frame.isFinal === false ? 0 : 0x80) | ((frame.rsv ?? 0) << 4) | frame.opcode;
  header[1] = bits === 7 ? length : bits === 16 ? 126 : 127;
  if (bits === 16) header.writeUInt16BE(length, 2);
  if (bits === 64) header.writeBigUInt64BE(BigInt(length), 2);
  if (frame.isMasked !== true) return Buffer.concat([header, payload]);
  header[1] |= 0x80;
  return Buffer.concat([header, Buffer.alloc(4), payload]);
}

export const textFrame = (text: string | Uint8Array): Buffer =>
  serverFrame({ opcode: 1, payload: text });
export const binaryFrame = (payload: Uint8Array): Buffer => serverFrame({ opcode: 2, payload });
export const pingFrame = (payload: string | Uint8Array = ''): Buffer =>
  serverFrame({ opcode: 9, payload });
export const pongFrame = (payload: string | Uint8Array = ''): Buffer =>
  serverFrame({ opcode: 10, payload });

export function closeFrame(code?: number, reason: string | Uint8Array = ''): Buffer {
  if (code === undefined) return serverFrame({ opcode: 8 });
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
  return serverFrame({ opcode: 8, payload });
}

export interface ClientFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly rsv: number;
  readonly key: Buffer;
  readonly payload: Buffer;
}

/** Reads masked frames back to back; throws at anything a client must not send. */
export function readClientFrames(bytes: Uint8Array): ClientFrame[] {
  const data = Buffer.from(bytes);
  const frames: ClientFrame[] = [];
  let at = 0;
  while (at < data.length) {
    const first = data.readUInt8(at);
    const second = data.readUInt8(at + 1);
    at += 2;
    if ((second & 0x80) === 0) throw new Error('client frame without mask');
    let length = second & 0x7f;
    if (length === 126) {
      length = data.readUInt16BE(at);
      at += 2;
      if (length < 126) throw new Error('16-bit length of a short payload');
    } else if (length === 127) {
      length = Number(data.readBigUInt64BE(at));
      at += 8;
      if (length < 65536) throw new Error('64-bit length of a short payload');
    }
    const key = Buffer.from(data.subarray(at, at + 4));
    at += 4;
    if (at + length > data.length) throw new Error('cut client frame');
    const payload = Buffer.alloc(length);
    for (let i = 0; i < length; i++) {
      payload[i] = data.readUInt8(at + i) ^ key.readUInt8(i % 4);
    }
    at += length;
    frames.push({
      opcode: first & 15,
      isFinal: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      key,
      payload,
    });
  }
  return frames;
}
