import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { Client } from '../../cli/authority/client.ts';

const Reply = Type.Object({ ok: Type.Boolean() }, { additionalProperties: false });
const ORIGIN = 'https://ca.example.org';

type Answer = () => Response | Error;

/** A network that gives these answers in turn, and says how often it was asked and how long it was waited for. */
function network(...answers: readonly Answer[]) {
  const requests: { url: string; init: RequestInit }[] = [];
  const waits: number[] = [];
  const client = new Client(ORIGIN, {
    fetch: async (input, init = {}) => {
      requests.push({ url: String(input), init });
      const answer = (answers[requests.length - 1] ?? answers.at(-1))?.();
      if (answer instanceof Response) return answer;
      throw answer;
    },
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
    },
  });
  return { client, requests, waits };
}

const good: Answer = () => Response.json({ ok: true });
const broken: Answer = () => new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
const problem =
  (status: number): Answer =>
  () =>
    Response.json(
      { type: 'about:blank', title: 'No', status, code: 'invite-used', detail: 'because' },
      { status },
    );
const failing = (code: string, message?: RegExp) =>
  expect.objectContaining({
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });

describe('a reply', () => {
  it.each<[string, Answer, RegExp]>([
    ['that is not JSON', () => new Response('<html>'), /not as the contract says/],
    ['with a field too many', () => Response.json({ ok: true, more: 1 }), /not as the contract says/],
    ['with a field of another type', () => Response.json({ ok: 'true' }), /not as the contract says/],
    ['that never ends', () => new Response('x'.repeat(5 * 1024 * 1024)), /more than/],
    ['of an error that is no problem document', () => new Response('no', { status: 404 }), /status 404/],
  ])('%s is refused', async (_situation, answer, message) => {
    await expect(network(answer).client.get('/v1/x', Reply)).rejects.toThrow(failing('bad-reply', message));
  });

  it('of a failure inside names the request, under which the keeper finds the reason', async () => {
    const body = {
      type: 'about:blank',
      title: 'The authority failed',
      status: 500,
      code: 'internal',
      requestId: 'r-1',
    };
    const answer = () => Response.json(body, { status: 500 });
    const failure = expect.objectContaining({
      message: 'The authority failed',
      hint: expect.stringContaining('r-1'),
    });
    await expect(network(answer).client.post('/v1/x', {}, Reply)).rejects.toThrow(failure);
  });

  it('of a refusal carries its code, reason and hint', async () => {
    const refusal = expect.objectContaining({
      code: 'refused',
      message: 'because',
      hint: 'ask the keeper of your fleet for another invite',
    });
    await expect(network(problem(403)).client.post('/v1/x', {}, Reply)).rejects.toThrow(refusal);
  });
});

describe('a connection that breaks', () => {
  it('is tried again where that changes nothing', async () => {
    const { client, requests, waits } = network(broken, problem(503), good);
    expect(await client.get('/v1/x', Reply)).toEqual({ ok: true });
    expect(requests).toHaveLength(3);
    expect(waits).toEqual([250, 1000]);
  });

  it('is given up at some time, with the reason', async () => {
    const { client, requests } = network(broken);
    await expect(client.get('/v1/x', Reply)).rejects.toThrow(failing('unreachable', /ECONNREFUSED/));
    expect(requests).toHaveLength(4);
  });

  it('is not tried again where that could change something twice', async () => {
    const { client, requests } = network(broken, good);
    await expect(client.post('/v1/x', {}, Reply)).rejects.toThrow(failing('unreachable'));
    expect(requests).toHaveLength(1);
  });

  it('is no reason to repeat what was refused', async () => {
    const { client, requests } = network(problem(403), good);
    await expect(client.get('/v1/x', Reply)).rejects.toThrow(failing('refused'));
    expect(requests).toHaveLength(1);
  });
});

it('a redirect is not followed, and every request has a time limit', async () => {
  const { client, requests } = network(good);
  await client.post('/v1/x', { secret: 1 }, Reply);
  expect(requests[0]?.init).toMatchObject({ redirect: 'error', signal: expect.any(AbortSignal) });
  expect(requests[0]?.url).toBe(`${ORIGIN}/v1/x`);
});
