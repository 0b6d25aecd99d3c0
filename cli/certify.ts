/** From what is asked for to a verified certificate: ask, check, show, touch, wait, check. The order is that of docs/issuance.md. */
import type { AskBody, Issued } from '../src/http/contract.ts';
import { AskReply } from '../src/http/contract.ts';
import { openCheckpoint } from '../src/log/checkpoint.ts';
import type { Certificate } from '../src/ssh/certificate.ts';
import { askBody } from './ask.ts';
import type { VerifiedBundle } from './bundle.ts';
import type { Asked, CheckedRequest } from './draft-check.ts';
import { checkRequest } from './draft-check.ts';
import type { Enrolled } from './enrolled.ts';
import { refreshBundle } from './enrolled.ts';
import { keepEvidence } from './fork-evidence.ts';
import { checkIssued } from './issued-check.ts';
import { rememberCheckpoint } from './log-memory.ts';
import { explainRefusal } from './refusal.ts';
import type { Waited } from './result.ts';
import { handIn, waitForResult } from './result.ts';
import { reviewLines } from './review.ts';
import type { Subject } from './subject.ts';
import { detail, say, whileWaiting } from './terminal.ts';
import type { ChosenWay } from './touch/choose.ts';
import { withPage } from './touch/page.ts';
import type { TouchWay } from './touch/way.ts';

export interface Certified {
  readonly certificate: Certificate;
  /** Its place in the log. */
  readonly leafIndex: number;
}

interface Wanted {
  readonly asked: Asked;
  readonly subject: Subject;
  readonly way: ChosenWay;
  /** Whether a browser may be opened here. */
  readonly open: boolean;
}

/** What went before and is still needed once the authority has answered. */
interface Ceremony extends Wanted {
  readonly enrolled: Enrolled;
  readonly bundle: VerifiedBundle;
  readonly reply: AskReply;
  readonly request: CheckedRequest;
}

/** @throws UsherCommandError for every refusal, the authority's and ours; nothing is kept of a certificate then. */
export async function certify(enrolled: Enrolled, wanted: Wanted): Promise<Certified> {
  const { surroundings } = enrolled;
  const { asked, subject } = wanted;
  const body = await askBody(asked, subject, surroundings.now());
  const [bundle, reply] = await Promise.all([refreshBundle(enrolled), ask(enrolled, body)]);
  const request = checkRequest(reply, [asked], bundle, surroundings.now());
  sayWhatIsSigned(enrolled, request, subject);
  const ceremony = { ...wanted, enrolled, bundle, reply, request };
  const issued = await touchAndWait(ceremony);
  return checkAndRemember(ceremony, issued);
}

function ask({ client }: Enrolled, body: AskBody): Promise<AskReply> {
  return client.call({ method: 'POST', target: '/v1/requests', body, reply: AskReply, repeatable: true });
}

function sayWhatIsSigned(
  { surroundings, settings }: Enrolled,
  request: CheckedRequest,
  subject: Subject,
): void {
  say(surroundings, `with your touch ${settings.origin} signs this certificate`);
  const where = subject.file ?? 'new, only in the agent';
  for (const { fields } of request.drafts)
    detail(surroundings, reviewLines(fields, surroundings.now(), where));
}

async function touchAndWait(ceremony: Ceremony): Promise<Issued> {
  const { enrolled, way } = ceremony;
  try {
    return way.kind === 'browser' ? await touchByPage(ceremony) : await touchHere(ceremony, way.way);
  } catch (error) {
    throw await explainRefusal(enrolled, error);
  }
}

async function touchHere(ceremony: Ceremony, way: TouchWay): Promise<Issued> {
  const { enrolled, reply, request } = ceremony;
  const { origin, rpId } = enrolled.settings;
  const { credentialIds, userVerification } = reply;
  const assertion = await way.touch({
    digest: request.digest,
    origin,
    rpId,
    credentialIds,
    userVerification,
  });
  return handIn(enrolled.surroundings, enrolled.client, waitedOf(ceremony), assertion);
}

async function touchByPage(ceremony: Ceremony): Promise<Issued> {
  const { enrolled, reply, request, open } = ceremony;
  const { surroundings, client } = enrolled;
  const page = { ...reply, digest: request.digest, open };
  return withPage(surroundings, client, page, () => {
    const result = waitForResult(surroundings, client, waitedOf(ceremony));
    return whileWaiting(surroundings, 'waiting for your touch in the browser', result);
  });
}

function waitedOf({ enrolled, bundle, reply }: Ceremony): Waited {
  const { checkpoint } = enrolled.memory;
  const seenSize = checkpoint === undefined ? undefined : openCheckpoint(checkpoint, bundle.logKey).size;
  return { request: reply, seenSize };
}

async function checkAndRemember({ enrolled, bundle, request }: Ceremony, issued: Issued): Promise<Certified> {
  const { person, origin } = enrolled.settings;
  const seenCheckpoint = enrolled.memory.checkpoint;
  try {
    const [certificate] = checkIssued(issued, { request, person, origin, bundle, seenCheckpoint });
    const [entry] = issued.certificates;
    if (certificate === undefined || entry === undefined)
      throw new TypeError('a request has at least one draft');
    await rememberCheckpoint(enrolled, bundle, issued.checkpoint);
    return { certificate, leafIndex: entry.leafIndex };
  } catch (error) {
    throw await keepEvidence(enrolled, error);
  }
}
