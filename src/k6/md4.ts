/** MD4 (RFC 1320), which OpenSSL 3 no longer has by default. For compatibility, not for security. */

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;
const DIGEST_BYTES = 16;
const SHIFTS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
] as const;
const ADDENDS = [0, 0x5a827999, 0x6ed9eba1] as const;
/** Word taken in each step of rounds 2 and 3; round 1 takes them in order. */
const ROUND_2 = [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15];
const ROUND_3 = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15];
const ORDERS = [Array.from({ length: 16 }, (_, i) => i), ROUND_2, ROUND_3] as const;

function mix(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  if (round === 1) return (x & y) | (x & z) | (y & z);
  return x ^ y ^ z;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** The 16 bytes of MD4 over whole data. */
export function md4(data: Uint8Array): Uint8Array {
  const blocks = Math.ceil((data.length + 1 + LENGTH_BYTES) / BLOCK_BYTES);
  const padded = new Uint8Array(blocks * BLOCK_BYTES);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - LENGTH_BYTES, BigInt(data.length) * 8n, true);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let offset = 0; offset < padded.length; offset += BLOCK_BYTES) {
    compress(state, view, offset);
  }
  const digest = new Uint8Array(DIGEST_BYTES);
  const out = new DataView(digest.buffer);
  for (const [index, word] of state.entries()) out.setInt32(index * 4, word, true);
  return digest;
}

function compress(state: Int32Array, view: DataView, offset: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (const [round, order] of ORDERS.entries()) {
    const shifts = SHIFTS[round] ?? SHIFTS[0];
    const addend = ADDENDS[round] ?? 0;
    for (const [step, word] of order.entries()) {
      const sum = a + mix(round, b, c, d) + view.getInt32(offset + word * 4, true) + addend;
      a = d;
      d = c;
      c = b;
      b = rotate(sum | 0, shifts[step % shifts.length] ?? 0);
    }
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}
