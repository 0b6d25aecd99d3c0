/** JSON for the parts of a record that no query looks into. Bytes and bigints are tagged: `{"$bytes": …}`, `{"$integer": …}`. */

export function writeRecordJson(value: unknown): string {
  return JSON.stringify(tag(value));
}

/** Reads what `writeRecordJson` wrote of a `T`. Only the store writes these columns, so the text is not checked again. */
export function readRecordJson<T>(text: string): T {
  // JSON.parse gives any; that the column holds a T is the promise of its only writer.
  return JSON.parse(text, untag) as T;
}

function tag(value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: value.toString() };
  if (value instanceof Uint8Array)
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64url') };
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new TypeError('a record holds plain values only');
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [checkedKey(key), tag(inner)]));
}

/** Otherwise an object with such a key would come back as something else. */
function checkedKey(key: string): string {
  if (key.startsWith('$')) throw new TypeError('a field of a record can not begin with $');
  return key;
}

function untag(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$integer' in value && typeof value.$integer === 'string') return BigInt(value.$integer);
  if ('$bytes' in value && typeof value.$bytes === 'string')
    return new Uint8Array(Buffer.from(value.$bytes, 'base64url'));
  return value;
}
