/** The newest statement about a keyless sudo CA, kept for hosts to fetch. They look at its signature themselves. */
import { FleetError } from '../fleet/error.ts';
import type { SignedStatement } from '../fleet/signed-statement.ts';
import { acceptFirstStatement, openStatement } from '../fleet/signed-statement.ts';
import { encodeLeaf } from '../log/leaf.ts';
import type { Roster } from '../policy/roster.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { fingerprint, samePublicKey } from '../ssh/public-key.ts';
import type { Authority } from './authority.ts';
import { peopleSign } from './ca-keys.ts';
import { AuthorityError } from './error.ts';
import type { StoreReader, StoreWriter } from './ports.ts';

/** One that is kept already is taken once more: the reply may have been lost. @throws AuthorityError `statement-refused` */
export async function publishStatement(authority: Authority, text: string): Promise<void> {
  const next = judged(() => openStatement(text));
  await authority.store.write((tx) => take(authority, tx, next));
}

async function take(authority: Authority, tx: StoreWriter, next: SignedStatement): Promise<void> {
  const before = await tx.sudoStatement();
  if (before === next.text) return;
  await assertAcceptable(authority, tx, next, before);
  const { number } = next.statement;
  if (!(await tx.setSudoStatement(number, next.text, authority.clock.now())))
    throw refused(`there is one with number ${number} or greater already`);
  const statement = new TextEncoder().encode(next.text);
  await tx.appendLeaf(encodeLeaf({ kind: 'sudo-statement', recordedAt: authority.clock.now(), statement }));
}

/**
 * Not whether it follows from the one before, which hosts judge: whoever stole a key that the one before names would else have the
 * last word, and a statement that takes this back would never arrive.
 */
async function assertAcceptable(
  authority: Authority,
  tx: StoreReader,
  next: SignedStatement,
  before: string | undefined,
): Promise<void> {
  if (!peopleSign(authority, 'sudo')) throw refused('the authority signs for sudo itself');
  if (next.statement.authority !== authority.origin) throw refused('it is of another authority');
  const { sudoCa } = await authority.rosters.in(tx);
  if (before === undefined) assertFirst(sudoCa, next);
  else assertMaySign(authority, sudoCa, next.signer, openStatement(before));
  await assertKnown(authority, tx, sudoCa, next);
}

/** The roster says whose keys sign for sudo. */
function assertFirst(sudoCa: Roster['sudoCa'], next: SignedStatement): void {
  if (!sudoCa.some(({ key, state }) => state === 'active' && samePublicKey(key, next.signer)))
    throw refused('the first one is signed by an active key of "sudo_ca" in the roster');
  judged(() => acceptFirstStatement(next));
}

/** An offline key may, for the day when every other one is lost, if the statement before trusts it. */
function assertMaySign(
  { offlineKeys }: Authority,
  sudoCa: Roster['sudoCa'],
  signer: PublicKey,
  { statement }: SignedStatement,
): void {
  if (sudoCa.some(({ key, state }) => state !== 'retired' && samePublicKey(key, signer))) return;
  const wasNamed = statement.keys.some(({ key }) => samePublicKey(key, signer));
  if (!wasNamed || !offlineKeys.some((key) => samePublicKey(key, signer)))
    throw refused(`${fingerprint(signer)} is no key of "sudo_ca" in the roster, or is retired there`);
}

/** Hosts trust for sudo what it names: nothing that nobody here knows, and nothing that was stolen. */
async function assertKnown(
  { offlineKeys }: Authority,
  tx: StoreReader,
  sudoCa: Roster['sudoCa'],
  { statement, signer }: SignedStatement,
): Promise<void> {
  const named = statement.keys.map(({ key }) => key);
  const known = [...sudoCa.map(({ key }) => key), ...offlineKeys];
  const foreign = named.find((key) => !known.some((each) => samePublicKey(each, key)));
  if (foreign !== undefined)
    throw refused(`${fingerprint(foreign)} is neither in "sudo_ca" of the roster nor a key of break_glass`);
  for (const key of [signer, ...named])
    if (await tx.isKeyRevoked(fingerprint(key))) throw refused(`${fingerprint(key)} was revoked`);
}

function judged<T>(judge: () => T): T {
  try {
    return judge();
  } catch (cause) {
    if (cause instanceof FleetError) throw new AuthorityError('statement-refused', cause.message, { cause });
    throw cause;
  }
}

function refused(why: string): AuthorityError {
  return new AuthorityError('statement-refused', `this statement is not taken: ${why}`);
}
