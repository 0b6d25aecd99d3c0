/** Agent messages in a stream: each after its length as uint32. */
import { MAX_AGENT_MESSAGE_BYTES } from '../ssh/agent-messages.ts';
import { SshError } from '../ssh/error.ts';

const LENGTH_BYTES = 4;

export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_BYTES + message.length);
  new DataView(framed.buffer).setUint32(0, message.length);
  framed.set(message, LENGTH_BYTES);
  return framed;
}

/** Collects what arrives and gives back whole messages. */
export class AgentFrames {
  #pending: Uint8Array<ArrayBufferLike> = new Uint8Array();

  /** @throws SshError when a message announces more bytes than any has: before they are collected. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const messages: Uint8Array[] = [];
    for (let message = this.#take(); message !== undefined; message = this.#take()) messages.push(message);
    return messages;
  }

  #take(): Uint8Array | undefined {
    const { buffer, byteOffset, length } = this.#pending;
    if (length < LENGTH_BYTES) return undefined;
    const size = new DataView(buffer, byteOffset).getUint32(0);
    if (size > MAX_AGENT_MESSAGE_BYTES)
      throw new SshError('bad-agent-reply', `a message of ${size} bytes is not one of an agent`);
    if (length < LENGTH_BYTES + size) return undefined;
    const message = Uint8Array.from(this.#pending.subarray(LENGTH_BYTES, LENGTH_BYTES + size));
    this.#pending = this.#pending.subarray(LENGTH_BYTES + size);
    return message;
  }
}
