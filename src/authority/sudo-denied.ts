/** Who may not sudo although their certificates have not ended: pam-ussh knows no revocation, so their logins are denied. */
import { decodeCertificate } from '../ssh/certificate.ts';
import type { Authority } from './authority.ts';
import type { StoreReader } from './ports.ts';

interface Known {
  readonly number: number;
  readonly logins: ReadonlyMap<bigint, string>;
}

/** What was made last: it is asked for by every host, and changes with the revocation list only. */
const KNOWN = new WeakMap<Authority, Known>();

/** Logins with a revoked certificate for sudo, each once. @param tx one that reads a committed state */
export async function sudoDenied(authority: Authority, tx: StoreReader): Promise<readonly string[]> {
  const number = await tx.krlNumber('sudo');
  const before = KNOWN.get(authority);
  const known = before?.number === number ? before : await readDenied(tx, before?.logins ?? new Map());
  KNOWN.set(authority, known);
  return [...new Set(known.logins.values())];
}

/** Each certificate is looked at once, however often the list changes. */
async function readDenied(tx: StoreReader, before: ReadonlyMap<bigint, string>): Promise<Known> {
  const { number, certificates } = await tx.krlContent('sudo');
  const logins = new Map<bigint, string>();
  for (const serial of certificates.flatMap(({ serials }) => serials)) {
    const login = before.get(serial) ?? (await loginOf(tx, serial));
    if (login !== undefined) logins.set(serial, login);
  }
  return { number, logins };
}

/** pam-ussh takes the first principal for the one who runs sudo. */
async function loginOf(tx: StoreReader, serial: bigint): Promise<string | undefined> {
  const stored = await tx.findCertificate(serial);
  return stored === undefined ? undefined : decodeCertificate(stored.certificate).fields.principals[0];
}
