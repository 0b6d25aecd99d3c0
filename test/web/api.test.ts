import { describe, expect, it } from 'vitest';
import { connectApi } from '../../web/api.ts';
import { REQUEST_ID } from './review-reply.ts';

interface Call {
  readonly url: string;
  readonly init: RequestInit | undefined;
}

function apiAnswering(answer: () => Response | Promise<Response>) {
  const calls: Call[] = [];
  const api = connectApi(async (url, init) => {
    calls.push({ url: String(url), init });
    return answer();
  });
  return { api, calls };
}

function problem(status: number, code: string): () => Response {
  return () =>
    Response.json({ title: 'The authority refuses this', status, code, detail: 'why' }, { status });
}

describe('what can be tried again is told apart from a refusal', () => {
  it('a connection that failed', async () => {
    const { api } = apiAnswering(() => Promise.reject(new TypeError('fetch failed')));
    expect(await api.bundle()).toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['a failure of the authority', problem(500, 'internal')],
    ['a signer that is not there', problem(503, 'signing-failed')],
    ['too many requests from this address', problem(429, 'too-many-requests')],
  ])('%s', async (_title, answer) => {
    const { api } = apiAnswering(answer);
    expect(await api.bundle()).toEqual({ kind: 'unavailable', detail: 'why' });
  });

  it('a proxy that answers in its own words', async () => {
    const { api } = apiAnswering(() => new Response('<html>Bad Gateway</html>', { status: 502 }));
    expect(await api.bundle()).toEqual({ kind: 'unavailable', detail: 'The authority answered with 502.' });
  });

  it('a page of somebody else that answers with success', async () => {
    const { api } = apiAnswering(() => new Response('<html>Sign in to this network</html>'));
    expect(await api.bundle()).toMatchObject({ kind: 'unavailable' });
  });

  it.each([
    ['a wrong code', 403, 'wrong-code'],
    ['too many certificates of one person', 429, 'too-many-certificates'],
  ])('but not %s', async (_title, status, code) => {
    const { api } = apiAnswering(problem(status, code));
    expect(await api.bundle()).toMatchObject({ kind: 'refused', refusal: { code } });
  });
});

it('a secret travels in the body, never in the address', async () => {
  const secret = 'S'.repeat(43);
  const { api, calls } = apiAnswering(() => Response.json({}));
  await api.sendCode(REQUEST_ID, secret, 'ABCD-EFGH');
  await api.openInvite(secret);
  await api.view(REQUEST_ID, secret, 'bob');
  const assertion = { credentialId: 'a', clientDataJSON: 'b', authenticatorData: 'c', signature: 'd' };
  await api.touchAct(REQUEST_ID, secret, assertion);
  expect(calls.map(({ url }) => url)).toEqual([
    `/v1/requests/${REQUEST_ID}/code`,
    '/v1/enrolments',
    `/v1/approvals/${REQUEST_ID}/view`,
    `/v1/acts/${REQUEST_ID}/touch`,
  ]);
  expect(calls.map(({ init }) => init?.body)).toEqual([
    JSON.stringify({ pageSecret: secret, code: 'ABCD-EFGH' }),
    JSON.stringify({ invite: secret }),
    JSON.stringify({ viewSecret: secret, person: 'bob' }),
    JSON.stringify({ speaker: { pageSecret: secret }, assertion }),
  ]);
});

it('a reply tells the time of the authority', async () => {
  const headers = { date: 'Fri, 15 Jan 2027 08:00:00 GMT' };
  const { api } = apiAnswering(() => Response.json({ fine: true }, { headers }));
  expect(await api.bundle()).toEqual({ kind: 'ok', value: { fine: true }, serverTime: 1_800_000_000 });
});
