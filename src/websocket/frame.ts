/**
 * The words of RFC 6455 §5.2 as numbers: opcodes, header bits, length forms and close codes.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| length 7    |  length 16 or 64, if 126/127  |
 *     |I|S|S|S|       |A|             |                               |
 *     |N|V|V|V|       |S|             |  masking key, 32, if M        |
 *     | |1|2|3|       |K|             |  payload                      |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *
 * Only names live here, so that parser and encoder cannot disagree about a bit.
 */

export const Opcode = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** First header byte. */
export const FIN_BIT = 0x80;
/** "This message is compressed", once permessage-deflate is negotiated (RFC 7692 §6). */
export const RSV1_BIT = 0x40;
export const RSV2_AND_RSV3_BITS = 0x30;
export const OPCODE_BITS = 0x0f;
/** Set in the opcode of every control frame. */
export const CONTROL_BIT = 0x08;

/** Second header byte. */
export const MASK_BIT = 0x80;
export const LENGTH_BITS = 0x7f;
/** Values of the 7-bit length that announce a longer one. */
export const LENGTH_IS_16_BIT = 126;
export const LENGTH_IS_64_BIT = 127;

export const LENGTH_7_MAX = 125;
export const LENGTH_16_MAX = 0xffff;
/** RFC 6455 §5.5: control frames carry at most this much and are never fragmented. */
export const CONTROL_PAYLOAD_BYTES_MAX = 125;
/** A Close frame spends two bytes on its code. */
export const CLOSE_REASON_BYTES_MAX = CONTROL_PAYLOAD_BYTES_MAX - 2;
export const MASKING_KEY_BYTES = 4;
/** Two bytes, a 64-bit length and a masking key. */
export const HEADER_BYTES_MAX = 2 + 8 + MASKING_KEY_BYTES;

/** Close codes that the engine itself sends or reports (RFC 6455 §7.4.1). */
export const CloseCode = {
  normal: 1000,
  protocolError: 1002,
  /** Never on the wire: a Close frame without a code. */
  noStatus: 1005,
  /** Never on the wire: no Close frame came. */
  abnormal: 1006,
  invalidPayload: 1007,
  messageTooBig: 1009,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/**
 * Whether a peer may put `code` into a Close frame: the codes defined by RFC 6455 and the IANA
 * registry, and the ranges for libraries (3000) and applications (4000).
 * @see RFC 6455 §7.4
 */
export function isLegalCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
