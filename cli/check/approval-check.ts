/**
 * Before somebody approves: is what the authority shows a certificate for sudo and nothing else, and does it say what its drafts say?
 * The digest is computed from exactly what passed; a server that shows one request and has another one approved is caught here.
 */
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type { ViewReply } from '../../src/http/contract/approvals.ts';
import { printable } from '../../src/ssh/printable.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { isActiveCaKey } from '../authority/bundle.ts';
import type { Settings } from '../authority/settings.ts';
import { decodeBytes } from '../decode.ts';
import type { SudoAsked } from '../issue/asked.ts';
import { readSudoPrincipals } from '../issue/asked.ts';
import { checkAlternatives, requestDigest } from './draft-check.ts';
import type { CheckedDraft } from './draft-fields.ts';
import {
  CLOCK_SLACK_SECONDS,
  checkOptions,
  checkSerial,
  decodeOrRefuse,
  MAX_SECONDS,
  refusedDraft,
  START_SLACK_SECONDS,
} from './draft-fields.ts';

/** It is shown, and stands in the key id: nothing in it moves a terminal. */
const PERSON = /^[a-z_][a-z0-9_.-]{0,31}$/;

interface ViewContext {
  readonly requestId: string;
  readonly settings: Pick<Settings, 'origin' | 'rpId' | 'person'>;
  readonly bundle: VerifiedBundle;
  readonly now: number;
}

/** What somebody else asks for, as its drafts say it. */
export interface CheckedView extends Pick<SudoAsked, 'login' | 'hosts'> {
  readonly drafts: readonly CheckedDraft[];
  /** What touches that approve, and those that reject, are over. */
  readonly digests: Readonly<Record<'approve' | 'reject', Uint8Array>>;
}

/** @throws UsherCommandError `draft-refused` that names the first thing that does not fit. */
export function checkView(view: ViewReply, context: ViewContext): CheckedView {
  checkFrame(view, context);
  const drafts = checkAlternatives(view.drafts.map((draft) => checkDraft(decodeBytes(draft), view, context)));
  const read = readSudoPrincipals(drafts[0]?.fields.principals ?? []);
  if (read === undefined) throw refusedDraft('the certificate would not be one for sudo');
  return { ...read, drafts, digests: digestsOf(view, drafts) };
}

function digestsOf(view: ViewReply, drafts: readonly CheckedDraft[]): CheckedView['digests'] {
  const { origin, requestId, expiresAt, approveBy, reason } = view;
  const nonce = decodeBytes(view.nonce);
  const digest = requestDigest(origin, { requestId, nonce, expiresAt, reason }, drafts);
  const digestOf = (kind: 'approve' | 'reject') =>
    touchDigest({
      origin,
      action: { kind, requestDigest: digest },
      requestId,
      nonce,
      expiresAt: approveBy,
    });
  return { approve: digestOf('approve'), reject: digestOf('reject') };
}

function checkFrame(view: ViewReply, { requestId, settings, now }: ViewContext): void {
  if (view.requestId !== requestId) throw refusedDraft('the authority shows another request');
  if (!PERSON.test(view.person)) throw refusedDraft(`"${view.person}" is no name of a person`);
  if (view.origin !== settings.origin)
    throw refusedDraft(`the touch would be for ${printable(view.origin, 100)}, not for ${settings.origin}`);
  if (view.rpId !== settings.rpId)
    throw refusedDraft(`the touch would be for the RP id ${printable(view.rpId, 100)}, not ${settings.rpId}`);
  if (decodeBytes(view.nonce).length !== 32) throw refusedDraft('the nonce does not have 32 bytes');
  if (view.createdAt > now + CLOCK_SLACK_SECONDS)
    throw refusedDraft('the request would be of the future', 'compare your clock: usher doctor');
  if (view.approveBy <= now)
    throw refusedDraft('the time to approve is over', 'it has to be asked for again');
}

function checkDraft(bytes: Uint8Array, view: ViewReply, { bundle }: ViewContext): CheckedDraft {
  const fields = decodeOrRefuse(bytes);
  if (fields.type !== 'user') throw refusedDraft('the certificate would be for a host');
  const keyId = `sudo:${view.person}:${view.requestId}`;
  if (fields.keyId !== keyId)
    throw refusedDraft(`the certificate would say "${fields.keyId}", not "${keyId}"`);
  if (!isActiveCaKey(bundle, 'sudo', fields.authority))
    throw refusedDraft('the certificate would be signed by a key that is no active sudo CA key');
  checkSerial(fields);
  checkOptions(fields, 'sudo');
  const [after, before] = [Number(fields.validAfter), Number(fields.validBefore)];
  if (after < view.createdAt - START_SLACK_SECONDS || after > view.createdAt)
    throw refusedDraft('the certificate would not begin when it was asked for');
  if (before > view.createdAt + MAX_SECONDS)
    throw refusedDraft('the certificate would be valid for longer than any');
  if (before <= view.approveBy) throw refusedDraft('the certificate would be over before it is approved');
  return { bytes, fields };
}
