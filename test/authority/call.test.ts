import { describe, expect, it } from 'vitest';
import type { IncomingCall } from '../../src/authority/call.ts';
import { authenticateCall } from '../../src/authority/call.ts';
import { describePerson } from '../../src/authority/me.ts';
import type { IssuedCertificate } from '../../src/authority/records.ts';
import { fileSigner } from '../../src/signer/file.ts';
import {
  assembleCertificate,
  decodeCertificate,
  encodeDraft,
  valueOption,
} from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import type { CallCredentials, SignedCall } from '../../src/ssh/signed-call.ts';
import { CALL_NAMESPACE, callMessage } from '../../src/ssh/signed-call.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';

const CALL: IncomingCall = { method: 'GET', target: '/v1/me', body: new Uint8Array(), from: '192.0.2.1' };
let nonces = 0;

/** Signs a call as the command does. */
function sign(
  scene: Scene,
  key: PrivateKey,
  certificate: Uint8Array,
  changes: Partial<SignedCall> = {},
  namespace = CALL_NAMESPACE,
): CallCredentials {
  nonces += 1;
  const nonce = String(nonces).padStart(22, 'n');
  const { origin } = scene.authority;
  const call = { ...CALL, origin, certificate, time: scene.now, nonce, ...changes };
  return {
    certificate,
    time: call.time,
    nonce: call.nonce,
    signature: signSshsig(key, namespace, callMessage(call)),
  };
}

async function openCaller(options: Parameters<typeof openScene>[0] = {}) {
  const ca = newKey();
  const scene = await openScene({ ...options, signers: { ...options.signers, login: fileSigner(ca) } });
  const alice = await scene.enrol('alice');
  const { key, certificate } = await scene.login('alice', alice);
  const call = (credentials: CallCredentials, incoming: Partial<IncomingCall> = {}) =>
    codeOfAsync(authenticateCall(scene.authority, { ...CALL, ...incoming }, credentials));
  /** Her certificate with other fields, signed by the CA key of logins or another one. */
  const forge = (changes: Partial<CertificateFields>, signer = ca): Uint8Array => {
    const { fields } = decodeCertificate(certificate);
    const draft = encodeDraft({ ...fields, authority: signer.publicKey, ...changes });
    return assembleCertificate(draft, signMessage(signer, draft));
  };
  /** One that is recorded nevertheless, so that only what is wrong with it stands between it and the call. */
  const forgeRecorded = async (changes: Partial<CertificateFields>, signer = ca): Promise<Uint8Array> => {
    const forged = forge({ serial: 4711n, ...changes }, signer);
    await record(scene, forged);
    return forged;
  };
  return { scene, alice, key, certificate, call, forge, forgeRecorded };
}

function record({ authority, now }: Scene, certificate: Uint8Array): Promise<void> {
  const { serial, keyId } = decodeCertificate(certificate).fields;
  return authority.store.write(async (tx) => {
    const recorded: IssuedCertificate = {
      ...{ serial, keyId, certificate, purpose: 'login', person: 'alice', requestId: 'A'.repeat(22) },
      ...{ issuedAt: now, validAfter: now, validBefore: now + 60 },
    };
    await tx.insertCertificate(recorded, []);
    await tx.appendLeaf(new Uint8Array(9), serial);
  });
}

describe('a signed call is refused', () => {
  it.for([
    ['another authority', { origin: 'https://ca.example.com' }],
    ['another method', { method: 'POST' }],
    ['another path', { target: '/v1/other' }],
    ['another query', { target: '/v1/me?all=1' }],
    ['another body', { body: Uint8Array.of(1) }],
    ['another certificate', { certificate: Uint8Array.of(1) }],
  ] as const)('when it was signed for %s', async ([, changes]) => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    expect(await call(sign(scene, key, certificate, changes))).toBe('call-refused');
  });

  it.for(['time', 'nonce'] as const)('when its %s is not the signed one', async (part) => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    const signed = sign(scene, key, certificate);
    const changed = part === 'time' ? { time: signed.time + 1 } : { nonce: 'x'.repeat(22) };
    expect(await call({ ...signed, ...changed })).toBe('call-refused');
  });

  it('when it comes a second time', async () => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    const signed = sign(scene, key, certificate);
    expect(await call(signed)).toEqual({ accepted: 'alice' });
    expect(await call(signed)).toBe('call-replayed');
    scene.pass(300);
    expect(await call(signed)).toBe('call-replayed');
    scene.pass(1);
    expect(await call(signed)).toBe('clock-skew');
  });

  it('when it comes twice at once, or to another process', async () => {
    const { scene, key, certificate } = await openCaller();
    await using _ = scene;
    const twin = await scene.openTwin();
    const signed = sign(scene, key, certificate);
    const outcomes = await Promise.all(
      [scene.authority, twin, scene.authority].map((authority) =>
        codeOfAsync(authenticateCall(authority, CALL, signed)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'call-replayed')).toHaveLength(2);
  });

  it.for([-301, 301])('when its clock is %i seconds off', async (offset) => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    expect(await call(sign(scene, key, certificate, { time: scene.now + offset }))).toBe('clock-skew');
  });

  it('when another key made the signature, or it was made for another use', async () => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    expect(await call(sign(scene, newKey(), certificate))).toBe('call-refused');
    expect(await call(sign(scene, key, certificate, {}, 'git'))).toBe('call-refused');
    const { signature: _signature, ...rest } = sign(scene, key, certificate);
    expect(await call({ ...rest, signature: new Uint8Array(9) })).toBe('call-refused');
  });
});

