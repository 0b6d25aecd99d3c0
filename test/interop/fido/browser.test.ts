/** What a real Chromium answers, and what it says when it is inside a frame of another site. */

import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { base64urlnopad } from '@scure/base';
import type { Browser, Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AssertionJson, RegistrationJson } from '../../../src/fido/assertion.ts';
import { COSE_ALGORITHMS } from '../../../src/fido/cose.ts';
import type { TouchCredential } from '../../../src/fido/touch-credential.ts';
import { verifyRegistration } from '../../../src/fido/verify-registration.ts';
import { verifyTouch } from '../../../src/fido/verify-touch.ts';
import type { Visitor } from '../../support/browser.ts';
import { CHROMIUM, launchBrowser, visit } from '../../support/browser.ts';
import { codeOfAsync } from '../../support/code-of.ts';
import { haveParts } from '../../support/parts.ts';

const RP_ID = 'localhost';
const DIGEST = new Uint8Array(32).fill(0xd1);
const CHALLENGE = new Uint8Array(32).fill(0xc4);

interface Site {
  readonly origin: string;
  readonly server: Server;
}

/** A page, which holds a frame of `framed` if given. */
async function serve(framed = 'about:blank'): Promise<Site> {
  const allow = 'publickey-credentials-get *';
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>site</title><iframe src="${framed}" allow="${allow}"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { origin: `http://localhost:${address.port}`, server };
}

/** `toJSON()` of the browser's own credential, with what these tests read of it. */
interface BrowserCredential {
  readonly id: string;
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly authenticatorData: string;
    readonly signature: string;
  };
}

/** Asks the browser of a page or a frame, by its own JSON forms. */
async function ask(
  where: Page | Frame,
  method: 'create' | 'get',
  options: unknown,
): Promise<BrowserCredential> {
  const parse = method === 'create' ? 'parseCreationOptionsFromJSON' : 'parseRequestOptionsFromJSON';
  const publicKey = `PublicKeyCredential.${parse}(${JSON.stringify(options)})`;
  return where.evaluate(
    `navigator.credentials.${method}({ publicKey: ${publicKey} }).then((c) => c.toJSON())`,
  );
}

/** As web/authenticator.ts asks: a key that can not verify its user stores no discoverable credential. */
async function create(
  where: Page | Frame,
  attestation: 'none' | 'direct',
  uv = true,
): Promise<RegistrationJson> {
  const { id, response } = await ask(where, 'create', {
    challenge: base64urlnopad.encode(CHALLENGE),
    rp: { id: RP_ID, name: 'Usher' },
    user: { id: 'AQID', name: 'alice', displayName: 'alice' },
    pubKeyCredParams: COSE_ALGORITHMS.map((alg) => ({ alg, type: 'public-key' })),
    authenticatorSelection: {
      residentKey: uv ? 'preferred' : 'discouraged',
      userVerification: uv ? 'required' : 'discouraged',
    },
    attestation,
  });
  const { clientDataJSON, attestationObject } = response;
  return { credentialId: id, clientDataJSON, attestationObject };
}

async function get(where: Page | Frame, id: string): Promise<AssertionJson> {
  const { response } = await ask(where, 'get', {
    challenge: base64urlnopad.encode(DIGEST),
    rpId: RP_ID,
    allowCredentials: [{ id, type: 'public-key' }],
    userVerification: 'preferred',
  });
  const { clientDataJSON, authenticatorData, signature } = response;
  return { credentialId: id, clientDataJSON, authenticatorData, signature };
}

