/** Lines by which sshd and pam-ussh say that they accepted a certificate. Pure. */
import { FINGERPRINT_PATTERN } from '../../src/ssh/public-key.ts';

export interface SeenCertificate {
  readonly purpose: 'login' | 'sudo' | 'builder';
  readonly serial: bigint;
}

/** The CA keys that this host trusts, by fingerprint, with what for. */
export type TrustedCas = ReadonlyMap<string, 'login' | 'sudo' | 'builder'>;

/** The first name of a program in a line is whose it is: what stands behind it may be somebody's choice. A log of its own has none. */
const BY = String.raw`^(?:\S*[^\s:] +){0,5}`;
const BY_SSHD = String.raw`(?:^|${BY}sshd(?:-session)?\[\d+\]: )`;
const BY_PAM_USSH = String.raw`${BY}pam-ussh\[\d+\]: `;
/** sshd says by which CA key; what else the line holds, its end can not be somebody's choice. */
const SSHD = new RegExp(
  String.raw`${BY_SSHD}Accepted publickey for .* \(serial (\d{1,20})\) CA \S+ (${FINGERPRINT_PATTERN})$`,
);
const SSHD_CERTIFICATE = new RegExp(String.raw`${BY_SSHD}Accepted publickey for .* ssh2: \S+-CERT `);
/** The one of Uber, as it is spelt and as it was meant. */
const PAM_USSH = new RegExp(String.raw`${BY_PAM_USSH}Authentication succe?eded for .*, cert (\d{1,20})$`);
/** Its forks, and all of them where no principals are configured: `… (cert "KEY ID", SERIAL)`. */
const PAM_USSH_FORK = new RegExp(
  String.raw`${BY_PAM_USSH}authentication succeeded for .* \(cert ".*", (\d{1,20})\)$`,
  'i',
);
const MAX_SERIAL = 0xffff_ffff_ffff_ffffn;

/** @returns undefined for every other line, and for certificates of a CA that is not ours. */
export function seenIn(line: string, trusted: TrustedCas): SeenCertificate | undefined {
  const [, loggedSerial, ca = ''] = SSHD.exec(line) ?? [];
  const sudoSerial = (PAM_USSH.exec(line) ?? PAM_USSH_FORK.exec(line))?.[1];
  if (sudoSerial !== undefined) return seen('sudo', sudoSerial);
  const purpose = trusted.get(ca);
  return loggedSerial === undefined || purpose === undefined ? undefined : seen(purpose, loggedSerial);
}

/** sshd cuts its lines: behind a long key id nobody sees the serial of a certificate, nor who signed it. */
export function isCutOff(line: string): boolean {
  return SSHD_CERTIFICATE.test(line) && !SSHD.test(line);
}

function seen(purpose: SeenCertificate['purpose'], text: string): SeenCertificate | undefined {
  const serial = BigInt(text);
  return serial > MAX_SERIAL ? undefined : { purpose, serial };
}
