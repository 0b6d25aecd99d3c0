import { describe, expect, it } from 'vitest';
import type { Asked } from '../../src/authority/ask.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { enterCode, openPage, reviewRequest, vouchForPage } from '../../src/authority/page.ts';
import { resultOf } from '../../src/authority/release.ts';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { touchCode } from '../../src/fido/touch-digest.ts';
import { codeOfAsync } from '../support/code-of.ts';
import type { Scene, Toucher } from './scene.ts';
import { openScene, ROSTER } from './scene.ts';

function codeOfRequest(scene: Scene, { request }: Asked): string {
  return touchCode(issueDigest(scene.authority.origin, request));
}

async function openFor(scene: Scene, asked: Asked, from = asked.request.askedFrom) {
  const { pageSecret } = await openPage(scene.authority, asked.request.id, from);
  return {
    pageSecret,
    enter: (code: string) => enterCode(scene.authority, asked.request.id, pageSecret, code),
    review: () => reviewRequest(scene.authority, asked.request.id, pageSecret),
    vouch: ({ pollSecret }: { readonly pollSecret: string } = asked) =>
      vouchForPage(scene.authority, asked.request.id, pollSecret, pageSecret),
    touch: (key: Toucher) =>
      touchRequest(scene.authority, asked.request.id, { pageSecret }, scene.assertion(asked.request, key)),
  };
}

describe('a page that nobody proved', () => {
  it('sees nothing of the request but its addresses and times', async () => {
    await using scene = await openScene();
    const asked = await scene.ask('alice');
    const page = await openFor(scene, asked);
    expect(await codeOfAsync(page.review())).toBe('page-not-proven');
  });

  it('can not touch, even with the right security key', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const page = await openFor(scene, await scene.ask('alice'));
    expect(await codeOfAsync(page.touch(alice))).toBe('page-not-proven');
  });

  it('ends the request with three wrong codes, for the command too', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const page = await openFor(scene, asked);
    expect(await codeOfAsync(page.enter('AAAA-AAAA'))).toBe('wrong-code');
    expect(await codeOfAsync(page.enter(''))).toBe('wrong-code');
    expect(await codeOfAsync(page.enter('AAAA-AAAA'))).toBe('request-rejected');
    expect(await codeOfAsync(page.enter(codeOfRequest(scene, asked)))).toBe('request-rejected');
    expect(await codeOfAsync(page.review())).toBe('request-rejected');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('request-rejected');
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('request-rejected');
    expect(await codeOfAsync(openFor(scene, asked))).toBe('request-rejected');
  });

  it('has no more tries when it is opened again, or when the tries come at once', async () => {
    await using scene = await openScene();
    const asked = await scene.ask('alice');
    const first = await openFor(scene, asked);
    expect(await codeOfAsync(first.enter('AAAA-AAAA'))).toBe('wrong-code');
    const second = await openFor(scene, asked);
    const tries = Array.from({ length: 5 }, () => codeOfAsync(second.enter('BBBB-BBBB')));
    const outcomes = await Promise.all(tries);
    expect(outcomes.filter((outcome) => outcome === 'wrong-code')).toHaveLength(1);
    expect(await codeOfAsync(second.enter(codeOfRequest(scene, asked)))).toBe('request-rejected');
  });

  it('is taken over by a newer one, and then sees and proves nothing more', async () => {
    await using scene = await openScene();
    const asked = await scene.ask('alice');
    const first = await openFor(scene, asked);
    const second = await openFor(scene, asked);
    expect(await codeOfAsync(first.enter(codeOfRequest(scene, asked)))).toBe('unknown-request');
    expect(await codeOfAsync(first.vouch())).toBe('unknown-request');
    await second.enter(codeOfRequest(scene, asked));
  });

  it.for([
    ['another request', (asked: Asked, other: Asked) => ({ ...asked, request: other.request })],
    [
      'a request that does not exist',
      (asked: Asked) => ({ ...asked, request: { ...asked.request, id: 'A'.repeat(22) } }),
    ],
  ] as const)('has a secret that is none for %s', async ([, change]) => {
    await using scene = await openScene();
    const [asked, other] = [await scene.ask('alice'), await scene.ask('alice')];
    const { pageSecret } = await openFor(scene, asked);
    const { id } = change(asked, other).request;
    const code = codeOfRequest(scene, other);
    expect(await codeOfAsync(enterCode(scene.authority, id, pageSecret, code))).toBe('unknown-request');
    expect(await codeOfAsync(reviewRequest(scene.authority, id, pageSecret))).toBe('unknown-request');
  });

  it('can not be opened for what does not exist, is over, or is answered', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const open = (id: string) => codeOfAsync(openPage(scene.authority, id, '203.0.113.5'));
    expect(await open('A'.repeat(22))).toBe('unknown-request');
    const asked = await scene.ask('alice');
    await scene.touch(asked, alice);
    expect(await open(asked.request.id)).toBe('request-answered');
    const late = await scene.ask('alice');
    scene.pass(120);
    expect(await open(late.request.id)).toBe('request-expired');
  });
});