describe.runIf(haveParts({ [CHROMIUM]: 'chromium' }))('with a real Chromium', () => {
  let browser: Browser;
  let site: Site;
  let framing: Site;

  beforeAll(async () => {
    browser = await launchBrowser();
    site = await serve();
    framing = await serve(site.origin);
  });

  afterAll(async () => {
    await browser?.close();
    for (const { server } of [site, framing]) {
      server.closeAllConnections();
      server.close();
    }
  });

  function register(response: RegistrationJson, userVerification = true) {
    const now = Math.floor(Date.now() / 1000);
    const policy = { userVerification, attestation: { required: false as const } };
    return verifyRegistration({
      response,
      challenge: CHALLENGE,
      origin: site.origin,
      rpId: RP_ID,
      policy,
      now,
    });
  }

  function touch(assertion: AssertionJson, publicKey: Uint8Array, counter: number) {
    const credential: TouchCredential = {
      kind: 'webauthn',
      id: assertion.credentialId,
      publicKey,
      counter,
      rpId: RP_ID,
    };
    const policy = { userVerification: true };
    return { assertion, credential, digest: DIGEST, origin: site.origin, rpId: RP_ID, policy };
  }

  test('a touch inside a frame of another site is refused', async () => {
    await using visitor = disposable(await visit(browser));
    await visitor.page.goto(site.origin);
    const { publicKey, counter, credentialId } = await register(await create(visitor.page, 'none'));
    await visitor.page.goto(framing.origin);
    const frame = visitor.page.frames().find((candidate) => candidate.url().startsWith(site.origin));
    if (frame === undefined) throw new Error('the frame is not there');
    const framed = touch(await get(frame, credentialId), publicKey, counter);
    expect(await codeOfAsync(verifyTouch(framed))).toBe('cross-origin');
  });

  test('a registration inside a frame of another site is refused', async () => {
    await using visitor = disposable(await visit(browser));
    await visitor.page.goto(framing.origin);
    const frame = visitor.page.frames().find((candidate) => candidate.url().startsWith(site.origin));
    if (frame === undefined) throw new Error('the frame is not there');
    const answer = await create(frame, 'none').catch(() => undefined);
    // The page's own permission for frames is for touches only: the browser may refuse before we do.
    if (answer !== undefined) expect(await codeOfAsync(register(answer))).toBe('cross-origin');
  });

  test('a touch on another port is refused', async () => {
    await using visitor = disposable(await visit(browser));
    await visitor.page.goto(site.origin);
    const { publicKey, counter, credentialId } = await register(await create(visitor.page, 'none'));
    await visitor.page.goto(framing.origin);
    const elsewhere = touch(await get(visitor.page, credentialId), publicKey, counter);
    expect(await codeOfAsync(verifyTouch(elsewhere))).toBe('origin-mismatch');
  });

  test('a key that does not verify its user is refused where the policy asks for it', async () => {
    await using visitor = disposable(await visit(browser, { hasUserVerification: false }));
    await visitor.page.goto(site.origin);
    const response = await create(visitor.page, 'none', false);
    expect(await codeOfAsync(register(response))).toBe('not-verified');
    const { publicKey, counter, credentialId } = await register(response, false);
    const assertion = await get(visitor.page, credentialId);
    expect(await codeOfAsync(verifyTouch(touch(assertion, publicKey, counter)))).toBe('not-verified');
  });

  test.each([false, true])(
    'a credential is registered and touched, attestation asked for: %s',
    async (direct) => {
      await using visitor = disposable(await visit(browser));
      await visitor.page.goto(site.origin);
      const verified = await register(await create(visitor.page, direct ? 'direct' : 'none'));
      expect(verified).toMatchObject({
        fmt: direct ? 'packed' : 'none',
        userVerified: true,
      });
      expect(verified).not.toHaveProperty('attestedBy');
      const { publicKey, counter, credentialId } = verified;
      const first = await verifyTouch(touch(await get(visitor.page, credentialId), publicKey, counter));
      expect(first).toMatchObject({ counterRule: 'grew', userVerified: true });
      const second = touch(await get(visitor.page, credentialId), publicKey, first.counter);
      expect((await verifyTouch(second)).counter).toBeGreaterThan(first.counter);
    },
  );
});

function disposable(visitor: Visitor): Visitor & AsyncDisposable {
  return { ...visitor, [Symbol.asyncDispose]: () => visitor.close() };
}
