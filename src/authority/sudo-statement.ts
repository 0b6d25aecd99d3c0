/** The newest statement about a keyless sudo CA, kept for hosts to fetch. They look at its signature themselves. */
import { FleetError } from '../fleet/error.ts';
import type { SignedStatement } from '../fleet/signed-statement.ts';
import { acceptFirstStatement, acceptStatement, openStatement } from '../fleet/signed-statement.ts';
import { encodeLeaf } from '../log/leaf.ts';
import { samePublicKey } from '../ssh/public-key.ts';
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
  if (!(await tx.setSudoStatement(number, next.text)))
    throw refused(`there is one with number ${number} or greater already`);
  const statement = new TextEncoder().encode(next.text);
  await tx.appendLeaf(encodeLeaf({ kind: 'sudo-statement', recordedAt: authority.clock.now(), statement }));
}

async function assertAcceptable(
  authority: Authority,
  tx: StoreReader,
  next: SignedStatement,
  before: string | undefined,
): Promise<void> {
  if (!peopleSign(authority, 'sudo')) throw refused('the authority signs for sudo itself');
  if (next.statement.authority !== authority.origin) throw refused('it is of another authority');
  if (before === undefined) return assertFirst(authority, tx, next);
  const installed = openStatement(before);
  const keys = installed.statement.keys.map(({ key }) => key);
  judged(() => acceptStatement(next, { ...installed, keys }));
}

/** The roster says whose keys sign for sudo; from then on each statement says who signs the next. */
async function assertFirst(authority: Authority, tx: StoreReader, next: SignedStatement): Promise<void> {
  const { sudoCa } = await authority.rosters.in(tx);
  if (!sudoCa.some(({ key, state }) => state === 'active' && samePublicKey(key, next.signer)))
    throw refused('the first one is signed by an active key of "sudo_ca" in the roster');
  judged(() => acceptFirstStatement(next));
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
