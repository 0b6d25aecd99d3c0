/** From what is asked for to verified certificates: ask, check, show, touch, wait, check. The order is that of docs/issuance.md. */
import { base64urlnopad } from '@scure/base';
import type { Issued } from '../../src/http/contract/requests.ts';
import { AskReply } from '../../src/http/contract/requests.ts';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { refreshBundle } from '../authority/enrolled.ts';
import { keepEvidence } from '../authority/fork-evidence.ts';
import { rememberCheckpoint } from '../authority/log-memory.ts';
import { explainRefusal } from '../authority/refusal.ts';
import type { Answered, Waited } from '../authority/result.ts';
import { handIn, waitForResult } from '../authority/result.ts';
import type { CheckedRequest } from '../check/draft-check.ts';
import { checkRequest } from '../check/draft-check.ts';
import { checkIssued } from '../check/issued-check.ts';
import { detail, say, whileWaiting } from '../terminal.ts';
import type { ChosenWay } from '../touch/choose.ts';
import { withPage } from '../touch/page.ts';
import type { TouchWay } from '../touch/way.ts';
import type { Wanted } from './ask.ts';
import { askBody } from './ask.ts';
import type { CaSigner } from './ca-signer.ts';
import { signDraft } from './ca-signer.ts';
import { reviewLines } from './review.ts';
import { peopleWho, waitForOthers } from './wait-for-others.ts';

export interface Certified {
  readonly certificate: Certificate;
  /** Its place in the log. */
  readonly leafIndex: number;
}

/** How the person agrees to what is shown: by a touch, or, who has a CA key, by signing with it at once. */
export type HowToAgree =
  | {
      readonly kind: 'touch';
      readonly way: ChosenWay;
      /** Whether a browser may be opened here. */
      readonly open: boolean;
    }
  | { readonly kind: 'ca-key'; readonly openSigner: (bundle: VerifiedBundle) => Promise<CaSigner> };

/** What went before and is still needed once the authority has answered. */
interface Ceremony {
  readonly enrolled: Enrolled;
  readonly bundle: VerifiedBundle;
  readonly reply: AskReply;
  readonly request: CheckedRequest;
}

/**
 * @returns the certificates in the order of what was wanted
 * @throws UsherCommandError for every refusal, the authority's and ours; nothing is kept of a certificate then.
 */
export async function certify(
  enrolled: Enrolled,
  wanted: readonly Wanted[],
  how: HowToAgree,
): Promise<readonly Certified[]> {
  const { surroundings, settings } = enrolled;
  const body = await askBody(wanted, settings.person, surroundings.now());
  const [bundle, reply] = await Promise.all([refreshBundle(enrolled), ask(enrolled, body)]);
  const asked = wanted.map((one) => one.asked);
  const request = checkRequest(reply, asked, bundle, surroundings.now());
  sayWhatIsSigned(enrolled, request, wanted, how);
  if (reply.approvals > 0) say(surroundings, `then ${peopleWho(reply.approvals)} to approve`);
  const ceremony = { enrolled, bundle, reply, request };
  const issued = await agreeAndWait(ceremony, how);
  return checkAndRemember(ceremony, issued);
}

function ask({ client }: Enrolled, body: unknown): Promise<AskReply> {
  return client.call({ method: 'POST', target: '/v1/requests', body, reply: AskReply, repeatable: true });
}

function sayWhatIsSigned(
  { surroundings, settings }: Enrolled,
  { certificates, reason }: CheckedRequest,
  wanted: readonly Wanted[],
  { kind }: HowToAgree,
): void {
  const what = certificates.length === 1 ? 'this certificate' : `these ${certificates.length} certificates`;
  const who = kind === 'ca-key' ? 'your CA key' : settings.origin;
  say(surroundings, `with your touch ${who} signs ${what}`);
  certificates.forEach(({ asked, alternatives }, index) => {
    const [draft] = alternatives;
    if (draft === undefined) throw new TypeError('a certificate has a draft');
    const where = wanted[index]?.subject.file ?? 'new, only in the agent';
    const why = asked.purpose === 'sudo' ? reason : undefined;
    const circumstances = { where, reason: why, access: settings.access };
    const inPlaceOf = wanted[index]?.inPlaceOf;
    detail(surroundings, [
      ...reviewLines(draft.fields, surroundings.now(), circumstances),
      ...(inPlaceOf === undefined ? [] : [['in place of', inPlaceOf] as const]),
    ]);
  });
}

