/** Invariant 6 of design, section 9. */
import { readFile } from 'node:fs/promises';
import { base64, base64urlnopad, hex } from '@scure/base';
import { describe, expect, test } from 'vitest';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { newKey } from '../authority/scene.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

/** Every spelling in which these bytes could turn up. */
function spellings(bytes: Uint8Array): readonly string[] {
  const spelt = [base64urlnopad.encode(bytes), base64.encode(bytes), hex.encode(bytes), bytes.join(',')];
  return [...spelt, Buffer.from(bytes).toString('latin1')];
}

const REVOKE_BOB = { kind: 'revoke', target: { kind: 'person', name: 'bob' }, reason: 'lost' };

async function databaseText({ scene }: HttpScene): Promise<string> {
  const files = ['', '-wal'].map((end) => readFile(`${scene.databasePath}${end}`).catch(() => Buffer.of()));
  return (await Promise.all(files)).map((file) => file.toString('latin1')).join('\n');
}

async function leavesText({ scene }: HttpScene): Promise<string> {
  const leaves = await scene.authority.store.read(async (tx) => {
    const { size } = await tx.logHead();
    return Promise.all(Array.from({ length: size }, (_, index) => tx.logLeaf(index)));
  });
  return leaves.map((leaf) => Buffer.from(leaf ?? []).toString('latin1')).join('\n');
}

function expectNone(where: string, text: string, secrets: Readonly<Record<string, readonly string[]>>): void {
  for (const [name, forms] of Object.entries(secrets))
    for (const form of forms) expect(text.includes(form), `${name} in ${where}`).toBe(false);
}

describe('No secret, token, unanswered challenge or private key appears in a log line, an error, a URL path or query, argv or a leaf.', () => {
  test('after everything that can be done was done, well and badly', async () => {
    await using service = await openHttp();
    const { scene } = service;
    const alice = await scene.enrol('alice');
    const invite = await scene.invite('bob');
    const subject = newKey();
    const started = await service.post('/v1/enrolments', { invite });
    const unanswered = await service.ask('alice', { key: subject });
    const answered = await service.ask('alice', { key: subject });
    const url = `/v1/requests/${unanswered.request.id}`;
    const page = await service.post(`${url}/page`, {});
    const pageSecret = String(page.json['pageSecret']);
    const { json: act } = await service.post('/v1/acts', { person: 'alice', act: REVOKE_BOB });
    const actSecret = String(act['pollSecret']);
    const actUrl = `/v1/acts/${act['requestId']}`;
    const texts = [
      await service.post(`${actUrl}/result`, { pollSecret: invite }),
      await service.post(`${actUrl}/touch`, {
        speaker: { pollSecret: actSecret },
        assertion: scene.assertion(answered.request, alice),
      }),
      await service.post(`${url}/code`, { pageSecret, code: 'AAAA-AAAA' }),
      await service.post(`${url}/review`, { pageSecret }),
      await service.post(`${url}/loopback`, { pollSecret: unanswered.pollSecret, pageSecret: invite }),
      await service.post(`${url}/result`, { pollSecret: invite }),
      await service.post(`${url}/touch`, {
        speaker: { pollSecret: unanswered.pollSecret },
        assertion: scene.assertion(unanswered.request, new SoftAuthenticator()),
      }),
      await service.post('/v1/enrolments', { invite, more: unanswered.pollSecret }),
      await service.post(`${url}/result`, { pollSecret: unanswered.pollSecret, more: invite }),
      await service.post(`${url}/result`, `{"pollSecret":"${unanswered.pollSecret}"`),
      await service.post(`${url}/result`, unanswered.pollSecret),
      await service.post(`${url}/result`, JSON.stringify(unanswered.pollSecret)),
      await service.post(`${url}/result`, { pollSecret: { [unanswered.pollSecret]: invite } }),
      await service.post(`${url}/result`, { [unanswered.pollSecret]: 1 }),
      await service.get('/v1/me', { 'usher-signature': unanswered.pollSecret }),
    ];
    const { pollSecret } = answered;
    await service.post(`/v1/requests/${answered.request.id}/touch`, {
      speaker: { pollSecret },
      assertion: scene.assertion(answered.request, alice),
    });
    await service.get('/readyz');

    const bearer = {
      invite: [invite],
      'poll secret': [unanswered.pollSecret, pollSecret, actSecret, String(started.json['pollSecret'])],
      'page secret': [pageSecret],
      'private key': [scene.authority.bundleKey, scene.authority.throwaway, subject].flatMap(({ object }) =>
        spellings(base64urlnopad.decode(String(object.export({ format: 'jwk' }).d))),
      ),
      'decoy secret': spellings(scene.authority.decoySecret),
    };
    const challenges = {
      nonce: spellings(unanswered.request.nonce),
      'nonce of an act': spellings(base64urlnopad.decode(String(act['nonce']))),
      digest: spellings(issueDigest(scene.authority.origin, unanswered.request)),
    };
    expect(texts.every(({ status }) => status >= 400)).toBe(true);
    expect(service.log).toContain(unanswered.request.id);
    expectNone('the log', service.log, { ...bearer, ...challenges });
    expectNone('an error', texts.map(({ text }) => text).join('\n'), { ...bearer, ...challenges });
    expectNone('a leaf', await leavesText(service), { ...bearer, ...challenges });
    expectNone('the database', await databaseText(service), bearer);
  });

  test('an address for people has its secret in the fragment, which no server sees', async () => {
    await using service = await openHttp();
    const { invitePerson } = await import('../../src/authority/invite.ts');
    const { address } = await invitePerson(service.scene.authority, 'alice');
    const { pathname, search, hash } = new URL(address);
    expect({ pathname, search }).toEqual({ pathname: '/enroll', search: '' });
    expect(hash).toMatch(/^#alice\.[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/);
  });

  test('no route takes anything but an id, a hash, a number or a purpose in its path or query', async () => {
    await using service = await openHttp();
    const { json } = await service.get('/openapi.json');
    const parameters = JSON.stringify(json).match(
      /"in":"(?:path|query)","name":"[^"]*"|"name":"[^"]*","in":"(?:path|query)"/g,
    );
    const names = new Set((parameters ?? []).map((text) => /"name":"([^"]*)"/.exec(text)?.[1]));
    expect([...names].sort()).toEqual(['from', 'hash', 'id', 'purpose', 'serial']);
  });
});
