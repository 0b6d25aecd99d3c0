/** While a login CA is replaced, a real sshd that follows the bundle of a real usherd lets everybody in, all the time. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { formatCaFile } from '../../../src/fleet/ca-file.ts';
import type { ActResult } from '../../../src/http/contract/acts.ts';
import type { Bundle } from '../../../src/http/contract/bundle.ts';
import type { Act } from '../../../src/ssh/act.ts';
import { decodeCertificate } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import { fingerprint, parsePublicKeyLine } from '../../../src/ssh/public-key.ts';
import { newKey } from '../../authority/scene.ts';
import { haveParts } from '../../support/parts.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person } from './person.ts';

const ROSTER = `
people:
  alice: { logins: [${LOGIN}], roles: [keeper] }
roles:
  keeper: { manage: [ca], login: { hosts: [web1] } }
hosts:
  web1: {}
`;

interface Held {
  /** Fingerprint of the CA key. */
  readonly authority: string;
  readonly identityFile: string;
}

class Fleet implements AsyncDisposable {
  readonly person: Person;
  readonly #usherd: Usherd;
  readonly #sshd: Sshd;
  readonly #directory: string;
  #count = 0;

  private constructor(person: Person, usherd: Usherd, sshd: Sshd, directory: string) {
    this.person = person;
    this.#usherd = usherd;
    this.#sshd = sshd;
    this.#directory = directory;
  }

  static async open(): Promise<Fleet> {
    const usherd = await startUsherd({ roster: ROSTER });
    const person = await Person.enrol(usherd);
    const sshd = await startSshd({
      authorities: [],
      principals: { [LOGIN]: [`${LOGIN}@web1`] },
      revokedKeys: '',
    });
    const directory = await mkdtemp(join(tmpdir(), 'usher-test-rotation-'));
    const fleet = new Fleet(person, usherd, sshd, directory);
    await fleet.sync();
    return fleet;
  }

  /** As a host does from time to time: nothing is reloaded. */
  async sync(): Promise<void> {
    await this.#sshd.writeAuthorities([formatCaFile(await this.#caKeys(), 'login').trim()]);
    const list = await fetch(`${this.#usherd.origin}/v1/krl/login`);
    await this.#sshd.writeRevokedKeys(new Uint8Array(await list.arrayBuffer()));
  }

  async #caKeys() {
    const reply = await fetch(`${this.#usherd.origin}/v1/bundle`);
    // A cast: this is the contract.
    const { statement } = (await reply.json()) as { statement: string };
    const { caKeys } = JSON.parse(new TextDecoder().decode(base64urlnopad.decode(statement))) as Bundle;
    return caKeys.map(({ key, ...others }) => ({ ...others, key: parsePublicKeyLine(key).key }));
  }

  async login(): Promise<Held> {
    const key = newKey();
    const { status, body } = await this.person.touch(await this.person.ask({ key, logins: [LOGIN] }));
    if (status !== 200) throw new Error(JSON.stringify(body));
    const certificate = decodeCertificate(base64urlnopad.decode(body.certificates[0]?.certificate ?? ''));
    const identityFile = join(this.#directory, `key${this.#count++}`);
    await writeFile(identityFile, writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
    await writeFile(`${identityFile}-cert.pub`, `${formatCertificateLine(certificate)}\n`);
    return { identityFile, authority: fingerprint(certificate.fields.authority) };
  }

  async letsIn({ identityFile }: Held): Promise<boolean> {
    return (await this.#sshd.login({ identityFile })).code === 0;
  }

  /** @returns the fingerprint of the key */
  async perform(act: Act): Promise<string> {
    const { status, body } = await this.person.act(act);
    if (status !== 200 || body.state !== 'done') throw new Error(JSON.stringify(body));
    return fingerprint(parsePublicKeyLine(keyOf(body.result)).key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sshd.stop();
    await this.#usherd[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function keyOf(result: ActResult): string {
  return result.kind === 'ca-key' ? result.key : expect.fail('it is about a CA key');
}

/** Logs in with each certificate in turn, from beginning to end. */
class Stream {
  readonly outcomes: boolean[] = [];
  readonly #running: Promise<void>;
  #isOver = false;

  constructor(fleet: Fleet, held: readonly Held[]) {
    this.#running = this.#run(fleet, held);
  }

  async #run(fleet: Fleet, held: readonly Held[]): Promise<void> {
    while (!this.#isOver) for (const each of held) this.outcomes.push(await fleet.letsIn(each));
  }

  /** Until each of so many certificates was tried since the call. */
  async try(count: number): Promise<void> {
    const least = this.outcomes.length + 2 * count;
    await expect.poll(() => this.outcomes.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(least);
  }

  stop(): Promise<void> {
    this.#isOver = true;
    return this.#running;
  }
}

describe.runIf(haveParts(SSHD_PARTS))('replacing the CA key for logins', () => {
  it('keeps nobody out, whichever key signed, until the old key is revoked', {
    timeout: 240_000,
  }, async () => {
    await using fleet = await Fleet.open();
    const old = await fleet.login();
    const held = [old];
    const stream = new Stream(fleet, held);
    const key = await fleet.perform({ kind: 'stage-ca', purpose: 'login', key: '' });
    await fleet.sync();
    await stream.try(held.length);
    await fleet.perform({ kind: 'activate-ca', purpose: 'login', key, evenWithout: [] });
    // The host has not synced since the new key signs.
    const next = await fleet.login();
    expect(next.authority).toBe(key);
    held.push(next);
    await stream.try(held.length);
    await fleet.sync();
    const tooEarly = await fleet.person.act({ kind: 'retire-ca', purpose: 'login', key: old.authority });
    expect(tooEarly).toMatchObject({ status: 409, body: { code: 'wrong-ca-state' } });
    await stream.try(held.length);
    await stream.stop();
    expect(stream.outcomes).not.toContain(false);
    await fleet.perform({ kind: 'revoke-ca', purpose: 'login', key: old.authority, reason: 'stolen' });
    expect(await fleet.letsIn(old)).toBe(true);
    await fleet.sync();
    expect(await fleet.letsIn(old)).toBe(false);
    expect(await fleet.letsIn(next)).toBe(true);
  });
});
