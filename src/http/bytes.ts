/** Bytes in JSON: base64url without padding, in its one canonical spelling. */
import { base64urlnopad } from '@scure/base';
import { SshError } from '../ssh/error.ts';

export const encodeBytes = base64urlnopad.encode;

/** @throws SshError `bad-armor` for a text with stray bits, which the schema's pattern lets pass. */
export function decodeBytes(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (cause) {
    throw new SshError('bad-armor', 'bytes are written in base64url without padding', { cause });
  }
}
