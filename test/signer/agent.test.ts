import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agentSigner } from '../../src/signer/agent.ts';
import { fileSigner } from '../../src/signer/file.ts';
import { verifySignature } from '../../src/ssh/signature.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { generateKey, PLAIN_KEY_TYPES } from '../support/keys.ts';

const DRAFT = Uint8Array.of(1, 2, 3);
const LIMITS = { answer: 500, signature: 50 };

/** Something at an agent's socket that treats its callers like this. */
async function withAgent(treat: (caller: Socket) => void, work: (socketPath: string) => Promise<void>) {
  const directory = await mkdtemp(join(tmpdir(), 'usher-signer-'));
  const socketPath = join(directory, 'agent');
  const callers: Socket[] = [];
  const server = createServer((caller) => {
    callers.push(caller.on('error', () => undefined));
    treat(caller);
  }).listen(socketPath);
  await once(server, 'listening');
  await work(socketPath);
  for (const caller of callers) caller.destroy();
  server.close();
  await rm(directory, { recursive: true });
}

describe('a CA key in an agent', () => {
  const { publicKey } = generateKey('ssh-ed25519');

  it('does not sign when there is no agent', async () => {
    const signing = agentSigner('/nowhere/agent', publicKey, LIMITS).sign(DRAFT);
    expect(await codeOfAsync(signing)).toBe('unreachable');
  });

  it.for([
    ['never answers', () => undefined, 'timeout'],
    ['hangs up', (caller: Socket) => caller.destroy(), 'closed'],
    ['refuses', (caller: Socket) => caller.write(Uint8Array.of(0, 0, 0, 1, 5)), 'refused'],
  ] as const)('does not sign when the agent %s', async ([, treat, code]) => {
    await withAgent(treat, async (socketPath) => {
      const signing = agentSigner(socketPath, publicKey, LIMITS).sign(DRAFT);
      expect(await codeOfAsync(signing)).toBe(code);
    });
  });
});

describe('a CA key in a file', () => {
  it.for(PLAIN_KEY_TYPES)('of type %s signs what it is given', async (type) => {
    const signer = fileSigner(generateKey(type));
    const signature = await signer.sign(DRAFT);
    expect(verifySignature(signer.publicKey, signature, DRAFT).valid).toBe(true);
    expect(verifySignature(signer.publicKey, signature, Uint8Array.of(1, 2)).valid).toBe(false);
  });
});
