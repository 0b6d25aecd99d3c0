/**
 * A host for tests, with its keys and its state, as the programs on hosts have it.
 *
 *     const web1 = await TestHost.enrolled(scene, 'web1');
 *     const renewed = await web1.renew();
 */
import { randomBytes } from 'node:crypto';
import { hex } from '@scure/base';
import { expect } from 'vitest';
import type { Alarm } from '../../src/authority/alarm.ts';
import type { Authority } from '../../src/authority/authority.ts';
import { inviteHost } from '../../src/authority/host-invite.ts';
import { certifyHost } from '../../src/authority/machine-certificates.ts';
import type { Machine } from '../../src/authority/records.ts';
import type { CertificatesDocument } from '../../src/fleet/host/certificates-document.ts';
import {
  formatCertificatesBody,
  formatCertificatesDocument,
} from '../../src/fleet/host/certificates-document.ts';
import type { CertificatesReply } from '../../src/fleet/host/certificates-reply.ts';
import { parseCertificatesReply } from '../../src/fleet/host/certificates-reply.ts';
import { formatFetch } from '../../src/fleet/host/fetch-document.ts';
import type { HostCall } from '../../src/fleet/host/host-call.ts';
import type { HostReportDocument } from '../../src/fleet/host/report-document.ts';
import { formatReport } from '../../src/fleet/host/report-document.ts';
import { secretHash } from '../../src/fleet/host/secret.ts';
import type { Leaf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import { decideAct } from '../../src/policy/decide-act.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { signedBy } from '../fleet/host/documents.ts';
import { generateKey } from '../support/keys.ts';
import type { Scene } from './scene.ts';
import { newKey } from './scene.ts';

/** What a host keeps on its disk. */
export interface HostState {
  readonly generation: number;
  readonly secret: string;
}

export function newSecretText(): string {
  return randomBytes(32).toString('base64url');
}

/** A token that an authority knows. */
export async function inviteTo(scene: Scene, host: string): Promise<string> {
  const token = newSecretText();
  const act = { kind: 'invite-host', host, tokenHash: hex.decode(secretHash(token)) } as const;
  await scene.authority.store.write(async (tx) => {
    const roster = await scene.authority.rosters.in(tx);
    const mayInvite = (person: string) => decideAct(roster, person, act, scene.now).kind === 'grant';
    const person = [...roster.people.keys()].find(mayInvite) ?? expect.fail('nobody may invite hosts');
    await inviteHost(tx, act, person, scene.now);
  });
  return token;
}

export class TestHost {
  readonly scene: Scene;
  readonly name: string;
  readonly keys: readonly PrivateKey[];
  readonly alarms: Alarm[];
  state: HostState;
  /** The secret of the next renewal, written down before it is asked for. */
  pending = newSecretText();

  constructor(
    scene: Scene,
    name: string,
    keys: readonly PrivateKey[],
    state: HostState,
    alarms: Alarm[] = [],
  ) {
    this.scene = scene;
    this.name = name;
    this.keys = keys;
    this.state = state;
    this.alarms = alarms;
  }

  static async invited(scene: Scene, name: string, keys?: readonly PrivateKey[]): Promise<TestHost> {
    const secret = await inviteTo(scene, name);
    const own = keys ?? [newKey(), generateKey('ecdsa-sha2-nistp256')];
    return new TestHost(scene, name, own, { generation: 0, secret });
  }

  static async enrolled(scene: Scene, name: string, keys?: readonly PrivateKey[]): Promise<TestHost> {
    const host = await TestHost.invited(scene, name, keys);
    await host.renew();
    return host;
  }

  /** The same disk once more. */
  copy(): TestHost {
    return new TestHost(this.scene, this.name, this.keys, this.state, this.alarms);
  }

  document(changes: Partial<CertificatesDocument> = {}): CertificatesDocument {
    return {
      authority: this.scene.authority.origin,
      host: this.name,
      generation: this.state.generation,
      secretHash: secretHash(this.state.secret),
      nextHash: secretHash(this.pending),
      time: this.scene.now,
      keys: this.keys.map(({ publicKey }) => publicKey),
      ...changes,
    };
  }

  body(changes: Partial<CertificatesDocument> = {}, signers = this.keys, secret = this.state.secret): string {
    return formatCertificatesBody(
      secret,
      signedBy(formatCertificatesDocument(this.document(changes)), signers),
    );
  }

  async send(body: string, authority: Authority = this.scene.authority): Promise<CertificatesReply> {
    return parseCertificatesReply(await certifyHost(authority, body, (alarm) => this.alarms.push(alarm)));
  }

  /** Enrols or renews, and keeps what came of it. */
  async renew(): Promise<CertificatesReply> {
    const reply = await this.send(this.body());
    this.state = { generation: reply.generation, secret: this.pending };
    this.pending = newSecretText();
    return reply;
  }

  fetch(changes: Partial<HostCall> = {}, key = this.keys[0]): string {
    return signedBy(formatFetch({ ...this.#call(), ...changes }), key === undefined ? [] : [key]);
  }

  report(changes: Partial<HostReportDocument> = {}, key = this.keys[0]): string {
    const report = {
      ...this.#call(),
      number: this.scene.now,
      filesHash: 'ab'.repeat(32),
      openssh: 'OpenSSH_10.0p2',
      pamUssh: 'none',
      trusts: [],
      shows: [],
      seen: [],
      problems: [],
      ...changes,
    };
    return signedBy(formatReport(report), key === undefined ? [] : [key]);
  }

  #call(): HostCall {
    const { authority, now } = this.scene;
    return {
      authority: authority.origin,
      host: this.name,
      time: now,
      nonce: randomBytes(16).toString('hex'),
    };
  }
}

export function machineOf(scene: Scene, name: string): Promise<Machine | undefined> {
  return scene.authority.store.read((tx) => tx.findMachine(name));
}

export async function leavesOf(scene: Scene): Promise<readonly Leaf[]> {
  return scene.authority.store.read(async (tx) => {
    const { size } = await tx.logHead();
    const leaves: Leaf[] = [];
    for (let index = 0; index < size; index++)
      leaves.push(decodeLeaf((await tx.logLeaf(index)) ?? new Uint8Array()));
    return leaves;
  });
}

export async function leafKinds(scene: Scene): Promise<readonly string[]> {
  return (await leavesOf(scene)).map(({ kind }) => kind);
}
