/** The real fido2-cred and fido2-assert with a software key on a pty: what they print is what our verifier accepts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RegistrationJson } from '../../../src/fido/assertion.ts';
import { buildClientData } from '../../../src/fido/client-data.ts';
import { assertInput, credInput, parseAssertOutput, parseCredOutput } from '../../../src/fido/fido2-tools.ts';
import type { RegistrationPolicy } from '../../../src/fido/verify-registration.ts';
import { verifyRegistration } from '../../../src/fido/verify-registration.ts';
import { verifyTouch } from '../../../src/fido/verify-touch.ts';
import { codeOf, codeOfAsync } from '../../support/code-of.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SoftAlgorithm } from '../../support/soft-authenticator.ts';
import type { VirtualKey } from '../../support/virtual-key.ts';
import { startVirtualKey, VIRTUAL_KEY_PARTS } from '../../support/virtual-key.ts';

const ORIGIN = 'https://ca.example.org';
const RP_ID = 'ca.example.org';
const DIGEST = new Uint8Array(32).fill(0xd1);
const PARTS = { ...VIRTUAL_KEY_PARTS, 'fido2-cred': 'fido2-tools', 'fido2-assert': 'fido2-tools' };

describe.runIf(haveParts(PARTS))('with the real fido2-tools', () => {
  let key: VirtualKey;

  beforeAll(async () => {
    key = await startVirtualKey();
  });

  afterAll(() => key?.close());

  async function register(algorithm: SoftAlgorithm, ...args: readonly string[]): Promise<RegistrationJson> {
    const clientDataJSON = buildClientData('webauthn.create', DIGEST, ORIGIN);
    const input = credInput(clientDataJSON, RP_ID, 'alice', Uint8Array.of(1, 2, 3));
    const stdout = await runOrThrow(program('fido2-cred'), ['-M', ...args, key.device, algorithm], { input });
    return parseCredOutput(stdout, { clientDataJSON, rpId: RP_ID, algorithm });
  }

  function verify(response: RegistrationJson, policy: RegistrationPolicy) {
    const now = Math.floor(Date.now() / 1000);
    return verifyRegistration({ response, challenge: DIGEST, origin: ORIGIN, rpId: RP_ID, policy, now });
  }

  async function touch(credentialId: string, publicKey: Uint8Array, counter: number, uv: boolean) {
    const clientDataJSON = buildClientData('webauthn.get', DIGEST, ORIGIN);
    const stdout = await runOrThrow(program('fido2-assert'), ['-G', '-t', `uv=${uv}`, key.device], {
      input: assertInput(clientDataJSON, RP_ID, credentialId),
    });
    return {
      assertion: parseAssertOutput(stdout, { clientDataJSON, rpId: RP_ID, credentialId }),
      credential: { kind: 'webauthn' as const, id: credentialId, publicKey, counter, rpId: RP_ID },
      digest: DIGEST,
      origin: ORIGIN,
      rpId: RP_ID,
      policy: { userVerification: true },
    };
  }

  function maker(root = key.root): RegistrationPolicy {
    return { userVerification: true, attestation: { required: true, aaguids: [key.aaguid], roots: [root] } };
  }

  test('a key without user verification is refused where the policy asks for it', async () => {
    expect(await codeOfAsync(verify(await register('es256'), maker()))).toBe('not-verified');
  });

  test('another maker is refused', async () => {
    await using other = await startVirtualKey();
    const response = await register('es256', '-v');
    expect(await codeOfAsync(verify(response, maker(other.root)))).toBe('attestation-untrusted');
  });

  test('a credential that the key does not know yields no assertion', async () => {
    const clientDataJSON = buildClientData('webauthn.get', DIGEST, ORIGIN);
    const input = assertInput(clientDataJSON, RP_ID, 'AAEC');
    const { code, stdout } = await run(program('fido2-assert'), ['-G', key.device], { input });
    expect(code).not.toBe(0);
    const asked = { clientDataJSON, rpId: RP_ID, credentialId: 'AAEC' };
    expect(codeOf(() => parseAssertOutput(stdout, asked))).toBe('tool-output');
  });

  const cases = (['es256', 'eddsa'] as const).flatMap((algorithm) => [
    { algorithm, resident: false },
    { algorithm, resident: true },
  ]);

  test.each(cases)(
    '$algorithm, resident $resident: registered, then touched',
    async ({ algorithm, resident }) => {
      const response = await register(algorithm, '-v', ...(resident ? ['-r'] : []));
      const verified = await verify(response, maker());
      expect(verified).toMatchObject({
        attestedBy: expect.any(String),
        aaguid: key.aaguid,
        userVerified: true,
      });
      const { credentialId, publicKey, counter } = verified;

      const refused = await touch(credentialId, publicKey, counter, false);
      expect(await codeOfAsync(verifyTouch(refused))).toBe('not-verified');
      const accepted = await touch(credentialId, publicKey, counter, true);
      expect(await verifyTouch(accepted)).toMatchObject({
        userVerified: true,
        counter: 3,
        counterRule: 'grew',
      });
      const again = { ...accepted, credential: { ...accepted.credential, counter: 3 } };
      expect(await codeOfAsync(verifyTouch(again))).toBe('counter-rollback');
    },
  );
});
