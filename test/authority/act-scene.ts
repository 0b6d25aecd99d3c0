/** People who do things to the authority of a scene. */
import type { AskedAct } from '../../src/authority/act.ts';
import { askAct, touchAct } from '../../src/authority/act.ts';
import type { Authority } from '../../src/authority/authority.ts';
import type { ActResult, PendingAct } from '../../src/authority/records.ts';
import { actDigest } from '../../src/authority/request-digest.ts';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import type { Act, RevocationTarget } from '../../src/ssh/act.ts';
import type { Scene, Toucher } from './scene.ts';

/** kim keeps the authority, rita may revoke, alice and bob may do nothing to it. */
export const KEEPERS = `
people:
  kim: { logins: [kim], roles: [engineer, keeper] }
  rita: { logins: [rita], roles: [engineer, desk] }
  alice: { logins: [alice], roles: [engineer] }
  bob: { logins: [bob], roles: [engineer] }
roles:
  keeper: { manage: [hosts, revoke, ca] }
  desk: { manage: [revoke], touch: { user_verification: required } }
  engineer:
    login: { hosts: "*" }
    sudo: { hosts: "*" }
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  db1: { names: [db1.example.org], groups: [db] }
`;

export function revoke(kind: RevocationTarget['kind'], name: string | bigint): Act {
  return { kind: 'revoke', target: { kind, name: `${name}` }, reason: 'the laptop is gone' };
}

export function ask(scene: Scene, person: string, act: Act): Promise<AskedAct> {
  return askAct(scene.authority, { person, act, from: '192.0.2.1' });
}

export function assertionOver(
  scene: Scene,
  request: PendingAct,
  key: Toucher,
  flags?: number,
): AssertionJson {
  const { origin, rpId } = scene.authority;
  const challenge = actDigest(origin, request);
  return key.get({ challenge, origin, rpId, ...(flags === undefined ? {} : { flags }) });
}

export function touch(
  scene: Scene,
  { request, pollSecret }: AskedAct,
  key: Toucher,
  authority: Authority = scene.authority,
): Promise<PendingAct> {
  return touchAct(authority, request.id, { pollSecret }, assertionOver(scene, request, key));
}

/** From question to result. */
export async function perform(scene: Scene, person: string, key: Toucher, act: Act): Promise<ActResult> {
  return resultOf(await touch(scene, await ask(scene, person, act), key));
}

export function resultOf({ state }: PendingAct): ActResult {
  if (state.kind !== 'done') throw new Error(`the act is ${state.kind}`);
  return state.result;
}
