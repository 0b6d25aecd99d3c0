/** What pam-ussh accepts without a word, and somebody should know. */
import { printable } from '../ssh/printable.ts';
import type { CertificateContext, Rule } from './certificate-rules.ts';
import { FOR_EVER, LAST_SECOND, SOURCE_ADDRESS } from './certificate-rules.ts';
import type { Finding } from './finding.ts';
import type { GoCertificate } from './go-certificate.ts';

export function warningsOf(certificate: GoCertificate, context: CertificateContext): readonly Finding[] {
  return WARNINGS.flatMap((rule) => rule(certificate, context) ?? []);
}

const WARNINGS: readonly Rule[] = [
  function certificateType({ type }) {
    if (type === 1) return undefined;
    const kind = type === 2 ? 'a host certificate' : `a certificate of the unknown type ${type}`;
    const hint = 'never sign hosts and users with the same CA key';
    return warning('cert.type-user', `it is ${kind}, and pam-ussh takes it for a user's`, hint);
  },

  function sourceAddress({ criticalOptions }) {
    if (!criticalOptions.some(({ name }) => name === SOURCE_ADDRESS)) return undefined;
    const sentence = 'pam-ussh ignores its source-address: it is accepted from everywhere';
    return warning('cert.critical', sentence, 'do not rely on source-address for sudo');
  },

  function noPrincipals({ principals }) {
    if (principals.length > 0) return undefined;
    const sentence = 'it has no principals, which x/crypto takes for everybody';
    return fromIssuer('cert.user-principal', sentence, 'never issue certificates without principals');
  },

  function loggedName({ principals }, { user }) {
    const [first] = principals;
    if (first === undefined || first === user) return undefined;
    const sentence = `pam-ussh logs its first principal, "${printable(first)}", and not the user`;
    return fromIssuer('cert.user-principal', sentence, `issue it with ${user} as the first principal`);
  },

  function milliseconds({ validBefore }) {
    if (validBefore <= LAST_SECOND) return undefined;
    const sentence =
      validBefore === FOR_EVER
        ? 'it never ends'
        : 'it ends after the year 9999: a time in milliseconds, it seems';
    const hint = 'expiry is the only revocation that pam-ussh knows: issue it for an hour';
    return fromIssuer('cert.time', sentence, hint);
  },

  function serialZero({ serial }) {
    if (serial !== 0n) return undefined;
    const sentence = 'its serial is 0, so that the log does not say which it was';
    return fromIssuer('cert.serial-nonzero', sentence, 'issue it with a serial');
  },

  function subjectAlgorithm({ subject }) {
    if (subject.type !== 'ssh-rsa' && subject.type !== 'ssh-dss') return undefined;
    const sentence = `its key is of the type ${subject.type}, and the agent is asked for a signature with SHA-1`;
    return warning('cert.subject-alg', sentence, 'use an ed25519, ecdsa or security key');
  },

  function caAlgorithm({ signature }) {
    if (signature.format !== 'ssh-rsa' && signature.format !== 'ssh-dss') return undefined;
    return warning(
      'cert.ca-alg',
      `its CA signed with SHA-1 (${signature.format})`,
      'let the CA sign as rsa-sha2-512',
    );
  },
];

function warning(check: Finding['check'], sentence: string, hint: string): Finding {
  return { check, level: 'warning', sentence, hint };
}

function fromIssuer(check: Finding['check'], sentence: string, hint: string): Finding {
  return { ...warning(check, sentence, hint), remedy: 'new-certificate' };
}
