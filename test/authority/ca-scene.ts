/** CA keys of a scene that are replaced. */
import type { Authority } from '../../src/authority/authority.ts';
import type { Purpose } from '../../src/authority/purpose.ts';
import type { CaKeyState } from '../../src/authority/records.ts';
import type { Leaf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { decodePublicKey, fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { sampleHostReport, sampleMachine } from '../support/store-records.ts';
import type { Scene } from './scene.ts';

/** @returns the fingerprint of the key that comes */
export async function stage(scene: Scene, purpose: Purpose, key = ''): Promise<string> {
  const staged = await scene.caAct({ kind: 'stage-ca', purpose, key });
  return fingerprint(parsePublicKeyLine(staged.key).key);
}

export function activate(scene: Scene, purpose: Purpose, key: string, evenWithout: readonly string[] = []) {
  return scene.caAct({ kind: 'activate-ca', purpose, key, evenWithout });
}

export function retire(scene: Scene, purpose: Purpose, key: string) {
  return scene.caAct({ kind: 'retire-ca', purpose, key });
}

export function revokeCa(scene: Scene, purpose: Purpose, key: string) {
  return scene.caAct({ kind: 'revoke-ca', purpose, key, reason: 'the server was stolen' });
}

/** By fingerprint, in the order in which they became known. */
export async function statesOf(
  { store }: Authority,
  purpose: Purpose,
): Promise<readonly (readonly [string, CaKeyState])[]> {
  const records = await store.read((tx) => tx.caKeyRecords());
  const own = records.filter((record) => record.purpose === purpose);
  return own.map(({ publicKey, state }) => [fingerprint(decodePublicKey(publicKey)), state] as const);
}

export async function leavesFrom({ store }: Authority, first: number): Promise<readonly Leaf[]> {
  return store.read(async (tx) => {
    const { size } = await tx.logHead();
    const leaves: Leaf[] = [];
    for (let index = first; index < size; index += 1)
      leaves.push(decodeLeaf((await tx.logLeaf(index)) ?? new Uint8Array()));
    return leaves;
  });
}

/** A host that has enrolled, and what it said that it trusts. */
export function enrolHost(
  { authority, now }: Scene,
  host: string,
  trusts: readonly (readonly [string, string])[] | undefined,
  changes: Parameters<typeof sampleMachine>[0] = {},
): Promise<void> {
  return authority.store.write(async (tx) => {
    await tx.saveMachine(sampleMachine({ name: host, ...changes }));
    if (trusts === undefined) return;
    const trusted = trusts.map(([purpose, key]) => ({ purpose, key }));
    await tx.saveHostReport(sampleHostReport({ host, receivedAt: now, trusts: trusted }));
  });
}
