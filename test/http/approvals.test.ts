import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { answerDigest } from '../../src/authority/request-digest.ts';
import type { Answer } from '../../src/fido/touch-digest.ts';
import { AnswerReply, ApprovalsReply, ViewReply } from '../../src/http/contract/approvals.ts';
import { AskReply, ResultReply } from '../../src/http/contract/requests.ts';
import type { Toucher } from '../authority/scene.ts';
import { ONE_APPROVAL, sudoRoster, TWO_APPROVALS } from '../authority/sudo-scene.ts';
import { signedGet } from './caller.ts';
import type { HttpScene, Reply } from './service.ts';
import { openHttp } from './service.ts';

const ONE = sudoRoster({ sudo: ONE_APPROVAL });

/** alice has asked over HTTP and touched. */
async function openWaiting(roster = ONE) {
  const service = await openHttp({ roster });
  const { scene } = service;
  const alice = await scene.enrol('alice');
  const reply = await service.post('/v1/requests', service.sudoBody('alice', { reason: 'deploy 4711' }));
  expectForm(AskReply, reply, 201);
  const [id, pollSecret] = [String(reply.json['requestId']), String(reply.json['pollSecret'])];
  const assertion = scene.assertion(await scene.find(id), alice);
  const waiting = await service.post(`/v1/requests/${id}/touch`, { speaker: { pollSecret }, assertion });
  const address = String(waiting.json['address']);
  const viewSecret = address.split('.').at(-1) ?? '';
  return { service, scene, id, pollSecret, asked: reply, waiting, address, viewSecret };
}

function expectForm(schema: TSchema, { status, json }: Reply, expected = 200): void {
  expect(status, JSON.stringify(json)).toBe(expected);
  expect(Value.Check(schema, json), JSON.stringify([...Value.Errors(schema, json)])).toBe(true);
}

async function answer(
  service: HttpScene,
  id: string,
  viewSecret: string,
  person: string,
  key: Toucher,
  word: Answer = 'approve',
): Promise<Reply> {
  const { origin, rpId } = service.scene.authority;
  const challenge = answerDigest(origin, await service.scene.find(id), word);
  const assertion = key.get({ challenge, origin, rpId });
  return service.post(`/v1/approvals/${id}/answer`, { viewSecret, person, answer: word, assertion });
}

describe('a request that waits', () => {
  it('is told how many approvals it takes, and where others can give them', async () => {
    const { service, id, asked, waiting, address, pollSecret } = await openWaiting();
    await using _ = service;
    expect(asked.json['approvals']).toBe(1);
    expectForm(ResultReply, waiting);
    expect(waiting.json).toMatchObject({ state: 'waiting', needed: 1, given: 0 });
    expect(address).toMatch(new RegExp(`^https://ca\\.example\\.org/approve#${id}\\.[A-Za-z0-9_-]{43}$`));
    const result = await service.post(`/v1/requests/${id}/result`, { pollSecret });
    expect(result.json).toEqual(waiting.json);
  });

  it('is found by a signed call of whoever may approve it, and by nobody else', async () => {
    const { service, scene, id, viewSecret } = await openWaiting();
    await using _ = service;
    const listOf = async (person: string) => {
      const login = await scene.login(person, await scene.enrol(person), { hosts: ['*'] });
      return service.get('/v1/approvals', signedGet(scene, login, '/v1/approvals'));
    };
    const carols = await listOf('carol');
    expectForm(ApprovalsReply, carols);
    expect(carols.json['requests']).toMatchObject([
      {
        requestId: id,
        viewSecret,
        person: 'alice',
        reason: 'deploy 4711',
        principals: ['alice', 'sudoer@web1'],
        lifetime: 3600,
        answer: 'touch',
      },
    ]);
    expect((await listOf('dave')).json).toEqual({ requests: [] });
    expect((await service.get('/v1/approvals')).json['code']).toBe('call-not-signed');
  });

  it('is approved by a touch over what is shown, and then released to who asked', async () => {
    const { service, scene, id, viewSecret, pollSecret } = await openWaiting(
      sudoRoster({ sudo: TWO_APPROVALS }),
    );
    await using _ = service;
    const [carol, erin] = [await scene.enrol('carol'), await scene.enrol('erin')];
    const view = await service.post(`/v1/approvals/${id}/view`, { viewSecret, person: 'carol' });
    expectForm(ViewReply, view);
    expect(view.json).toMatchObject({
      person: 'alice',
      needed: 2,
      given: 0,
      credentialIds: [carol.credentialId],
    });
    const first = await answer(service, id, viewSecret, 'carol', carol);
    expectForm(AnswerReply, first);
    expect(first.json).toEqual({ state: 'waiting', needed: 2, given: 1 });
    expect((await answer(service, id, viewSecret, 'carol', carol)).json['code']).toBe('already-approved');
    const last = await answer(service, id, viewSecret, 'erin', erin);
    expect(last.json['state']).toBe('issued');
    expect((await service.get('/metrics')).text).toContain('usher_requests_issued_total 1');
    // Who approves gets no certificate.
    expect(last.text).not.toContain('certificate');
    const result = await service.post(`/v1/requests/${id}/result`, { pollSecret });
    expectForm(ResultReply, result);
    expect(result.json['state']).toBe('issued');
  });

  it('is rejected by a touch, and who asked is told by whom', async () => {
    const { service, scene, id, viewSecret, pollSecret } = await openWaiting();
    await using _ = service;
    const rejected = await answer(service, id, viewSecret, 'carol', await scene.enrol('carol'), 'reject');
    expect(rejected.json['state']).toBe('rejected');
    const result = await service.post(`/v1/requests/${id}/result`, { pollSecret });
    expect(result).toMatchObject({ status: 403, json: { code: 'request-rejected' } });
    expect(result.json['detail']).toBe('carol rejected this request');
  });

  it('shows nothing without its view secret, and strangers made-up credentials with it', async () => {
    const { service, id, viewSecret } = await openWaiting();
    await using _ = service;
    const view = (secret: string, person: string, of = id) =>
      service.post(`/v1/approvals/${of}/view`, { viewSecret: secret, person });
    const wrong = await view('A'.repeat(43), 'carol');
    const none = await view(viewSecret, 'carol', 'A'.repeat(22));
    expect(wrong.json).toEqual({ ...none.json, requestId: wrong.json['requestId'] });
    expect(wrong).toMatchObject({ status: 404, json: { code: 'unknown-request' } });
    const stranger = await view(viewSecret, 'nobody');
    expect(stranger.json['credentialIds']).not.toEqual([]);
    expect((await view(viewSecret, 'nobody')).json).toEqual(stranger.json);
  });

  it('keeps its secrets out of the log of the service', async () => {
    const { service, id, viewSecret, pollSecret } = await openWaiting();
    await using _ = service;
    await service.post(`/v1/approvals/${id}/view`, { viewSecret, person: 'carol' });
    expect(service.log).toContain(id);
    expect(service.log).not.toContain(viewSecret);
    expect(service.log).not.toContain(pollSecret);
  });
});

describe('a request that was refused to somebody else', () => {
  it('does not tell who answers what the person may ask for', async () => {
    const { service, scene, id, viewSecret } = await openWaiting();
    await using _ = service;
    const carol = await scene.enrol('carol');
    await scene.loadRoster(sudoRoster({ sudo: `${ONE_APPROVAL}, reason: required, max_lifetime: 30m` }));
    const reply = await answer(service, id, viewSecret, 'carol', carol);
    expect(reply.json['code']).toBe('lifetime-too-long');
    expect(reply.json).not.toHaveProperty('access');
  });
});
