import { base64urlnopad } from '@scure/base';
import { UsherCommandError } from './error.ts';

/** Bytes in a reply: the schema has checked the alphabet, here the spelling is checked to be the one canonical. */
export function decodeBytes(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (cause) {
    throw new UsherCommandError('bad-reply', 'a field of the reply is not base64url without padding', {
      cause,
    });
  }
}
