import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoopbackListener } from '../../cli/touch/loopback.ts';
import { listenOnLoopback } from '../../cli/touch/loopback.ts';

const ORIGIN = 'https://ca.example.org';
const RETURN_TO = `${ORIGIN}/touch#request`;
const SECRET = 's'.repeat(43);
const TOKEN = 't'.repeat(22);
const BODY = `pageSecret=${SECRET}&token=${TOKEN}`;

describe('the listener for the page on the same machine', () => {
  let listener: LoopbackListener;
  let vouched: string[];
  let isPageOfThisRequest: boolean;

  beforeEach(async () => {
    vouched = [];
    isPageOfThisRequest = true;
    listener = await listenOnLoopback({
      origin: ORIGIN,
      returnTo: RETURN_TO,
      token: TOKEN,
      vouch: async (secret) => {
        vouched.push(secret);
        if (!isPageOfThisRequest) throw new Error('another page');
      },
    });
  });
  afterEach(() => listener.close());

  interface Form {
    readonly method?: string;
    readonly path?: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  }

  function submit({ method = 'POST', path = '/', body = BODY, headers = {} }: Form) {
    const options = { host: '127.0.0.1', port: listener.port, method, path };
    const all = { origin: ORIGIN, ...headers };
    return new Promise<{ status: number | undefined; location: string | undefined; text: string }>(
      (resolve, reject) => {
        const sent = httpRequest({ ...options, headers: all }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode, location: response.headers.location, text }),
          );
        });
        sent.once('error', reject);
        sent.end(body);
      },
    );
  }

  it.each<[string, Form, number]>([
    ['another site', { headers: { origin: 'https://evil.example' } }, 404],
    ['the same site without TLS', { headers: { origin: 'http://ca.example.org' } }, 404],
    ['a name that resolves to this machine', { headers: { host: 'evil.example' } }, 404],
    ['another path', { path: '/x' }, 404],
    ['an address with a query', { path: '/?a' }, 404],
    ['a link', { method: 'GET', body: '' }, 404],
    ['a secret that is too short', { body: `pageSecret=short&token=${TOKEN}` }, 400],
    ['another field', { body: `secret=${SECRET}&token=${TOKEN}` }, 400],
    ['three fields', { body: `${BODY}&x=1` }, 400],
    ['a body that is too long', { body: `${BODY}${' '.repeat(2000)}` }, 400],
    ['a page without a token', { body: `pageSecret=${SECRET}` }, 400],
    ["somebody else's page", { body: `pageSecret=${SECRET}&token=${'x'.repeat(22)}` }, 403],
  ])('vouches for nothing that comes from or is %s', async (_what, form, status) => {
    const reply = await submit(form);
    expect(reply).toMatchObject({ status, location: undefined });
    expect(vouched).toEqual([]);
    expect(reply.text).not.toContain(SECRET);
  });

  it('has the page ask for the code when the authority does not take its word', async () => {
    isPageOfThisRequest = false;
    expect(await submit({})).toMatchObject({ status: 303, location: listener.address });
    expect(listener.address).toBe(`${RETURN_TO}.${listener.port}.${TOKEN}`);
  });

  it.each([[ORIGIN], ['null']])(
    'vouches for a page of the authority (origin %s) and sends it back',
    async (origin) => {
      expect(await submit({ headers: { origin } })).toMatchObject({
        status: 303,
        location: RETURN_TO,
        text: '',
      });
      expect(vouched).toEqual([SECRET]);
    },
  );
});