describe('a certificate makes no call', () => {
  it('when it is none', async () => {
    const { scene, key, call } = await openCaller();
    await using _ = scene;
    expect(await call(sign(scene, key, new Uint8Array(40)))).toBe('call-refused');
  });

  it.for([
    ['of another CA', () => newKey()],
    ['of the CA key for sudo', 'sudo'],
  ] as const)('when it is one %s', async ([, other]) => {
    const sudo = newKey();
    const { scene, key, call, forgeRecorded } = await openCaller({ signers: { sudo: fileSigner(sudo) } });
    await using _ = scene;
    const certificate = await forgeRecorded({}, other === 'sudo' ? sudo : other());
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
  });

  it('when its signature is not by the CA key that it names', async () => {
    const { scene, key, call, forge } = await openCaller();
    await using _ = scene;
    const tampered = forge({ serial: 4711n });
    tampered[tampered.length - 1] = (tampered.at(-1) ?? 0) ^ 1;
    await record(scene, tampered);
    expect(await call(sign(scene, key, tampered))).toBe('call-refused');
  });

  it('when it is one of a host', async () => {
    const { scene, key, call, forgeRecorded } = await openCaller();
    await using _ = scene;
    const certificate = await forgeRecorded({
      type: 'host',
      principals: ['web1.example.org'],
      extensions: [],
    });
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
  });

  it('when it is over, or not valid yet', async () => {
    const { scene, key, certificate, call } = await openCaller();
    await using _ = scene;
    scene.pass(8 * 3600);
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
    scene.pass(-8 * 3600 - 301);
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
  });

  it('when this authority did not record it, whatever its signature says', async () => {
    const { scene, key, call, forge } = await openCaller();
    await using _ = scene;
    expect(await call(sign(scene, key, forge({ serial: 4711n })))).toBe('call-refused');
  });

  it('when another one with its serial was recorded', async () => {
    const { scene, key, call, forge } = await openCaller();
    await using _ = scene;
    const forged = forge({ principals: ['root'] });
    expect(await call(sign(scene, key, forged))).toBe('call-refused');
  });

  it('when its person was removed, or their time is over', async () => {
    const { scene, key, call, forgeRecorded } = await openCaller();
    await using _ = scene;
    const until = new Date((scene.now + 60) * 1000).toISOString().replace('.000', '');
    await scene.loadRoster(ROSTER.replace('roles: [engineer] }', `roles: [engineer], until: ${until} }`));
    // One that outlives that time is revoked by the roster; none is issued after it.
    const certificate = await forgeRecorded({});
    expect(await call(sign(scene, key, certificate))).toEqual({ accepted: 'alice' });
    scene.pass(60);
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
    await scene.loadRoster(ROSTER.replace(/ {2}alice: .*\n/, ''));
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
    expect(await codeOfAsync(describePerson(scene.authority, 'alice'))).toBe('call-refused');
  });

  it('from an address that its source-address does not list', async () => {
    await using scene = await openScene();
    const bob = await scene.enrol('bob');
    const { key, certificate } = await scene.login('bob', bob, { hosts: ['*'] });
    const from = (address: string) =>
      codeOfAsync(
        authenticateCall(scene.authority, { ...CALL, from: address }, sign(scene, key, certificate)),
      );
    expect(await from('192.0.2.1')).toBe('call-refused');
    expect(await from('::ffff:192.0.2.1')).toBe('call-refused');
    expect(await from('10.1.2.3')).toEqual({ accepted: 'bob' });
    expect(await from('::ffff:10.1.2.3')).toEqual({ accepted: 'bob' });
  });

  it('when it has a critical option that calls do not know', async () => {
    const { scene, key, call, forgeRecorded } = await openCaller();
    await using _ = scene;
    const data = valueOption('force-command', '192.0.2.0/24').data;
    const certificate = await forgeRecorded({ criticalOptions: [{ name: 'force-command', data }] });
    expect(await call(sign(scene, key, certificate))).toBe('call-refused');
  });
});

it('a caller learns what is theirs: access and credentials', async () => {
  const { scene, alice } = await openCaller();
  await using _ = scene;
  const { access, credentials } = await describePerson(scene.authority, 'alice');
  expect(access).toMatchObject({ logins: ['alice', 'deploy'] });
  expect(credentials.map(({ id }) => id)).toEqual([alice.credentialId]);
});
