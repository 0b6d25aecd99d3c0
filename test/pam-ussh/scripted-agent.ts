/** An agent that holds and says whatever a case wants, for programs that ask one: certificates that OpenSSH's refuses, answers that it never gives. */
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { AgentFrames, frame } from '../../src/agent/frames.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import type { SceneAgent, SceneIdentity } from './scene.ts';

const FAILURE = Uint8Array.of(5);
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** Bytes to write, the end of the connection, or silence. */
type Answer = Uint8Array | 'end' | 'wait';

/** Listens at a path that every user can reach. */
export async function startScriptedAgent(path: string, agent: SceneAgent): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    serve(socket, agent);
  });
  server.listen(path);
  await once(server, 'listening');
  await chmod(path, 0o777);
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { [Symbol.asyncDispose]: stop };
}

function serve(socket: Socket, agent: SceneAgent): void {
  const frames = new AgentFrames();
  // Who asks may be killed at any time.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    for (const request of frames.push(chunk)) {
      const answer = answerTo(request, agent);
      if (answer === 'end') socket.end();
      else if (answer !== 'wait') socket.write(answer);
    }
  });
}

function answerTo(request: Uint8Array, agent: SceneAgent): Answer {
  if (agent.kind === 'answers') return agent.answer;
  if (agent.kind !== 'identities') return 'end';
  const reader = new WireReader(request);
  const type = reader.byte();
  if (type === REQUEST_IDENTITIES) return frame(listOf(agent.identities));
  if (type !== SIGN_REQUEST) return frame(FAILURE);
  const blob = reader.string();
  const identity = agent.identities.find((each) => Buffer.compare(each.blob, blob) === 0);
  return identity === undefined ? frame(FAILURE) : signed(identity, reader.string(), reader.uint32());
}

function listOf(identities: readonly SceneIdentity[]): Uint8Array {
  const writer = new WireWriter().byte(IDENTITIES_ANSWER).uint32(identities.length);
  for (const { blob } of identities) writer.string(blob).string('');
  return writer.bytes();
}

/** pam-ussh asks for 32 bytes without flags; for anything else there is no signature. */
function signed({ key, answer }: SceneIdentity, challenge: Uint8Array, flags: number): Answer {
  if (challenge.length !== 32 || flags !== 0) return frame(FAILURE);
  switch (answer?.kind) {
    case 'end':
    case 'wait':
      return answer.kind;
    case 'failure':
      return frame(FAILURE);
    case 'message':
      return frame(answer.message);
    default: {
      const signature = answer === undefined ? key?.sign(challenge) : answer.sign(challenge);
      if (signature === undefined) return frame(FAILURE);
      return frame(new WireWriter().byte(SIGN_RESPONSE).string(signature).bytes());
    }
  }
}
