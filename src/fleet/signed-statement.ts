/** A statement with its signature, in one text: the lines that are signed, then the signature as `ssh-keygen -Y sign` writes it. */
import type { PublicKey } from '../ssh/public-key.ts';
import { fingerprint, isSecurityKey, samePublicKey } from '../ssh/public-key.ts';
import { armorSshsig, dearmorSshsig, verifySshsig } from '../ssh/sshsig.ts';
import { FleetError } from './error.ts';
import type { StatedKey, SudoCaStatement } from './sudo-ca-statement.ts';
import { parseStatement } from './sudo-ca-statement.ts';

/** What a sudo CA key signs here is never taken for a certificate, nor anything else for a statement. */
export const SUDO_CA_NAMESPACE = 'usher-sudo-ca';

export interface SignedStatement {
  /** As it is kept and handed on. */
  readonly text: string;
  readonly statement: SudoCaStatement;
  readonly signer: PublicKey;
}

const SIGNATURE_BEGINS = '-----BEGIN SSH SIGNATURE-----';

/** @param signature the SSHSIG blob over the text of the statement. */
export function joinStatement(statementText: string, signature: Uint8Array): string {
  return `${statementText}${armorSshsig(signature)}`;
}

/**
 * Reads a signed statement and verifies the signature, whoever made it; `acceptStatement` says whether that counts.
 * @throws FleetError `bad-statement`, `bad-signature`, `not-touched`
 */
export function openStatement(text: string): SignedStatement {
  const split = text.indexOf(SIGNATURE_BEGINS);
  if (split === -1) throw new FleetError('bad-signature', 'the statement is not signed');
  const statementText = text.slice(0, split);
  const signature = dearmorOrRefuse(text.slice(split));
  const signer = verifySigner(statementText, signature);
  // Armored anew, so that what is kept has one spelling too.
  return {
    text: joinStatement(statementText, signature),
    statement: parseStatement(statementText),
    signer,
  };
}

/** What a host has taken over before, with the keys that its file of CA keys still holds. */
export interface InstalledCa extends SignedStatement {
  readonly keys: readonly PublicKey[];
}

/**
 * Whether a host may take this statement over in place of the one that it has.
 * @throws FleetError `other-authority`, `not-trusted`, `old-statement`
 */
export function acceptStatement(next: SignedStatement, installed: InstalledCa): void {
  const { authority, number, keys } = installed.statement;
  if (next.statement.authority !== authority)
    throw new FleetError(
      'other-authority',
      `the statement is of ${next.statement.authority}, this host belongs to ${authority}`,
    );
  // A key that was taken out of the file by hand, in an emergency, must not put itself back.
  const isInFile = installed.keys.some((key) => samePublicKey(key, next.signer));
  if (!isInFile || !maySign(keys, next.signer)) throw notTrusted(next.signer, 'this host trusts');
  if (next.statement.number <= number)
    throw new FleetError(
      'old-statement',
      `the statement has number ${next.statement.number}, and this host has number ${number} already`,
    );
}

/** For a host that has none yet, and whoever vouches for it: the statement is at least signed by one of its own keys. @throws FleetError `not-trusted` */
export function acceptFirstStatement({ statement, signer }: SignedStatement): void {
  if (!maySign(statement.keys, signer)) throw notTrusted(signer, 'the statement itself names');
}

/** Retired keys are trusted for what they signed before, and not for what is to come. */
function maySign(keys: readonly StatedKey[], signer: PublicKey): boolean {
  return keys.some(({ key, state }) => state !== 'retired' && samePublicKey(key, signer));
}

function verifySigner(statementText: string, signature: Uint8Array): PublicKey {
  const { key, ...result } = verifyOrRefuse(statementText, signature);
  if (!result.valid) throw new FleetError('bad-signature', 'the signature of the statement is wrong');
  // OpenSSH would take a signature without a touch, and whatever reaches the key's agent can have one.
  if (isSecurityKey(key) && result.securityKey?.userPresent !== true)
    throw new FleetError('not-touched', 'the security key that signed the statement was not touched');
  return key;
}

function verifyOrRefuse(statementText: string, signature: Uint8Array): ReturnType<typeof verifySshsig> {
  try {
    return verifySshsig(signature, SUDO_CA_NAMESPACE, new TextEncoder().encode(statementText));
  } catch (cause) {
    throw malformed(cause);
  }
}

function dearmorOrRefuse(armored: string): Uint8Array {
  try {
    return dearmorSshsig(armored);
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): FleetError {
  return new FleetError('bad-signature', 'the signature of the statement is malformed', { cause });
}

function notTrusted(signer: PublicKey, who: string): FleetError {
  return new FleetError(
    'not-trusted',
    `the statement is signed by ${fingerprint(signer)}, no key that ${who}`,
  );
}
