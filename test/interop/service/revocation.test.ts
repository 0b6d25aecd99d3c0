/** What a real usherd revokes, a real sshd refuses as soon as it has the list, without being told. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCertificate } from '../../../src/ssh/certificate.ts';
import { formatCertificateLine } from '../../../src/ssh/certificate-line.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { newKey } from '../../authority/scene.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run } from '../../support/run.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person } from './person.ts';

const PARTS = { ...SSHD_PARTS, 'ssh-keygen': 'openssh-client' } as const;
const PEOPLE = ['alice', 'bob', 'carol'].map((name) => `  ${name}: { logins: [${LOGIN}], roles: [keeper] }`);
const ROSTER = rosterOf(PEOPLE);

function rosterOf(people: readonly string[]): string {
  return `
people:
${people.join('\n')}
roles:
  keeper: { manage: [revoke], login: { hosts: [web1] } }
hosts:
  web1: {}
`;
}

interface Held {
  readonly serial: bigint;
  readonly identityFile: string;
}

/** An authority, an sshd that trusts it, and a directory for keys. */
class Fleet implements AsyncDisposable {
  readonly usherd: Usherd;
  readonly #sshd: Sshd;
  readonly #directory: string;
  #tag = '';
  #count = 0;

  private constructor(usherd: Usherd, sshd: Sshd, directory: string) {
    this.usherd = usherd;
    this.#sshd = sshd;
    this.#directory = directory;
  }

  static async open(): Promise<Fleet> {
    const usherd = await startUsherd({ roster: ROSTER });
    const authorities = [(await readFile(join(usherd.dir, 'keys/login.pub'), 'utf8')).trim()];
    const empty = new Uint8Array(await (await fetch(`${usherd.origin}/v1/krl/login`)).arrayBuffer());
    const principals = { [LOGIN]: [`${LOGIN}@web1`] };
    const sshd = await startSshd({ authorities, principals, revokedKeys: empty });
    return new Fleet(usherd, sshd, await mkdtemp(join(tmpdir(), 'usher-test-revocation-')));
  }

  async login(person: Person, key: PrivateKey = newKey()): Promise<Held> {
    const { status, body } = await person.touch(await person.ask({ key, logins: [LOGIN] }));
    if (status !== 200) throw new Error(JSON.stringify(body));
    const certificate = decodeCertificate(base64urlnopad.decode(body.certificates[0]?.certificate ?? ''));
    const identityFile = join(this.#directory, `key${this.#count++}`);
    await writeFile(identityFile, writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
    await writeFile(`${identityFile}-cert.pub`, `${formatCertificateLine(certificate)}\n`);
    return { serial: certificate.fields.serial, identityFile };
  }

  /** As a host does from time to time. @returns the status. */
  async sync(): Promise<number> {
    const reply = await fetch(`${this.usherd.origin}/v1/krl/login`, {
      headers: { 'if-none-match': this.#tag },
    });
    if (reply.status !== 200) return reply.status;
    this.#tag = reply.headers.get('etag') ?? '';
    const list = new Uint8Array(await reply.arrayBuffer());
    const file = join(this.#directory, 'krl');
    await writeFile(file, list);
    expect(await run(program('ssh-keygen'), ['-Q', '-l', '-f', file])).toMatchObject({ code: 0 });
    await this.#sshd.writeRevokedKeys(list);
    return reply.status;
  }

  async letsIn({ identityFile }: Held): Promise<boolean> {
    return (await this.#sshd.login({ identityFile })).code === 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sshd.stop();
    await this.usherd[Symbol.asyncDispose]();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

describe.runIf(haveParts(PARTS))('a real sshd with the list of a real usherd', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.open();
  });
  afterAll(() => fleet?.[Symbol.asyncDispose]());

  it('refuses what was revoked by serial or key, from the moment it has the list, and nothing else', async () => {
    const alice = await Person.enrol(fleet.usherd, 'alice');
    const key = newKey();
    const [lost, kept, other] = [
      await fleet.login(alice),
      await fleet.login(alice),
      await fleet.login(alice, key),
    ];
    const revoke = (kind: 'serial' | 'key', name: string) =>
      alice.act({ kind: 'revoke', target: { kind, name }, reason: 'laptop lost' });
    expect(await fleet.sync()).toBe(200);
    expect(await fleet.sync()).toBe(304);
    expect(await fleet.letsIn(lost)).toBe(true);
    const result = { kind: 'revoked', count: 1, serials: [`${lost.serial}`] };
    expect(await revoke('serial', `${lost.serial}`)).toMatchObject({
      status: 200,
      body: { state: 'done', result },
    });
    expect(await fleet.letsIn(lost)).toBe(true);
    expect(await fleet.sync()).toBe(200);
    expect(await fleet.letsIn(lost)).toBe(false);
    expect(await revoke('key', fingerprint(key.publicKey))).toMatchObject({ status: 200 });
    expect(await fleet.sync()).toBe(200);
    expect(await fleet.letsIn(other)).toBe(false);
    expect(await fleet.letsIn(kept)).toBe(true);
    const again = await alice.touch(await alice.ask({ key, logins: [LOGIN] }));
    expect(again).toMatchObject({ status: 403, body: { code: 'key-revoked' } });
  });

  it('refuses whoever a new roster leaves out, and whose credential was removed', async () => {
    const { usherd } = fleet;
    const [carol, bob] = [await Person.enrol(usherd, 'carol'), await Person.enrol(usherd, 'bob')];
    const [hers, his] = [await fleet.login(carol), await fleet.login(bob)];
    const file = join(usherd.dir, 'next.yaml');
    await writeFile(file, rosterOf(PEOPLE.filter((line) => !line.includes('bob'))));
    expect((await usherd.command('roster', 'load', file)).stdout).toContain('1 certificate\n');
    await fleet.sync();
    expect(await fleet.letsIn(his)).toBe(false);
    expect(await fleet.letsIn(hers)).toBe(true);
    const { stdout } = await usherd.command('credential', 'list', 'carol', '--json');
    const removed = await usherd.command('credential', 'remove', JSON.parse(stdout)[0].id);
    expect(removed.stdout).toContain('revoked 1 certificate');
    await fleet.sync();
    expect(await fleet.letsIn(hers)).toBe(false);
  });
});
