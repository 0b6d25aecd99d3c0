/** ECDSA signatures over P-256 as DER (WebAuthn: RFC 3279, section 2.2.3) and as the numbers r and s (SSH). Runs in browsers too. */
import { equalBytes } from './equal-bytes.ts';
import { FidoError } from './error.ts';

export interface EcdsaNumbers {
  /** Big-endian magnitudes without leading zeros. */
  readonly r: Uint8Array;
  readonly s: Uint8Array;
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const MAX_NUMBER_BYTES = 32;

export function encodeEcdsaSignature({ r, s }: EcdsaNumbers): Uint8Array {
  const body = [...integer(r), ...integer(s)];
  return Uint8Array.of(SEQUENCE, body.length, ...body);
}

/** @throws FidoError('malformed') for anything but the DER of two positive numbers below 2^256. */
export function decodeEcdsaSignature(der: Uint8Array): EcdsaNumbers {
  const rLength = der[3] ?? 0;
  const r = stripSign(der.slice(4, 4 + rLength));
  const s = stripSign(der.slice(6 + rLength));
  // DER has one encoding for each pair: what does not encode to the same bytes was not DER.
  const isCanonical = isNumber(r) && isNumber(s) && equalBytes(encodeEcdsaSignature({ r, s }), der);
  if (!isCanonical) throw new FidoError('malformed', 'the ECDSA signature is not DER over P-256');
  return { r, s };
}

function integer(magnitude: Uint8Array): readonly number[] {
  const digits = stripSign(magnitude);
  const needsSign = (digits[0] ?? 0x80) >= 0x80;
  return [INTEGER, digits.length + (needsSign ? 1 : 0), ...(needsSign ? [0] : []), ...digits];
}

function stripSign(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array() : bytes.subarray(start);
}

function isNumber(magnitude: Uint8Array): boolean {
  return magnitude.length > 0 && magnitude.length <= MAX_NUMBER_BYTES;
}
