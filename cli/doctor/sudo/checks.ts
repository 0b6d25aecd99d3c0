/** What the judgement means for the person: whether sudo will work, what it will cost, and what to do. Pure. */
import type { Finding } from '../../../src/pam-ussh/finding.ts';
import type { GoCertificate } from '../../../src/pam-ussh/go-certificate.ts';
import { readGoSignature } from '../../../src/pam-ussh/go-signature.ts';
import type { IdentityVerdict } from '../../../src/pam-ussh/verdict.ts';
import { printable } from '../../../src/ssh/printable.ts';
import { roughDuration } from '../../issue/review.ts';
import type { Check } from '../check.ts';
import { checkOf, ok, warning } from '../check.ts';
import type { Signing } from './agent-facts.ts';
import type { Asker } from './asker.ts';
import { forPerson, isForSigningIn } from './asker.ts';
import type { SudoAnswer } from './examine.ts';

interface SudoSituation {
  readonly host: string;
  readonly answer: SudoAnswer;
  readonly now: number;
  /** Undefined on the host itself. */
  readonly asker?: Asker | undefined;
}

const SOON_SECONDS = 300;
const USER_PRESENT = 0x01;
/** No key that asks nobody takes as long. */
const ASKED_MILLISECONDS = 1000;

export function checkSudo(situation: SudoSituation): readonly Check[] {
  const { judgement } = situation.answer;
  // About the line and the files, an assumed host has nothing to say.
  const agent = judgement.findings.filter(({ check }) => check.startsWith('agent.'));
  if (agent.length > 0) return agent.map((finding) => checkFor(situation, finding));
  const accepted = judgement.identities.find(({ step }) => step === 'accepted');
  return accepted === undefined ? refusal(situation) : acceptance(situation, accepted);
}

/** A check with a hint that the person can follow. */
function checkFor({ asker }: SudoSituation, finding: Finding): Check {
  return checkOf(forPerson(finding, asker));
}

function acceptance(situation: SudoSituation, { certificate, matched, warnings, index }: IdentityVerdict) {
  const { host, answer } = situation;
  if (certificate === undefined) return [];
  const before = answer.judgement.identities.slice(0, index);
  return [
    ok(
      'cert.sudo-principal',
      `${host} should take ${nameOf(certificate)} of ${answer.login} for ${matched ?? ''}`,
    ),
    checkTime(certificate, situation),
    checkOrder(before),
    ...checkTouch(answer, index, certificate),
    ...before.flatMap(needless),
    ...warnings.map((finding) => checkFor(situation, finding)),
  ];
}

function nameOf({ serial }: GoCertificate): string {
  return `the certificate ${serial}`;
}

function checkTime({ validBefore }: GoCertificate, { now, asker }: SudoSituation): Check {
  const left = Number(validBefore) - now;
  const message = `it is valid for ${roughDuration(left)}`;
  return left < SOON_SECONDS
    ? warning('cert.time', `${message} only`, `get a new one: ${asker?.command ?? 'usher sudo HOST'}`)
    : ok('cert.time', message);
}

function checkOrder(before: readonly IdentityVerdict[]): Check {
  const asked = before.filter(({ asksToSign }) => asksToSign).length;
  if (asked === 0) return ok('agent.order', 'pam-ussh asks nothing else in the agent for a signature');
  return ok('agent.order', `everything that pam-ussh tries first signs (${asked} before it)`);
}

/** A security key that has to be touched for a certificate which then turns out to be for another host. */
function needless({ asksToSign, certificate, comment, warnings }: IdentityVerdict): readonly Check[] {
  if (!asksToSign || certificate?.subject.application === undefined) return [];
  return warnings
    .filter(({ check }) => check === 'agent.order')
    .map((finding) => checkOf(named(comment, finding)));
}

