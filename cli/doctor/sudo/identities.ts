/** How each thing that the agent holds is shown, to people and to programs. Pure. */
import type { IdentityVerdict } from '../../../src/pam-ussh/verdict.ts';
import { printable } from '../../../src/ssh/printable.ts';
import { checkOf } from '../check.ts';
import type { Asker } from './asker.ts';
import { forPerson, isForSigningIn } from './asker.ts';

const STEPS: Readonly<Record<IdentityVerdict['step'], string>> = {
  accepted: 'accepted',
  skipped: 'passed over',
  aborts: 'stops pam-ussh',
  'not-reached': 'not looked at',
};

/** Lines without control characters, whatever somebody put into the agent. */
export function linesOf(identity: IdentityVerdict, asker: Asker): readonly string[] {
  const { index, comment, step, certificate, matched, refusals, warnings, asksToSign } = identity;
  const serial = certificate === undefined ? '' : `, serial ${certificate.serial}`;
  const what = `${index + 1}. ${printable(comment, 200)}${serial}`;
  if (isForSigningIn(identity, asker)) return [`${what}: for signing in; pam-ussh passes over it`];
  const why = step === 'accepted' && matched !== undefined ? ` for ${printable(matched)}` : '';
  // Of what is passed over at once, nothing else matters.
  const findings = [...refusals, ...(asksToSign ? warnings : [])].map((each) => forPerson(each, asker));
  return [
    `${what}: ${STEPS[step]}${why}`,
    ...findings.flatMap(({ check, sentence, hint }) => [
      `   ${check}: ${printable(sentence)}`,
      `      ${printable(hint)}`,
    ]),
  ];
}

/** In the words of all checks; undefined for plain keys, which are no certificates. */
export function describeIdentity(identity: IdentityVerdict, asker: Asker) {
  const { index, comment, step, certificate, matched, refusals, warnings } = identity;
  if (certificate === undefined && refusals.length === 0) return undefined;
  const isLogin = isForSigningIn(identity, asker);
  return {
    ...{ index, comment, step, matched: matched ?? null, forLogin: isLogin },
    ...(certificate === undefined ? {} : fieldsOf(certificate)),
    refusals: isLogin ? [] : refusals.map((each) => checkOf(forPerson(each, asker))),
    warnings: isLogin ? [] : warnings.map((each) => checkOf(forPerson(each, asker))),
  };
}

function fieldsOf({
  serial,
  keyId,
  principals,
  validAfter,
  validBefore,
}: NonNullable<IdentityVerdict['certificate']>) {
  return { serial, keyId, principals, validAfter: Number(validAfter), validBefore: Number(validBefore) };
}
