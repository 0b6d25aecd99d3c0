/**
 * Whether a new roster would still grant what is out already: a roster load revokes the rest. The request is read back from the
 * certificate; how it was touched, who approved it and what it was for was looked at then.
 */
import type { PublicKey } from '../ssh/public-key.ts';
import { decideAgain } from './decide.ts';
import type { CertificateRequest, Denial, Terms } from './decision.ts';
import { deny } from './decision.ts';
import type { Roster } from './roster.ts';

export interface LiveCertificate {
  readonly purpose: 'login' | 'sudo' | 'builder' | 'host';
  /** A person, or a host. */
  readonly holder: string;
  readonly subject: PublicKey;
  readonly terms: Terms;
  /** Unix seconds. The lifetime ends here, and so began when it was decided. */
  readonly validBefore: number;
}

/** @param now Unix seconds */
export function stillCovered(roster: Roster, certificate: LiveCertificate, now: number): Denial | undefined {
  const { purpose, subject, terms } = certificate;
  switch (purpose) {
    case 'login':
      return refusedAgain(roster, certificate, loginRequest(subject, terms), now);
    case 'sudo':
      return refusedAgain(roster, certificate, sudoRequest(subject, terms), now);
    case 'host':
      return refuseNames(roster, certificate);
    case 'builder':
      // The roster says nothing of builders.
      return undefined;
  }
}

function refusedAgain(
  roster: Roster,
  { holder, terms, validBefore }: LiveCertificate,
  request: CertificateRequest,
  now: number,
): Denial | undefined {
  const answer = decideAgain(roster, holder, request, { terms, at: validBefore - terms.lifetime }, now);
  return answer.kind === 'denial' ? answer : undefined;
}

/** Each login at each host: their names were asked for. */
function loginRequest(subject: PublicKey, { principals }: Terms): CertificateRequest {
  const pairs = principals.map((principal) => principal.split('@', 2));
  const logins = new Set(pairs.map(([login = '']) => login));
  const hosts = new Set(pairs.map(([, host = '*']) => host));
  return { purpose: 'login', subject, logins: [...logins], hosts: [...hosts] };
}

/** Stands for what the person said. */
const REASON = 'was given';

function sudoRequest(subject: PublicKey, { principals: [login = '', ...names] }: Terms): CertificateRequest {
  const hosts = names.map((name) => (name === 'sudoer' ? '*' : name.replace(/^sudoer@/, '')));
  return { purpose: 'sudo', subject, login, hosts, reason: REASON };
}

/** A host has no names but those that the roster gives it. */
function refuseNames(roster: Roster, { holder, terms }: LiveCertificate): Denial | undefined {
  const host = roster.hosts.get(holder);
  if (host === undefined) return deny('host-unknown', `the roster knows no ${holder}`);
  const foreign = terms.principals.find((name) => !host.names.includes(name));
  return foreign === undefined ? undefined : deny('policy-changed', `${foreign} is no name of ${holder}`);
}