function* checkTouch(
  { strict, signed }: SudoAnswer,
  index: number,
  { subject }: GoCertificate,
): Generator<Check> {
  if (subject.application === undefined) {
    yield ok('cert.subject-alg', plainKey(signed.get(index)));
    return;
  }
  const fact = signed.get(index)?.fact;
  const wasTouched = fact?.kind === 'signature' && wasPresent(fact.signature);
  if (wasTouched)
    yield ok(
      'cert.subject-alg',
      'each sudo needs a touch of your security key; hosts with x/crypto 0.52 or newer also check that it was touched',
    );
  else if (strict.identities[index]?.step !== 'accepted')
    yield warning(
      'cert.subject-alg',
      'the security key signs without a touch: hosts with x/crypto 0.52 or newer refuse it',
      'make the key anew without no-touch-required',
    );
}

function plainKey(signing: Signing | undefined): string {
  return signing !== undefined && signing.milliseconds > ASKED_MILLISECONDS
    ? 'the agent asked you first (ssh-add -c): it will at each sudo, and sudo waits for your answer'
    : 'it signs without a question to you: no sudo needs a touch';
}

/** The flags of the authenticator follow the signature (PROTOCOL.u2f). */
function wasPresent(signature: Uint8Array): boolean {
  return ((readGoSignature(signature).rest[0] ?? 0) & USER_PRESENT) !== 0;
}

function refusal(situation: SudoSituation): readonly Check[] {
  const { answer, asker } = situation;
  const { identities } = answer.judgement;
  const stopped = identities.find(({ step }) => step === 'aborts');
  // What else is wrong with it would only matter if it signed.
  const why = stopped?.refusals.filter(({ check }) => check === 'agent.order') ?? [];
  if (stopped !== undefined && why.length > 0)
    return why.map((finding) => checkOf(whyNoSignature(answer, stopped, finding)));
  const [nearest] = identities
    .filter((identity) => isCertificate(identity) && !(asker && isForSigningIn(identity, asker)))
    .sort((a, b) => weight(a) - weight(b));
  if (nearest === undefined) return [checkFor(situation, NO_CERTIFICATE)];
  return nearest.refusals.map((finding) => checkFor(situation, named(nearest.comment, finding)));
}

const NO_CERTIFICATE: Finding = {
  check: 'agent.has-cert',
  level: 'error',
  sentence: 'the agent holds no certificate for sudo',
  hint: 'ask for one: usher sudo HOST',
};

function isCertificate({ certificate, refusals }: IdentityVerdict): boolean {
  return certificate !== undefined || refusals.length > 0;
}

/** The certificate of another CA or for another purpose is not the one that was meant. */
function weight({ refusals }: IdentityVerdict): number {
  const foreign = refusals.some(
    ({ check }) => check === 'cert.ca-in-ca_file' || check === 'cert.parse-strict',
  );
  return refusals.length + (foreign ? 100 : 0);
}

function named(comment: string, finding: Finding): Finding {
  return { ...finding, sentence: `"${printable(comment, 80)}": ${finding.sentence}` };
}

/** The agent does not say why it refuses: these are the reasons there are. */
function whyNoSignature(
  { signed }: SudoAnswer,
  { index, comment, certificate }: IdentityVerdict,
  finding: Finding,
) {
  const about = named(comment, finding);
  if (finding.check !== 'agent.order') return about;
  const kind = signed.get(index)?.fact.kind;
  if (kind === 'silent')
    return {
      ...about,
      hint: `nobody touched or confirmed in time, or the agent hangs; ${about.hint}`,
    };
  if (kind !== 'refused') return about;
  const reasons = [
    'it asks before each use (ssh-add -c) and nobody could say yes',
    'it is bound to destinations (ssh-add -h), which blocks in a local agent only: a forwarded one does not list it there',
    ...(certificate?.subject.type === 'ssh-rsa'
      ? ['the agent refuses SHA-1, which is what pam-ussh asks of RSA keys']
      : []),
    ...(certificate?.subject.application === undefined
      ? []
      : ['its security key is not there, or was not touched']),
  ];
  return { ...about, hint: `${reasons.join('; or ')}: ${about.hint}` };
}