describe('the command vouches', () => {
  it('for no page of another request, and not with the secret of another request', async () => {
    await using scene = await openScene();
    const [hers, attackers] = [await scene.ask('alice'), await scene.ask('alice')];
    const victim = await openFor(scene, attackers);
    const crossed = vouchForPage(scene.authority, hers.request.id, hers.pollSecret, victim.pageSecret);
    expect(await codeOfAsync(crossed)).toBe('unknown-request');
    expect(await codeOfAsync(victim.vouch(hers))).toBe('unknown-request');
    expect(await codeOfAsync(victim.review())).toBe('page-not-proven');
  });

  it.for([
    ['192.0.2.1', '192.0.2.2'],
    ['192.0.2.1', '2001:db8::1'],
    ['2001:db8:0:1::1', '2001:db8:0:2::1'],
    ['127.0.0.1', '192.0.2.1'],
  ] as const)(
    'from %s for no page at %s, which may be at the end of a forwarded port',
    async ([from, at]) => {
      await using scene = await openScene();
      const alice = await scene.enrol('alice');
      const asked = await scene.ask('alice', { from });
      const page = await openFor(scene, asked, at);
      expect(await codeOfAsync(page.vouch())).toBe('page-not-proven');
      expect(await codeOfAsync(page.review())).toBe('page-not-proven');
      expect(await codeOfAsync(page.touch(alice))).toBe('page-not-proven');
      await page.enter(codeOfRequest(scene, asked));
      expect(await page.review()).toMatchObject({ page: { proof: 'code' } });
    },
  );

  it.for([
    ['192.0.2.1', '::ffff:192.0.2.1'],
    ['127.0.0.1', '::1'],
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2'],
  ] as const)('from %s for its page at %s, the same network', async ([from, at]) => {
    await using scene = await openScene();
    const page = await openFor(scene, await scene.ask('alice', { from }), at);
    await page.vouch();
    expect(await page.review()).toMatchObject({ page: { proof: 'loopback' } });
  });

  it('for its own page, which then may review and touch', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const page = await openFor(scene, asked);
    await page.vouch();
    expect(await page.review()).toMatchObject({ page: { proof: 'loopback' }, person: 'alice' });
    expect((await page.touch(alice)).state.kind).toBe('issued');
    expect(await codeOfAsync(page.review())).toBe('request-answered');
  });
});

describe('a proven page', () => {
  it('is not taken over by a newer one', async () => {
    await using scene = await openScene();
    const asked = await scene.ask('alice');
    const page = await openFor(scene, asked);
    const typed = codeOfRequest(scene, asked).toLowerCase().replace('-', ' ');
    expect(await page.enter(typed)).toMatchObject({ page: { proof: 'code', openedFrom: '192.0.2.1' } });
    expect(await codeOfAsync(openFor(scene, asked))).toBe('page-already-proven');
  });

  it('on another machine is refused where the role wants the touch on the same one', async () => {
    const roster = ROSTER.replace(
      'max_lifetime: 20h }',
      'max_lifetime: 20h }\n    touch: { same_machine: true }',
    );
    await using scene = await openScene({ roster });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const elsewhere = await openFor(scene, asked);
    await elsewhere.enter(codeOfRequest(scene, asked));
    expect(await codeOfAsync(elsewhere.touch(alice))).toBe('touched-elsewhere');
    const here = await openFor(scene, await scene.ask('alice'));
    await here.vouch();
    expect((await here.touch(alice)).state.kind).toBe('issued');
  });

  it('can not review what is over', async () => {
    await using scene = await openScene();
    const asked = await scene.ask('alice');
    const page = await openFor(scene, asked);
    await page.vouch();
    scene.pass(120);
    expect(await codeOfAsync(page.review())).toBe('request-expired');
    expect(await codeOfAsync(page.enter(codeOfRequest(scene, asked)))).toBe('request-expired');
  });
});

it("the poll secret opens no page's doors, and the page's secret fetches no certificate", async () => {
  await using scene = await openScene();
  const alice = await scene.enrol('alice');
  const asked = await scene.ask('alice');
  const page = await openFor(scene, asked);
  await page.vouch();
  expect(await codeOfAsync(reviewRequest(scene.authority, asked.request.id, asked.pollSecret))).toBe(
    'unknown-request',
  );
  await page.touch(alice);
  expect(await codeOfAsync(resultOf(scene.authority, asked.request.id, page.pageSecret))).toBe(
    'unknown-request',
  );
});
