import { chmod, readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { touchDigest } from '../../../src/fido/touch-digest.ts';
import type { IssueReview, PageReply } from '../../../src/http/contract/pages.ts';
import type { Person } from '../../cli/support/person.ts';
import { startPerson } from '../../cli/support/person.ts';
import { haveParts } from '../../support/parts.ts';
import { SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { rosterFor } from './enrolled.ts';

/** The pages themselves are tested in Chromium (test/interop/web); here the test does what the page does. */
describe.runIf(haveParts(SSH_AGENT_PARTS))('touch in a browser', () => {
  let person: Person;
  let usherd: Usherd;

  beforeAll(async () => {
    person = await startPerson();
    usherd = await startUsherd({ roster: rosterFor(['alice']) });
    const { stdout } = await usherd.command('invite', 'alice');
    const enrolled = await person.usher(['enroll', '-', '--with', 'soft'], { stdin: stdout });
    expect(enrolled, enrolled.stderr).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await usherd?.[Symbol.asyncDispose]();
    await person?.[Symbol.asyncDispose]();
  });

  it('on the same machine: the page proves itself over loopback', async () => {
    await using browser = await startBrowser(person.home, async (address) => {
      const { id, port, token } = parseAddress(address);
      const page = await openPage(usherd, id);
      expect(await post(`/v1/requests/${id}/review`, { pageSecret: page.pageSecret })).toMatchObject({
        status: 409,
      });
      expect(await submit(port, usherd.origin, page.pageSecret, token)).toEqual({
        status: 303,
        location: `${usherd.origin}/touch#${id}`,
      });
      await reviewAndTouch(id, page.pageSecret);
    });
    const login = await person.usher(['login', '--with', 'browser'], { env: { BROWSER: browser.program } });
    expect(login, login.stderr).toMatchObject({ code: 0 });
    expect(await person.identities()).toHaveLength(1);
  });

  it('the listener answers only the page: not another site, not another host name, not another path', async () => {
    await using browser = await startBrowser(person.home, async (address) => {
      const { id, port, token } = parseAddress(address);
      const page = await openPage(usherd, id);
      const secret = page.pageSecret;
      expect(await submit(port, 'https://evil.example', secret, token)).toMatchObject({ status: 404 });
      expect(await submit(port, usherd.origin, secret, token, { host: 'evil.example' })).toMatchObject({
        status: 404,
      });
      expect(await submit(port, usherd.origin, secret, token, {}, '/other')).toMatchObject({ status: 404 });
      expect(await submit(port, usherd.origin, 'short', token)).toMatchObject({ status: 400 });
      expect(await submit(port, usherd.origin, secret, 'x'.repeat(22))).toMatchObject({ status: 403 });
      // Vouched for in vain: the page is sent back to ask for the code.
      expect(await submit(port, usherd.origin, 'x'.repeat(43), token)).toMatchObject({
        status: 303,
        location: address,
      });
      expect(await submit(port, 'null', secret, token)).toMatchObject({ status: 303 });
      await reviewAndTouch(id, secret);
    });
    const login = await person.usher(['login', '--with', 'browser'], { env: { BROWSER: browser.program } });
    expect(login, login.stderr).toMatchObject({ code: 0 });
  });

  it.each([
    ['without a browser here', {}, []],
    ['in a session over ssh', { DISPLAY: ':0', SSH_CONNECTION: '::1 1 ::1 22' }, []],
    ['with --no-open', { DISPLAY: ':0' }, ['--no-open']],
  ])('on another machine, %s: the person types the code from the terminal', async (_situation, env, args) => {
    const { promise: shown, resolve } = Promise.withResolvers<string>();
    const onStderr = (all: string) => {
      if (/code +[0-9A-Z]{4}-[0-9A-Z]{4}/.test(all)) resolve(all);
    };
    const running = person.usher(['login', '--with', 'browser', ...args], { env, onStderr });
    const screen = await shown;
    const id = /touch#([\w-]{22})\n/.exec(screen)?.[1] ?? '';
    const code = /code +([0-9A-Z]{4}-[0-9A-Z]{4})/.exec(screen)?.[1] ?? '';
    const { pageSecret } = await openPage(usherd, id);
    const typed = code.toLowerCase().replace('-', ' ');
    expect(await post(`/v1/requests/${id}/code`, { pageSecret, code: typed })).toMatchObject({
      status: 200,
      body: { person: 'alice' },
    });
    await reviewAndTouch(id, pageSecret);
    const login = await running;
    expect(login, login.stderr).toMatchObject({ code: 0 });
  });

  /** What the page does once it is proven: it computes the digest from the drafts that it shows. */
  async function reviewAndTouch(id: string, pageSecret: string): Promise<void> {
    const { body } = await post(`/v1/requests/${id}/review`, { pageSecret });
    const review = body as IssueReview;
    const draftHashes = review.drafts.map((draft) => sha256(base64urlnopad.decode(draft)));
    const challenge = touchDigest({
      origin: review.origin,
      action: { kind: 'issue', draftHashes },
      requestId: review.requestId,
      nonce: base64urlnopad.decode(review.nonce),
      expiresAt: review.expiresAt,
    });
    const assertion = person.plugin.authenticator.get({
      challenge,
      origin: review.origin,
      rpId: review.rpId,
    });
    const touched = await post(`/v1/requests/${id}/touch`, { speaker: { pageSecret }, assertion });
    expect(touched).toEqual({ status: 200, body: { state: 'touched' } });
  }

  async function post(path: string, body: object): Promise<{ status: number; body: unknown }> {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(usherd.origin + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: reply.status, body: await reply.json() };
  }

  async function openPage(at: Usherd, id: string): Promise<PageReply> {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`${at.origin}/v1/requests/${id}/page`, { method: 'POST', headers, body: '{}' });
    return (await reply.json()) as PageReply;
  }
});

interface Browser extends AsyncDisposable {
  readonly program: string;
}

/** A program for $BROWSER that hands the address to the test. What fails there fails when the browser is closed. */
async function startBrowser(home: string, visit: (address: string) => Promise<void>): Promise<Browser> {
  const socketPath = join(home, `browser-${Math.floor(performance.now() * 1000)}`);
  let visited: Promise<unknown> = Promise.resolve();
  const server = createServer(async (socket) => {
    const page = await readFile(new URL(await text(socket)), 'utf8');
    const address = /url=([^"]+)"/.exec(page)?.[1] ?? '';
    visited = visit(address).catch((error: unknown) => error);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const program = `${socketPath}.js`;
  const code = `#!${process.execPath}\nrequire('node:net').createConnection(${JSON.stringify(socketPath)}).end(process.argv[2]);\n`;
  await writeFile(program, code);
  await chmod(program, 0o755);
  return {
    program,
    [Symbol.asyncDispose]: async () => {
      server.close();
      const outcome = await visited;
      if (outcome instanceof Error) throw outcome;
    },
  };
}

function parseAddress(address: string): { id: string; port: number; token: string } {
  const [, id = '', port = '', token = ''] = /#([\w-]{22})\.(\d+)\.([\w-]{22})$/.exec(address) ?? [];
  return { id, port: Number(port), token };
}

/** A form, as a browser sends it. */
function submit(
  port: number,
  origin: string,
  pageSecret: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
  path = '/',
): Promise<{ status: number | undefined; location?: string | undefined }> {
  const options = {
    host: '127.0.0.1',
    ...{ port, path, method: 'POST' },
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin, ...headers },
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(options, (response) => {
      response.resume();
      const { location } = response.headers;
      resolve({ status: response.statusCode, ...(location === undefined ? {} : { location }) });
    });
    sent.once('error', reject);
    sent.end(`pageSecret=${pageSecret}&token=${token}`);
  });
}
