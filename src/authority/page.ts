/**
 * A browser page that answers a request made by a command. Whoever makes a request knows its address and could send it to
 * somebody else, whose touch would then serve a stranger (request phishing). So the page shows nothing and touches nothing
 * until it is proven to belong to the person at the command: over loopback, or by the code that only the terminal shows.
 */
import { timingSafeEqual } from 'node:crypto';
import { normalizeCode, touchCode } from '../fido/touch-digest.ts';
import { networkOf } from '../policy/network.ts';
import type { Authority } from './authority.ts';
import { AuthorityError } from './error.ts';
import { findTouchable } from './find-request.ts';
import type { StoreWriter } from './ports.ts';
import type { OpenPage, RequestId, TouchableRequest } from './records.ts';
import { requestDigest } from './request-digest.ts';
import { assertAwaitsTouch, assertNotRejected, assertPageProven } from './request-state.ts';
import { hashSecret, newSecret } from './secrets.ts';

const MAX_WRONG_CODES = 3;

export interface OpenedPage {
  readonly pageSecret: string;
  readonly request: TouchableRequest;
  readonly openedFrom: string;
}

/** A page introduces itself. A newer page takes over from one that was not proven; wrong codes count on. */
export async function openPage(authority: Authority, id: RequestId, from: string): Promise<OpenedPage> {
  const secret = newSecret(authority.random);
  return authority.store.write(async (tx) => {
    const request = await tx.findRequest(id);
    if (request === undefined || request.action === 'enroll')
      throw new AuthorityError('unknown-request', 'there is no such request: it may be over; ask again');
    assertAwaitsTouch(authority, request);
    if ((request.page?.proof ?? 'none') !== 'none')
      throw new AuthorityError('page-already-proven', 'this request is open in another page: use that one');
    const page = {
      secretHash: secret.hash,
      openedFrom: from,
      proof: 'none',
      wrongCodes: wrongCodes(request),
    } as const;
    await save(tx, { ...request, page });
    return { pageSecret: secret.text, request, openedFrom: from };
  });
}

/** The person typed the code. @returns the request, now for the page to see. */
export async function enterCode(
  authority: Authority,
  id: RequestId,
  pageSecret: string,
  code: string,
): Promise<TouchableRequest> {
  const outcome = await authority.store.write(async (tx) => {
    const { request, page } = await findPage(authority, tx, id, pageSecret);
    const isRight = isCode(code, touchCode(requestDigest(authority.origin, request)));
    const next = isRight ? prove(request, page, 'code') : countWrongCode(request, page);
    await save(tx, next);
    return { isRight, next };
  });
  // Thrown after the transaction: the wrong try must stay counted.
  assertNotRejected(outcome.next);
  if (!outcome.isRight) throw wrongCode(outcome.next);
  return outcome.next;
}

/**
 * The command says that this page's secret reached its own loopback listener: both are on one machine. A port can be forwarded to
 * another machine, whose command would get the access; so both must come from one network.
 */
export async function vouchForPage(
  authority: Authority,
  id: RequestId,
  pollSecret: string,
  pageSecret: string,
): Promise<void> {
  await authority.store.write(async (tx) => {
    await findTouchable(tx, id, { pollSecret });
    const { request, page } = await findPage(authority, tx, id, pageSecret);
    if (request.askedNetwork !== networkOf(page.openedFrom))
      throw new AuthorityError(
        'page-not-proven',
        'this page is opened from another network than your command: type the code',
      );
    await save(tx, prove(request, page, 'loopback'));
  });
}

/** What a proven page may see. */
export async function reviewRequest(
  authority: Authority,
  id: RequestId,
  pageSecret: string,
): Promise<TouchableRequest> {
  const request = await authority.store.read((tx) => findTouchable(tx, id, { pageSecret }));
  assertAwaitsTouch(authority, request);
  assertPageProven(request, { pageSecret });
  return request;
}

async function findPage(
  authority: Authority,
  tx: StoreWriter,
  id: RequestId,
  pageSecret: string,
): Promise<{ readonly request: TouchableRequest; readonly page: OpenPage }> {
  const request = await findTouchable(tx, id, { pageSecret });
  assertAwaitsTouch(authority, request);
  if (request.page === undefined)
    throw new AuthorityError('unknown-request', 'no page is open for this request');
  return { request, page: request.page };
}

/** Compares hashes, so that time tells nothing and lengths do not matter. */
function isCode(typed: string, expected: string): boolean {
  return timingSafeEqual(hashSecret(normalizeCode(typed)), hashSecret(normalizeCode(expected)));
}

function prove(request: TouchableRequest, page: OpenPage, proof: 'code' | 'loopback'): TouchableRequest {
  return { ...request, page: { ...page, proof } };
}

function countWrongCode(request: TouchableRequest, page: OpenPage): TouchableRequest {
  const counted = { ...request, page: { ...page, wrongCodes: page.wrongCodes + 1 } };
  if (counted.page.wrongCodes < MAX_WRONG_CODES) return counted;
  return { ...counted, state: { kind: 'rejected', reason: 'too-many-codes' } };
}

function wrongCodes(request: TouchableRequest): number {
  return request.page?.wrongCodes ?? 0;
}

function wrongCode(request: TouchableRequest): AuthorityError {
  const left = MAX_WRONG_CODES - wrongCodes(request);
  return new AuthorityError('wrong-code', `this is not the code of that terminal; tries left: ${left}`);
}

async function save(tx: StoreWriter, request: TouchableRequest): Promise<void> {
  if (!(await tx.updateRequest(request))) throw new TypeError('a request changed within its own transaction');
}
