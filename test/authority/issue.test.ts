import { describe, expect, it } from 'vitest';
import { touchRequest } from '../../src/authority/issue.ts';
import { release } from '../../src/authority/release.ts';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { verifyInclusion } from '../../src/log/verify-proofs.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { verifyCertificateSignature } from '../../src/ssh/certificate-signature.ts';
import { openScene } from './scene.ts';

describe('a touch', () => {
  it('yields the certificate that was drafted, with the proof that it is in the log', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice', { logins: ['alice', 'deploy'], hosts: ['web1', 'db'] });
    const issued = await scene.touch(asked, alice);
    const released = await release(scene.authority, issued, 0);
    const [one] = released.certificates;
    const certificate = decodeCertificate(one?.certificate ?? new Uint8Array());
    expect(certificate.draft).toEqual(asked.request.certificates[0]?.drafts[0]);
    expect(certificate.fields.principals).toEqual(['alice@web1', 'alice@db', 'deploy@web1', 'deploy@db']);
    expect(verifyCertificateSignature(certificate)).toBe(true);
    const tree = openCheckpoint(released.checkpoint, parseVerifierKey(scene.authority.logVerifierKey));
    const inclusion = { index: one?.leafIndex ?? -1, leafHash: hashLeaf(one?.leaf ?? new Uint8Array()) };
    verifyInclusion({ ...inclusion, proof: one?.inclusionProof ?? [] }, tree);
  });

  it('counts once', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const { request, pollSecret } = await scene.ask('alice');
    const assertion = scene.assertion(request, alice);
    const touch = () => touchRequest(scene.authority, request.id, { pollSecret }, assertion);
    const outcomes = await Promise.allSettled([touch(), touch(), touch()]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