async function agreeAndWait(ceremony: Ceremony, how: HowToAgree): Promise<Issued> {
  try {
    const answered = await agree(ceremony, how);
    if (answered.state === 'issued') return answered;
    const [first] = ceremony.request.certificates;
    if (first === undefined) throw new TypeError('a request asks for something');
    const waiting = { ...waitedOf(ceremony), subject: first.asked.key };
    return await waitForOthers(ceremony.enrolled, waiting, answered);
  } catch (error) {
    const asked = ceremony.request.certificates.map((certificate) => certificate.asked);
    throw await explainRefusal(ceremony.enrolled, asked, error);
  }
}

async function agree(ceremony: Ceremony, how: HowToAgree): Promise<Answered> {
  if (how.kind === 'ca-key') return signHere(ceremony, await how.openSigner(ceremony.bundle));
  const { way, open } = how;
  return way.kind === 'browser' ? touchByPage(ceremony, open) : touchHere(ceremony, way.way);
}

async function touchHere(ceremony: Ceremony, way: TouchWay): Promise<Answered> {
  const { enrolled, reply, request } = ceremony;
  const { origin, rpId } = enrolled.settings;
  const { credentialIds, userVerification } = reply;
  const question = { digest: request.digest, origin, rpId, credentialIds, userVerification };
  const assertion = await way.touch(question);
  const consent = { kind: 'touch', assertion } as const;
  return handIn(enrolled.surroundings, enrolled.client, waitedOf(ceremony), consent);
}

async function touchByPage(ceremony: Ceremony, open: boolean): Promise<Answered> {
  const { enrolled, reply, request } = ceremony;
  const { surroundings, client } = enrolled;
  const page = { ...reply, digest: request.digest, open };
  return withPage(surroundings, client, page, () => {
    const result = waitForResult(surroundings, client, waitedOf(ceremony));
    return whileWaiting(surroundings, 'waiting for your touch in the browser', result);
  });
}

async function signHere(ceremony: Ceremony, signer: CaSigner): Promise<Answered> {
  const { enrolled, reply, request } = ceremony;
  const { draft, signature } = await signDraft(signer, request.drafts, reply.userVerification);
  const consent = { kind: 'signature', draft, signature: base64urlnopad.encode(signature) } as const;
  return handIn(enrolled.surroundings, enrolled.client, waitedOf(ceremony), consent);
}

function waitedOf({ enrolled, bundle, reply }: Ceremony): Waited {
  const { checkpoint } = enrolled.memory;
  const seenSize = checkpoint === undefined ? undefined : openCheckpoint(checkpoint, bundle.logKey).size;
  return { request: reply, seenSize };
}

async function checkAndRemember(
  { enrolled, bundle, request }: Ceremony,
  issued: Issued,
): Promise<readonly Certified[]> {
  const { person, origin } = enrolled.settings;
  const seenCheckpoint = enrolled.memory.checkpoint;
  try {
    const certificates = checkIssued(issued, { request, person, origin, bundle, seenCheckpoint });
    await rememberCheckpoint(enrolled, bundle, issued.checkpoint);
    return certificates.map((certificate, index) => {
      const entry = issued.certificates[index];
      if (entry === undefined) throw new TypeError('each certificate was checked with its entry');
      return { certificate, leafIndex: entry.leafIndex };
    });
  } catch (error) {
    throw await keepEvidence(enrolled, error);
  }
}
