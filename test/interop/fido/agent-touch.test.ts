/** A touch by an `sk` SSH key through the real ssh-agent, with OpenSSH's software key in place of hardware. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import { buildClientData } from '../../../src/fido/client-data.ts';
import { assertionFromSshSignature } from '../../../src/fido/ssh-assertion.ts';
import { verifyTouch } from '../../../src/fido/verify-touch.ts';
import { readSecurityKeyFile } from '../../../src/ssh/openssh-key.ts';
import type { SecurityKeyFile } from '../../../src/ssh/private-key.ts';
import type { SecurityPublicKey } from '../../../src/ssh/public-key.ts';
import { encodePublicKey, fingerprint } from '../../../src/ssh/public-key.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SK_DUMMY, SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';

const ORIGIN = 'https://ca.example.org';
const DIGEST = new Uint8Array(32).fill(0xd1);
const CLIENT_DATA = buildClientData('webauthn.get', DIGEST, ORIGIN);
const NO_FLAGS = 0;
/** In the flags of a key file (PROTOCOL.u2f). */
const VERIFICATION_REQUIRED = 0x04;
const PARTS = { ...SSH_AGENT_PARTS, 'ssh-keygen': 'openssh-client', [SK_DUMMY]: 'openssh-tests' };

describe.runIf(haveParts(PARTS))('with a real ssh-agent', () => {
  let agent: SshAgent;
  let connection: AgentConnection;
  let folder: string;
  let made = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'usher-touch-'));
    agent = await startSshAgent();
    connection = await AgentConnection.connect(agent.socketPath);
  });

  afterAll(async () => {
    connection?.close();
    await agent?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function newKey(type: string, ...options: readonly string[]): Promise<SecurityKeyFile> {
    made += 1;
    const path = join(folder, `key${made}`);
    const all = options.flatMap((option) => ['-O', option]);
    await runOrThrow(program('ssh-keygen'), ['-q', '-t', type, '-w', SK_DUMMY, '-N', '', '-f', path, ...all]);
    return readSecurityKeyFile(await readFile(path, 'utf8'));
  }

  async function addedKey(type: string, ...options: readonly string[]): Promise<SecurityPublicKey> {
    const key = await newKey(type, ...options);
    await connection.add({ key, comment: type }, { securityKeyProvider: SK_DUMMY });
    return key.publicKey;
  }

  async function touch(key: SecurityPublicKey, signed = CLIENT_DATA) {
    const blob = encodePublicKey(key);
    const signature = await connection.sign(blob, signed, NO_FLAGS);
    const credential = {
      kind: 'ssh-sk' as const,
      id: fingerprint(key),
      publicKey: blob,
      counter: 0,
      rpId: key.application,
    };
    return {
      assertion: assertionFromSshSignature(key, signature, CLIENT_DATA),
      credential,
      digest: DIGEST,
      origin: ORIGIN,
      rpId: 'ca.example.org',
      policy: { userVerification: false },
    };
  }

  test('a signature over something else is refused', async () => {
    const key = await addedKey('ed25519-sk');
    const other = buildClientData('webauthn.get', new Uint8Array(32), ORIGIN);
    expect(await codeOfAsync(verifyTouch(await touch(key, other)))).toBe('bad-signature');
  });

  test('a key that needs no touch is refused', async () => {
    const key = await addedKey('ed25519-sk', 'no-touch-required');
    expect(await codeOfAsync(verifyTouch(await touch(key)))).toBe('not-present');
  });

  test('a key for another authority is refused', async () => {
    const key = await addedKey('ecdsa-sk', 'application=ssh:other.example.org');
    expect(await codeOfAsync(verifyTouch(await touch(key)))).toBe('rp-mismatch');
  });

  test('a key without PIN is refused where the policy asks for user verification', async () => {
    const key = await addedKey('ecdsa-sk');
    const input = { ...(await touch(key)), policy: { userVerification: true } };
    expect(await codeOfAsync(verifyTouch(input))).toBe('not-verified');
  });

  test('a key that verifies its user satisfies a policy that asks for it', async () => {
    const key = await addedKey('ed25519-sk', 'verify-required');
    const input = { ...(await touch(key)), policy: { userVerification: true } };
    expect((await verifyTouch(input)).userVerified).toBe(true);
  });

  test('a key made without verify-required verifies its user when it is added so', async () => {
    const key = await newKey('ecdsa-sk');
    const flags = key.flags | VERIFICATION_REQUIRED;
    await connection.add({ key: { ...key, flags }, comment: 'verify' }, { securityKeyProvider: SK_DUMMY });
    const input = { ...(await touch(key.publicKey)), policy: { userVerification: true } };
    expect((await verifyTouch(input)).userVerified).toBe(true);
  });

  const cases = ['ed25519-sk', 'ecdsa-sk'].flatMap((type) =>
    ['ssh:', 'ssh:ca.example.org'].map((application) => ({ type, application })),
  );

  test.each(cases)('$type for $application touches', async ({ type, application }) => {
    const key = await addedKey(type, `application=${application}`);
    const verified = await verifyTouch(await touch(key));
    expect(verified).toMatchObject({ rpId: application, counter: 0x12345678, userVerified: false });
  });
});
