import { describe, expect, test } from 'vitest';
import { parseRegistration } from '../../src/fido/assertion.ts';
import { rootFingerprint } from '../../src/fido/attestation-chain.ts';
import { decodeCbor, encodeCbor } from '../../src/fido/cbor.ts';
import { securityKeyOfCose } from '../../src/fido/cose.ts';
import type { SshAttestationToVerify } from '../../src/fido/verify-ssh-attestation.ts';
import { verifySshAttestation } from '../../src/fido/verify-ssh-attestation.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { FLAGS, SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import {
  AAGUID,
  AAGUID_TEXT,
  ANY_KEY,
  modelCertificate,
  modelPolicy,
  NOW,
  OTHER_ROOT,
  ROOT,
} from './registration-scene.ts';
import { DIGEST, ORIGIN } from './touch-scene.ts';

interface Made {
  readonly application?: string;
  readonly self?: boolean;
  readonly challenge?: Uint8Array;
  readonly magic?: string;
  readonly reserved?: number;
  readonly reservedText?: string;
  readonly trailing?: Uint8Array;
}

/** The file that ssh-keygen writes for a key of the soft authenticator. */
function scene(made: Made = {}): SshAttestationToVerify {
  const application = made.application ?? 'ssh:';
  const leaf = modelCertificate(ROOT);
  const authenticator = new SoftAuthenticator({ aaguid: AAGUID, attestation: { leaf, chain: [] } });
  const { clientDataJSON, attestationObject } = parseRegistration(
    authenticator.create({
      challenge: made.challenge ?? DIGEST,
      origin: ORIGIN,
      rpId: application,
      attestation: made.self ? 'self' : 'packed',
      flags: FLAGS.up | FLAGS.at,
    }),
  );
  const { authData, sig } = partsOf(attestationObject);
  const attestation = new WireWriter()
    .string(made.magic ?? 'ssh-sk-attest-v01')
    .string(made.self ? new Uint8Array() : leaf.der)
    .string(sig)
    .string(encodeCbor(authData))
    .uint32(made.reserved ?? 0)
    .string(made.reservedText ?? '')
    .raw(made.trailing ?? new Uint8Array())
    .bytes();
  const key = securityKeyOfCose(authenticator.publicKey, application);
  const policy = { ...ANY_KEY, userVerification: false };
  return { attestation, clientDataJSON, key, challenge: DIGEST, origin: ORIGIN, policy, now: NOW };
}

function partsOf(attestationObject: Uint8Array): { readonly authData: Uint8Array; readonly sig: Uint8Array } {
  const object = decodeCbor(attestationObject);
  const statement = object instanceof Map ? object.get('attStmt') : undefined;
  const sig = statement instanceof Map ? statement.get('sig') : undefined;
  const authData = object instanceof Map ? object.get('authData') : undefined;
  if (!(sig instanceof Uint8Array) || !(authData instanceof Uint8Array)) throw new Error('no statement');
  return { authData, sig };
}

const required = { ...modelPolicy(), userVerification: false };
const codeOfAttestation = (input: SshAttestationToVerify) => codeOfAsync(verifySshAttestation(input));

describe('an SSH attestation is refused', () => {
  test('of another key', async () => {
    const { publicKey } = new SoftSecurityKey({ algorithm: 'es256' });
    expect(await codeOfAttestation({ ...scene(), key: publicKey })).toBe('key-mismatch');
  });

  test('of another application, or one that is not ours', async () => {
    const input = scene();
    const key = { ...input.key, application: 'ssh:ca.example.org' };
    expect(await codeOfAttestation({ ...input, key })).toBe('rp-mismatch');
    expect(await codeOfAttestation(scene({ application: 'ssh:evil.example' }))).toBe('rp-mismatch');
  });

  test('over another challenge', async () => {
    expect(await codeOfAttestation(scene({ challenge: new Uint8Array(32) }))).toBe('challenge-mismatch');
  });

  test('with another client data file than was signed', async () => {
    const clientDataJSON = scene().clientDataJSON.slice();
    const text = new TextDecoder().decode(clientDataJSON).replace('{', '{ ');
    expect(await codeOfAttestation({ ...scene(), clientDataJSON: new TextEncoder().encode(text) })).toBe(
      'bad-signature',
    );
  });

  test('by no maker, where the policy asks for one', async () => {
    expect(await codeOfAttestation({ ...scene({ self: true }), policy: required })).toBe(
      'attestation-missing',
    );
    const others = { ...modelPolicy([OTHER_ROOT]), userVerification: false };
    expect(await codeOfAttestation({ ...scene(), policy: others })).toBe('attestation-untrusted');
  });

  test('of another form: magic, reserved fields, trailing bytes, cut at every byte, empty parts', async () => {
    expect(await codeOfAttestation(scene({ magic: 'ssh-sk-attest-v00' }))).toBe('malformed');
    expect(await codeOfAttestation(scene({ reserved: 1 }))).toBe('malformed');
    expect(await codeOfAttestation(scene({ reservedText: 'x' }))).toBe('malformed');
    expect(await codeOfAttestation(scene({ trailing: Uint8Array.of(0) }))).toBe('malformed');
    const input = scene();
    for (let length = 0; length < input.attestation.length; length += 1) {
      const attestation = input.attestation.subarray(0, length);
      expect(await codeOfAttestation({ ...input, attestation })).toBe('malformed');
    }
    expect(await codeOfAttestation({ ...input, attestation: new Uint8Array(16_385) })).toBe('too-long');
  });
});

describe('an SSH attestation is accepted', () => {
  test.each(['ssh:', 'ssh:ca.example.org'])('by the right maker, application %s', async (application) => {
    const verified = await verifySshAttestation({ ...scene({ application }), policy: required });
    expect(verified).toMatchObject({ attestedBy: rootFingerprint(ROOT.pem), aaguid: AAGUID_TEXT });
  });

  test('by the key itself, as a claim', async () => {
    expect(await verifySshAttestation(scene({ self: true }))).not.toHaveProperty('attestedBy');
  });
});
