/** Whether 32 bytes are a usable Ed25519 public key (RFC 8032, sections 5.1.2 and 5.1.3). */
import { hex } from '@scure/base';

const P = 2n ** 255n - 19n;
const SIGN_BIT = 2n ** 255n;
/** -121665/121666, the constant of the curve -x² + y² = 1 + d x² y². */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** y of a point of order 8. */
const ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
/** y of the points of order 1, 2, 4 and 8. */
const SMALL_ORDER = new Set([1n, P - 1n, 0n, ORDER_8, P - ORDER_8]);

/**
 * True for a canonical encoding of a point of the curve that is not of small order. OpenSSL finds a point off the curve
 * only when it verifies, and takes keys of small order, under which one signature is good for many messages.
 */
export function isSoundEd25519Point(point: Uint8Array): boolean {
  if (point.length !== 32) return false;
  const y = littleEndian(point) & (SIGN_BIT - 1n);
  if (y >= P || SMALL_ORDER.has(y)) return false;
  const y2 = (y * y) % P;
  // x² = n/d is a square exactly if n·d is one.
  return isSquare(((y2 - 1n + P) * (D * y2 + 1n)) % P);
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex.encode(bytes.toReversed())}`);
}

/** Whether `value` is a square modulo P: its Jacobi symbol (Crandall and Pomerance, algorithm 2.3.5) is not -1. */
function isSquare(value: bigint): boolean {
  let [a, n, symbol] = [value, P, 1];
  while (a !== 0n) {
    while ((a & 1n) === 0n) {
      a >>= 1n;
      if ((n & 7n) === 3n || (n & 7n) === 5n) symbol = -symbol;
    }
    if ((a & 3n) === 3n && (n & 3n) === 3n) symbol = -symbol;
    [a, n] = [n % a, a];
  }
  return symbol === 1;
}
