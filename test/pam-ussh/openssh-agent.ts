/** OpenSSH's agent with the identities of a case: any bytes may be sent to it, as ssh-add would not. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { AgentFrames, frame } from '../../src/agent/frames.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import type { AgentTestKey } from './agent-key.ts';
import type { Scene, SceneIdentity } from './scene.ts';

const SUCCESS = 6;
const ADD_IDENTITY = 17;
const REMOVE_ALL = 19;
const ADD_ID_CONSTRAINED = 25;

/** The identities of a scene that OpenSSH's agent can play, with whatever it answers itself; undefined when it can not. */
export function playableByOpenssh({ agent }: Scene): readonly SceneIdentity[] | undefined {
  if (agent.kind !== 'identities') return undefined;
  const isPlayable = ({ key, answer, constraints, isForOpenssh = true }: SceneIdentity): boolean =>
    isForOpenssh && key?.secret !== undefined && (answer === undefined || constraints !== undefined);
  return agent.identities.every(isPlayable) ? agent.identities : undefined;
}

/** Makes these, in this order, all that the agent holds. @returns whether it took each of them. */
export async function fillAgent(
  socketPath: string,
  identities: readonly SceneIdentity[],
): Promise<readonly boolean[]> {
  const requests = [Uint8Array.of(REMOVE_ALL), ...identities.map(encodeAdd)];
  const socket = createConnection(socketPath);
  await once(socket, 'connect');
  try {
    const replies = await exchange(socket, requests);
    return replies.slice(1).map((reply) => reply[0] === SUCCESS);
  } finally {
    socket.destroy();
  }
}

/** Sends all of them at once; the agent answers one by one. */
async function exchange(socket: Socket, requests: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const frames = new AgentFrames();
  const replies: Uint8Array[] = [];
  for (const request of requests) socket.write(frame(request));
  for await (const chunk of socket) {
    replies.push(...frames.push(chunk));
    if (replies.length >= requests.length) return replies;
  }
  throw new Error('the agent ended');
}

function encodeAdd({ blob, key, constraints = new Uint8Array() }: SceneIdentity): Uint8Array {
  if (key?.secret === undefined) throw new TypeError('an agent needs the secret part of a key');
  const writer = new WireWriter().byte(constraints.length > 0 ? ADD_ID_CONSTRAINED : ADD_IDENTITY);
  const isPlain = Buffer.compare(blob, key.blob) === 0;
  if (isPlain) writer.string(key.type).raw(publicPart(key));
  else writer.string(new WireReader(blob).string()).string(blob);
  return writer.raw(key.secret).string('').raw(constraints).bytes();
}

/** What stands before the secret part of a plain key (OpenSSH: sshkey.c, `sshkey_private_serialize`). */
function publicPart({ type, fields }: AgentTestKey): Uint8Array {
  if (type === 'ssh-ed25519') return new Uint8Array();
  if (type !== 'ssh-rsa') return fields;
  const reader = new WireReader(fields);
  const [exponent, modulus] = [reader.mpint(), reader.mpint()];
  return new WireWriter().mpint(modulus).mpint(exponent).bytes();
}
