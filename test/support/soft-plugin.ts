/**
 * A plugin `usher-authenticator-soft` whose authenticator lives in the test: the program on PATH only passes the question on and
 * the answer back. It is touched at once, always.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { base64urlnopad } from '@scure/base';
import { SoftAuthenticator } from './soft-authenticator.ts';

/** What the command asks a plugin, as docs/plugins.md has it. */
export interface PluginQuestion {
  readonly type: 'get' | 'create';
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  readonly credentialIds?: readonly string[];
}

export interface SoftPlugin extends AsyncDisposable {
  /** For PATH. */
  readonly directory: string;
  /** For `--with`. */
  readonly name: 'soft';
  readonly authenticator: SoftAuthenticator;
  /** Every question so far. */
  readonly questions: readonly PluginQuestion[];
}

/** @param before what happens between a question and its answer, for instance to the authority. */
export async function startSoftPlugin(
  before: (question: PluginQuestion) => Promise<void> = async () => undefined,
): Promise<SoftPlugin> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-plugin-'));
  const socketPath = join(directory, 'socket');
  const authenticator = new SoftAuthenticator();
  const questions: PluginQuestion[] = [];
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    // What arrives was written by the command under test, whose form its own tests check.
    const question = JSON.parse(await text(socket)) as PluginQuestion;
    questions.push(question);
    await before(question);
    socket.end(JSON.stringify(answer(authenticator, question)));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  await writeFile(join(directory, 'usher-authenticator-soft'), programText(socketPath), { mode: 0o755 });
  return {
    ...{ directory, name: 'soft', authenticator, questions },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function answer(authenticator: SoftAuthenticator, { type, challenge, origin, rpId }: PluginQuestion): object {
  const ceremony = { challenge: base64urlnopad.decode(challenge), origin, rpId };
  if (type === 'get') return authenticator.get(ceremony);
  const { credentialId, clientDataJSON, attestationObject } = authenticator.create(ceremony);
  return { credentialId, clientDataJSON, attestationObject };
}

function programText(socketPath: string): string {
  return `#!${process.execPath}
const socket = require('node:net').createConnection(${JSON.stringify(socketPath)});
process.stdin.pipe(socket);
socket.pipe(process.stdout);
`;
}
