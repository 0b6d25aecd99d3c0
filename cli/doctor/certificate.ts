/** A certificate against sshd's rules (auth2-pubkey.c, auth-options.c): each refusal has its check. Pure. */
import { optionValue } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import type { Entry } from '../agent/entries.ts';
import { isValidAt } from '../agent/entries.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { roughDuration } from '../issue/review.ts';
import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';

export interface CertificateQuestion {
  readonly entries: readonly Entry[];
  readonly bundle: VerifiedBundle | undefined;
  readonly now: number;
  /** The host and the account that the person wants to get to, if they said so. */
  readonly host?: string | undefined;
  readonly login?: string | undefined;
  /** Addresses of this machine. */
  readonly addresses: readonly string[];
}

const SOON_SECONDS = 600;

export function checkCertificate(question: CertificateQuestion): readonly Check[] {
  const { entries, now } = question;
  const valid = entries.find(({ certificate }) => isValidAt(certificate, now));
  if (valid === undefined) return [noCertificate(entries, now)];
  const { fields } = valid.certificate;
  return [
    checkTime(fields, now),
    ...(question.bundle === undefined ? [] : [checkAuthority(fields, question.bundle)]),
    ...(question.host === undefined ? [] : [checkPrincipal(fields, question.host, question.login)]),
    ...checkSource(fields, question.addresses),
    checkForwarding(fields),
  ];
}

function noCertificate(entries: readonly Entry[], now: number): Check {
  const [last] = entries;
  if (last === undefined)
    return warning('certificate', 'the agent holds no certificate of ours', 'get one: usher login');
  return last.certificate.fields.validAfter > BigInt(now)
    ? failure('certificate', 'the certificate is not valid yet', 'your clock is behind: set it')
    : warning('certificate', 'the certificate is over', 'get a new one: usher login');
}

function checkTime({ validBefore }: CertificateFields, now: number): Check {
  const left = Number(validBefore) - now;
  if (left < SOON_SECONDS)
    return warning(
      'certificate',
      `the certificate ends in ${roughDuration(left)}`,
      'get a new one: usher login',
    );
  return ok('certificate', `the certificate is valid for ${roughDuration(left)}`);
}

function checkAuthority({ authority }: CertificateFields, bundle: VerifiedBundle): Check {
  const known = bundle.caKeys.find(
    ({ purpose, key }) => purpose === 'login' && samePublicKey(key, authority),
  );
  if (known === undefined)
    return failure(
      'certificate-ca',
      'hosts do not trust the key that signed it',
      'get a new one: usher login',
    );
  if (known.state === 'retired')
    return warning(
      'certificate-ca',
      'the CA key that signed it is retired: hosts will soon refuse it',
      'usher login',
    );
  return ok('certificate-ca', 'it is signed by a CA key of the authority');
}

/** sshd compares principals as texts; which groups a host is in only its AuthorizedPrincipalsFile knows. */
function checkPrincipal({ principals }: CertificateFields, host: string, login: string | undefined): Check {
  const logins =
    login === undefined ? [...new Set(principals.map((principal) => principal.split('@')[0]))] : [login];
  const wanted = logins.flatMap((name) => [`${name}`, `${name}@${host}`, `${name}@${host.split('.')[0]}`]);
  const match = principals.find((principal) => wanted.includes(principal));
  if (match !== undefined) return ok('certificate-host', `${host} should take it for ${match}`);
  const message = `none of its principals (${principals.join(', ')}) names ${host}`;
  return warning(
    'certificate-host',
    message,
    `unless one of them is a group of ${host}: usher login --host ${host}`,
  );
}

function* checkSource(
  { criticalOptions }: CertificateFields,
  addresses: readonly string[],
): Generator<Check> {
  const option = criticalOptions.find(({ name }) => name === 'source-address');
  if (option === undefined) return;
  const allowed = optionValue(option) ?? '';
  const message = `it is good only from ${allowed}; this machine has ${addresses.join(', ') || 'no address'}`;
  const hint = 'connect the VPN, if hosts see you from there; elsewhere sshd refuses it';
  yield warning('certificate-source', message, hint);
}

function checkForwarding({ extensions }: CertificateFields): Check {
  if (extensions.some(({ name }) => name === 'permit-agent-forwarding'))
    return ok('certificate-forwarding', 'it permits agent forwarding (ssh -A)');
  const hint = 'sudo on hosts with pam-ussh needs it: ask the keeper of your fleet';
  return warning('certificate-forwarding', 'it does not permit agent forwarding', hint);
}
