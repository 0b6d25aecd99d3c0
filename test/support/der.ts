/** A writer of the few DER types (X.690) that test certificates need. */

export type Der = Uint8Array;

export function derSequence(...items: readonly Der[]): Der {
  return derItem(0x30, concat(items));
}

export function derSet(...items: readonly Der[]): Der {
  return derItem(0x31, concat(items));
}

export function derInteger(value: number): Der {
  return derItem(0x02, Uint8Array.of(value));
}

export function derBoolean(value: boolean): Der {
  return derItem(0x01, Uint8Array.of(value ? 0xff : 0));
}

export function derOctets(bytes: Uint8Array): Der {
  return derItem(0x04, bytes);
}

export function derBits(bytes: Uint8Array): Der {
  return derItem(0x03, Uint8Array.of(0, ...bytes));
}

export function derText(text: string): Der {
  return derItem(0x0c, new TextEncoder().encode(text));
}

/** Unix seconds as GeneralizedTime. */
export function derTime(seconds: number): Der {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.000/g, '');
  return derItem(0x18, new TextEncoder().encode(digits));
}

export function derOid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return derItem(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Context-specific, constructed. */
export function derTagged(tag: number, content: Der): Der {
  return derItem(0xa0 | tag, content);
}

export function derItem(tag: number, content: Uint8Array): Der {
  return Uint8Array.of(tag, ...length(content.length), ...content);
}

function length(size: number): readonly number[] {
  if (size < 0x80) return [size];
  return size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
}

function base128(value: number): readonly number[] {
  const digits = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
