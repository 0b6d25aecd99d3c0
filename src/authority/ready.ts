/** Whether the authority could issue a certificate right now: each part is really used, none is only asked if it is there. */
import { openCheckpoint } from '../log/checkpoint.ts';
import { parseVerifierKey } from '../log/note-key.ts';
import { verifySignature } from '../ssh/signature.ts';
import { WireWriter } from '../ssh/wire.ts';
import type { Authority } from './authority.ts';
import { activeKeys, activeSigner, peopleSign } from './ca-keys.ts';
import type { CaSigner } from './ports.ts';
import type { Purpose } from './purpose.ts';
import { PURPOSES } from './purpose.ts';
import { newRequestId } from './secrets.ts';

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
}

export async function checkReadiness(authority: Authority): Promise<readonly ReadinessCheck[]> {
  const checks = [
    check('roster', () => authority.store.read((tx) => authority.rosters.in(tx))),
    check('store', () => writeAndRead(authority)),
    check('log', () => readCheckpoint(authority)),
    ...PURPOSES.map((purpose) => check(`ca-${purpose}`, () => signThrowaway(authority, purpose))),
  ];
  return Promise.all(checks);
}

async function check(name: string, use: () => Promise<unknown>): Promise<ReadinessCheck> {
  try {
    await use();
    return { name, ok: true };
  } catch {
    return { name, ok: false };
  }
}

async function writeAndRead(authority: Authority): Promise<void> {
  const now = authority.clock.now();
  const nonce = newRequestId(authority.random);
  const isNew = await authority.store.write((tx) => tx.rememberNonce(nonce, now + 1, now));
  if (!isNew) throw new Error('the store does not tell new from old');
}

async function readCheckpoint(authority: Authority): Promise<void> {
  const head = await authority.store.read((tx) => tx.logHead());
  const checkpoint = openCheckpoint(head.checkpoint, parseVerifierKey(authority.logVerifierKey));
  if (checkpoint.size !== head.size) throw new Error('the checkpoint is not of the last tree');
}

async function signThrowaway(authority: Authority, purpose: Purpose): Promise<void> {
  if (peopleSign(authority, purpose)) return assertPeopleSign(authority, purpose);
  await assertSigns(authority, await authority.store.read((tx) => activeSigner(authority, tx, purpose)));
}

/** What is signed can not be taken for a certificate: no certificate begins with this type name. */
export async function assertSigns(authority: Authority, signer: CaSigner): Promise<void> {
  const message = new WireWriter().string('usher readiness v1').string(authority.random.bytes(32)).bytes();
  const { valid } = verifySignature(signer.publicKey, await signer.sign(message), message);
  if (!valid) throw new Error('the signature is wrong');
}

/** All that can be known of people's keys: that there is one. */
async function assertPeopleSign(authority: Authority, purpose: Purpose): Promise<void> {
  const active = await authority.store.read(async (tx) =>
    activeKeys(authority, tx, await authority.rosters.in(tx), purpose),
  );
  if (active.length === 0) throw new Error('nobody has an active CA key');
}
