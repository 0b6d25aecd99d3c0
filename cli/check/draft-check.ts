/**
 * Before the touch: does the authority want to sign what was asked, and nothing else? A server that shows one thing and has
 * another one touched is caught here, because the digest is computed from exactly the drafts that passed.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { issueAction, touchDigest } from '../../src/fido/touch-digest.ts';
import type { AskReply } from '../../src/http/contract/requests.ts';
import { encodeDraft } from '../../src/ssh/certificate.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { decodeBytes } from '../decode.ts';
import type { Asked } from '../issue/asked.ts';
import type { CheckedDraft } from './draft-fields.ts';
import { checkDraft, refusedDraft } from './draft-fields.ts';
import { checkFrame } from './frame-check.ts';

/** What was asked for, with the drafts of which one is to be signed: several where people's CA keys sign. */
export interface CheckedCertificate {
  readonly asked: Asked;
  readonly alternatives: readonly CheckedDraft[];
}

export interface CheckedRequest {
  readonly requestId: string;
  readonly nonce: Uint8Array;
  readonly expiresAt: number;
  /** Empty when none was given. */
  readonly reason: string;
  readonly certificates: readonly CheckedCertificate[];
  /** All of them, in the order of the digest. */
  readonly drafts: readonly CheckedDraft[];
  readonly digest: Uint8Array;
}

/** @throws UsherCommandError `draft-refused` that names the first thing that differs. */
export function checkRequest(
  reply: AskReply,
  asked: readonly Asked[],
  bundle: VerifiedBundle,
  now: number,
): CheckedRequest {
  const [first] = asked;
  if (first === undefined) throw new TypeError('a request asks for something');
  checkFrame(reply, first, now);
  const frame = { requestId: reply.requestId, bundle, now };
  const certificates = sortDrafts(reply, asked).map(({ one, drafts }) => ({
    asked: one,
    alternatives: checkAlternatives(drafts.map((draft) => checkDraft(decodeBytes(draft), one, frame))),
  }));
  const serials = certificates.map(({ alternatives }) => alternatives[0]?.fields.serial);
  if (new Set(serials).size !== serials.length) throw refusedDraft('two of the drafts have the same serial');
  const drafts = certificates.flatMap(({ alternatives }) => alternatives);
  const { requestId, expiresAt } = reply;
  const request = { requestId, expiresAt, nonce: decodeBytes(reply.nonce), reason: reasonOf(asked) };
  return { ...request, certificates, drafts, digest: requestDigest(first.origin, request, drafts) };
}

/** What the touch of the person who asks is over. */
export function requestDigest(
  origin: string,
  request: Pick<CheckedRequest, 'requestId' | 'nonce' | 'expiresAt' | 'reason'>,
  drafts: readonly CheckedDraft[],
): Uint8Array {
  const { requestId, nonce, expiresAt, reason } = request;
  const action = issueAction(
    drafts.map(({ bytes }) => sha256(bytes)),
    reason,
  );
  return touchDigest({ origin, action, requestId, nonce, expiresAt });
}

/** Of several drafts for one certificate one is signed: they say the same, each to be signed by another CA key. */
export function checkAlternatives(drafts: readonly CheckedDraft[]): readonly CheckedDraft[] {
  const [first, ...others] = drafts;
  if (first === undefined) throw refusedDraft('the authority drafted nothing');
  const { authority } = first.fields;
  for (const { fields } of others)
    if (!equalBytes(encodeDraft({ ...fields, authority }), first.bytes))
      throw refusedDraft('the drafts to choose from differ in more than the CA key');
  const isTwice = ({ fields }: CheckedDraft, place: number) =>
    drafts.slice(0, place).some((before) => samePublicKey(before.fields.authority, fields.authority));
  if (drafts.some(isTwice)) throw refusedDraft('two of the drafts to choose from are for one CA key');
  return drafts;
}

interface Sorted {
  readonly one: Asked;
  readonly drafts: readonly string[];
}

/** One draft for each certificate; only one for sudo that is alone in its request may have alternatives. */
function sortDrafts({ drafts }: AskReply, asked: readonly Asked[]): readonly Sorted[] {
  const [only, ...more] = asked;
  if (only?.purpose === 'sudo' && more.length === 0) return [{ one: only, drafts }];
  if (drafts.length !== asked.length)
    throw refusedDraft(`${asked.length} certificates were asked for, the authority drafted ${drafts.length}`);
  return asked.map((one, index) => ({ one, drafts: drafts.slice(index, index + 1) }));
}

/** A request holds one certificate for sudo at most. */
function reasonOf(asked: readonly Asked[]): string {
  return asked.flatMap((one) => (one.purpose === 'sudo' ? [one.reason] : []))[0] ?? '';
}
