/** DSA keys for `node:crypto`, which takes them in DER only (RFC 3279, section 2.3.2). OpenSSH up to 9.9 can make them. */

export interface DsaNumbers {
  readonly p: Uint8Array;
  readonly q: Uint8Array;
  readonly g: Uint8Array;
  readonly y: Uint8Array;
}

const ID_DSA = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01);
const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/** The SubjectPublicKeyInfo with these magnitudes. */
export function dsaPublicKeyDer({ p, q, g, y }: DsaNumbers): Uint8Array {
  const algorithm = item(SEQUENCE, ID_DSA, item(SEQUENCE, integer(p), integer(q), integer(g)));
  return item(SEQUENCE, algorithm, item(BIT_STRING, Uint8Array.of(0), integer(y)));
}

function integer(magnitude: Uint8Array): Uint8Array {
  return item(
    INTEGER,
    Uint8Array.of(0).subarray((magnitude[0] ?? 0) < 0x80 && magnitude.length > 0 ? 1 : 0),
    magnitude,
  );
}

function item(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.of(tag, ...head, ...content);
}
