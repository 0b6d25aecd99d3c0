/** What the real ssh-keygen writes when it makes a key in a software key on a pty. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildClientData } from '../../../src/fido/client-data.ts';
import type { RegistrationPolicy } from '../../../src/fido/verify-registration.ts';
import { verifySshAttestation } from '../../../src/fido/verify-ssh-attestation.ts';
import { isSecurityKey, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { VirtualKey } from '../../support/virtual-key.ts';
import { startVirtualKey, VIRTUAL_KEY_PARTS } from '../../support/virtual-key.ts';

const ORIGIN = 'https://ca.example.org';
const CHALLENGE = new Uint8Array(32).fill(0xc4);
const PARTS = { ...VIRTUAL_KEY_PARTS, 'ssh-keygen': 'openssh-client' };

describe.runIf(haveParts(PARTS))('with the real ssh-keygen', () => {
  let key: VirtualKey;
  let folder: string;
  let made = 0;

  beforeAll(async () => {
    key = await startVirtualKey();
    folder = await mkdtemp(join(tmpdir(), 'usher-attestation-'));
  });

  afterAll(async () => {
    await key?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function generate(type: string, application: string) {
    made += 1;
    const path = join(folder, `key${made}`);
    const clientDataJSON = buildClientData('webauthn.create', CHALLENGE, ORIGIN);
    await writeFile(`${path}.challenge`, clientDataJSON);
    const options = [
      `device=${key.device}`,
      `application=${application}`,
      `challenge=${path}.challenge`,
      `write-attestation=${path}.attestation`,
    ].flatMap((option) => ['-O', option]);
    await runOrThrow(program('ssh-keygen'), ['-q', '-t', type, '-N', '', '-f', path, ...options]);
    const publicKey = parsePublicKeyLine(await readFile(`${path}.pub`, 'utf8')).key;
    if (!isSecurityKey(publicKey)) throw new Error('ssh-keygen made another key');
    const attestation = new Uint8Array(await readFile(`${path}.attestation`));
    const now = Math.floor(Date.now() / 1000);
    return {
      attestation,
      clientDataJSON,
      key: publicKey,
      challenge: CHALLENGE,
      origin: ORIGIN,
      policy: policy(),
      now,
    };
  }

  function policy(aaguid = key.aaguid): RegistrationPolicy {
    return {
      userVerification: false,
      attestation: { required: true, aaguids: [aaguid], roots: [key.root] },
    };
  }

  test('the attestation of one key does not vouch for another', async () => {
    const [first, second] = [await generate('ecdsa-sk', 'ssh:'), await generate('ecdsa-sk', 'ssh:')];
    expect(await codeOfAsync(verifySshAttestation({ ...first, key: second.key }))).toBe('key-mismatch');
    const other = { ...first, challenge: new Uint8Array(32) };
    expect(await codeOfAsync(verifySshAttestation(other))).toBe('challenge-mismatch');
    const model = { ...first, policy: policy('00000000-0000-0000-0000-000000000000') };
    expect(await codeOfAsync(verifySshAttestation(model))).toBe('aaguid-not-allowed');
  });

  const cases = ['ecdsa-sk', 'ed25519-sk'].flatMap((type) =>
    ['ssh:', 'ssh:ca.example.org'].map((application) => ({ type, application })),
  );

  test.each(cases)('$type for $application is attested', async ({ type, application }) => {
    const verified = await verifySshAttestation(await generate(type, application));
    expect(verified).toMatchObject({ attestedBy: expect.any(String), aaguid: key.aaguid, fmt: 'packed' });
  });
});
