/**
 * People's authorities have https:// origins, and from there browsers treat a form to http://127.0.0.1 with more suspicion (mixed
 * content, local network access). Here the built page and the command's real listener meet, with only the network between
 * browser and authority played by the test.
 */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackListener } from '../../../cli/touch/loopback.ts';
import { listenOnLoopback } from '../../../cli/touch/loopback.ts';
import { launchBrowser, visit } from '../../support/browser.ts';
import { haveParts } from '../../support/parts.ts';
import { PAGE_PARTS } from './parts.ts';

const ORIGIN = 'https://ca.example.org';
const REQUEST_ID = 'AbCdEfGhIjKlMnOpQrStUv';
const PAGE_SECRET = 'S'.repeat(43);
const PAGES = new URL('../../../dist/web/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self' http://127.0.0.1:*; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
};

describe.runIf(haveParts(PAGE_PARTS))('from an https:// origin', () => {
  let browser: Browser;
  let listener: LoopbackListener;
  const vouched: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    listener = await listenOnLoopback({
      origin: ORIGIN,
      returnTo: `${ORIGIN}/touch#${REQUEST_ID}`,
      token: 'T'.repeat(22),
      vouch: async (pageSecret) => void vouched.push(pageSecret),
    });
  });

  afterAll(async () => {
    listener?.close();
    await browser?.close();
  });

  it('the page hands its secret to the command, only in a body, and comes back', async () => {
    const { page, complaints } = await visit(browser);
    const addresses: string[] = [];
    page.on('request', (request) => addresses.push(request.url()));
    await page.route(`${ORIGIN}/**`, playAuthority);
    await page.goto(listener.address);
    await page.getByRole('button', { name: 'Type the code from the terminal instead' }).waitFor();
    expect(page.url()).toBe(`${ORIGIN}/touch#${REQUEST_ID}`);
    expect(vouched).toEqual([PAGE_SECRET]);
    expect(addresses.filter((address) => address.includes(PAGE_SECRET))).toEqual([]);
    expect(complaints).toEqual([]);
    await expectNothingSecretIsLeft(page);
  });
});

/** The page knows itself by its secret, in this tab only. */
async function expectNothingSecretIsLeft(page: Page): Promise<void> {
  expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).toBe('{}');
}

async function playAuthority(route: Route): Promise<void> {
  const path = new URL(route.request().url()).pathname;
  if (path === `/v1/requests/${REQUEST_ID}/page`) return route.fulfill({ status: 201, json: pageReply() });
  if (path.startsWith('/v1/')) return route.fulfill({ status: 409, json: notProven() });
  const file = path === '/touch' ? 'touch.html' : path.slice(1);
  await route.fulfill({
    body: await readFile(new URL(file, PAGES)),
    headers: { ...HEADERS, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' },
  });
}

function pageReply() {
  const createdAt = Math.floor(Date.now() / 1000);
  const addresses = { askedFrom: '192.0.2.1', openedFrom: '192.0.2.1' };
  return { pageSecret: PAGE_SECRET, ...addresses, createdAt, expiresAt: createdAt + 120 };
}

function notProven() {
  return { type: 'about:blank', title: 'The authority refuses this', status: 409, code: 'page-not-proven' };
}
