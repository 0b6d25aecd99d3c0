/** What goes wrong around a host: whatever it is, people log in as before, and the next good run puts everything right. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import type { HostProgramName } from '../../support/host-program.ts';
import { goesThroughEverything, withoutProcess } from '../../support/host-program.ts';
import type { Meddling } from '../../support/relay.ts';
import { LOGIN } from '../../support/sshd.ts';
import type { Fleet, LoginFiles } from './fleet.ts';
import { ROSTER, startFleet } from './fleet.ts';
import { snapshot, snapshotOf } from './snapshot.ts';
import * as tampering from './tampering.ts';

const DAY = 86_400;

/** Title, what is done to the replies, and what the host says of it. */
type Lie = readonly [title: string, meddle: (fleet: Fleet) => Meddling];

const text = (contents: string) => new TextEncoder().encode(contents);

const OLD_KRL = encodeKrl({
  number: 1n,
  generatedAt: 1n,
  comment: '',
  certificates: [],
  keys: [],
  fingerprints: [],
});

const LIES: readonly Lie[] = [
  ['a statement that somebody changed', () => tampering.unsigned()],
  ['a statement signed by another key', tampering.signedByAnother],
  ['the bundle of another host', (fleet) => tampering.stating(fleet, (each) => ({ ...each, host: 'web2' }))],
  [
    'the bundle of another authority',
    (fleet) => tampering.stating(fleet, (each) => ({ ...each, authority: 'https://ca.example.org' })),
  ],
  [
    'an older bundle',
    (fleet) => tampering.stating(fleet, (each) => ({ ...each, number: each.number - DAY })),
  ],
  [
    'a bundle that is not fresh any more',
    (fleet) => tampering.stating(fleet, (each) => ({ ...each, freshUntil: each.madeAt - DAY })),
  ],
  [
    'a bundle of tomorrow',
    (fleet) => tampering.stating(fleet, (each) => ({ ...each, madeAt: each.madeAt + DAY })),
  ],
  ['other files than those of the statement', () => tampering.otherBytes()],
  ['half of the files', (fleet) => tampering.archive(fleet, (tar) => tar.subarray(0, 2048))],
  ['something else than an archive', (fleet) => tampering.archive(fleet, () => text('<html>'.repeat(200)))],
  ['a list of revoked keys that is cut off', (fleet) => cutKrl(fleet)],
  ['an older list of revoked keys', (fleet) => tampering.files(fleet, () => ({ revoked_keys: OLD_KRL }))],
  ['an empty list of revoked keys', (fleet) => tampering.files(fleet, () => ({ revoked_keys: text('') }))],
  ['no list of revoked keys', (fleet) => tampering.files(fleet, () => ({ revoked_keys: undefined }))],
  ['an empty file of CA keys', (fleet) => tampering.files(fleet, () => ({ 'login_ca.pub': text('') }))],
  ['no CA keys', (fleet) => tampering.files(fleet, () => ({ 'login_ca.pub': undefined }))],
  [
    'CA keys that nobody can read',
    (fleet) => tampering.files(fleet, () => ({ 'login_ca.pub': text('ssh-ed25519 AAAA\n') })),
  ],
  [
    'CA keys of which one can not be read',
    (fleet) =>
      tampering.files(fleet, (before) => ({
        'login_ca.pub': Buffer.concat([
          before['login_ca.pub'] ?? new Uint8Array(),
          text('ssh-ed25519 AAAA\n'),
        ]),
      })),
  ],
  [
    'no principals for sudo, which would let in everybody',
    (fleet) => tampering.files(fleet, () => ({ sudo_principals: text('') })),
  ],
  [
    "somebody else's principals",
    (fleet) => tampering.files(fleet, () => ({ principals: text(`${LOGIN} carol@web1\n`) })),
  ],
  [
    'a login that is a path',
    (fleet) => tampering.files(fleet, () => ({ principals: text('../../x ../../x@web1\n') })),
  ],
  [
    'an answer of a proxy',
    () => tampering.saying('/v1/hosts/bundle', tampering.instead('<html>Sign in</html>')),
  ],
  [
    'an endless answer',
    () => tampering.saying('/v1/hosts/bundle', tampering.instead(new Uint8Array(20_000_000).fill(97))),
  ],
];

/** An archive may hold them, and its own files with them: what is not ours is never written. */
const ODD_ENTRIES: readonly (readonly [string, Parameters<typeof tampering.withEntry>[0]])[] = [
  ['a path that leads out', { name: '../../../escaped', data: 'escaped\n' }],
  ['an absolute path', { name: '/tmp/usher-escaped', data: 'escaped\n' }],
  ['a link with the name of a file of ours', { name: 'login_ca.pub', type: '2', link: '/etc/passwd' }],
  ['an entry larger than the archive', { name: 'names', size: 0o7777777 }],
  ['a file that hosts do not know', { name: 'authorized_keys', data: 'ssh-ed25519 AAAA\n' }],
];

export function describeFaults(program: HostProgramName): void {
  let fleet: Fleet;
  let host: HostMachine;
  let login: LoginFiles;
  let plain: { readonly identityFile: string };

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', withoutProcess(program));
    // The list that it gets then has a number that means something.
    await revokeOne();
    await host.mustEnroll(await fleet.invite('web1'));
    login = await fleet.login();
    const key = await fleet.plainKey();
    await host.authorize(key.line);
    plain = key;
    // From now on there is something new that a good run would install.
    await revokeOne();
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    fleet.relay.meddle = undefined;
    fleet.relay.isDown = false;
  });

  async function revokeOne(): Promise<LoginFiles> {
    const revoked = await fleet.login();
    const target = { kind: 'serial', name: String(revoked.serial) } as const;
    await fleet.keep({ kind: 'revoke', target, reason: 'test' });
    return revoked;
  }

  async function peopleLogIn(): Promise<void> {
    for (const { identityFile } of [login, plain]) {
      const result = await host.visit({ identityFile, knownHosts: fleet.knownHosts });
      expect(result, result.stderr).toMatchObject({ code: 0 });
    }
  }

  /** With what the host remembers. When all of it is as before, so are the next login and the next run: no need to try. */
  async function everything(): Promise<Readonly<Record<string, string>>> {
    return { ...(await snapshot(host)), ...(await snapshotOf(host.state)) };
  }

  /** Nothing of it stays: what is revoked is refused from now on. */
  async function isWellAgain(): Promise<void> {
    fleet.relay.meddle = undefined;
    fleet.relay.isDown = false;
    const revoked = await revokeOne();
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await host.visit({ ...revoked, knownHosts: fleet.knownHosts })).toMatchObject({ code: 255 });
    await peopleLogIn();
  }

  const isWhole = goesThroughEverything(program);

  it.each(isWhole ? LIES : LIES.slice(0, 1))('refuses %s, and stays as it is', async (_title, meddle) => {
    const before = await everything();
    fleet.relay.meddle = meddle(fleet);
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 1, stderr: expect.stringContaining('error: ') });
    expect(await everything()).toEqual(before);
  });

  it('is well again after all of that', async () => {
    await peopleLogIn();
    // A run that was killed holds no lock: nobody waits for it.
    await writeFile(join(host.state, 'lock'), '');
    await isWellAgain();
  });

  if (!isWhole) return;

  it.each(ODD_ENTRIES)('writes nothing of %s', async (_title, entry) => {
    const names = async () => Object.keys(await snapshot(host));
    const before = await names();
    fleet.relay.meddle = tampering.archive(fleet, tampering.withEntry(entry));
    await host.sync();
    expect(await names()).toEqual(before);
    expect([join(host.directory, '../../../escaped'), '/tmp/usher-escaped'].filter(existsSync)).toEqual([]);
  });

  it('is well again after those, too', () => isWellAgain());

  it('refuses the bundle of before when it is said again', async () => {
    const { meddle, replies } = tampering.remembering();
    fleet.relay.meddle = meddle;
    expect(await host.sync()).toMatchObject({ code: 0 });
    await nextSecond();
    await isWellAgain();
    const before = await everything();
    fleet.relay.meddle = (request, reply) => replies.get(request.path) ?? reply;
    expect(await host.sync()).toMatchObject({ code: 1 });
    expect(await everything()).toEqual(before);
  });

  const busy = { type: 'about:blank', title: 'busy', status: 503, code: 'overloaded' };
  it.each([
    ['nobody answers', () => Object.assign(fleet.relay, { isDown: true })],
    [
      'the authority is too busy',
      () =>
        Object.assign(fleet.relay, {
          meddle: tampering.instead(JSON.stringify(busy), 503, 'application/problem+json'),
        }),
    ],
    [
      'a proxy does not reach it',
      () =>
        Object.assign(fleet.relay, { meddle: tampering.instead('<h1>Bad Gateway</h1>', 502, 'text/html') }),
    ],
  ])('goes on with what it has while %s, and puts right what somebody changed', async (_title, breakDown) => {
    const before = await snapshot(host);
    await rm(join(host.directory, 'login_ca.pub'));
    await writeFile(join(host.directory, 'revoked_keys'), '');
    breakDown();
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: ') });
    expect(await snapshot(host)).toEqual(before);
  });

  it.each([
    ['behind', -DAY],
    ['ahead', DAY],
  ])(
    'stays as it is while its clock and that of the authority differ by a day: %s',
    async (_title, seconds) => {
      const before = await everything();
      await fleet.shiftClock(seconds);
      const result = await host.sync().finally(() => fleet.shiftClock(0));
      expect(result, result.stderr).toMatchObject({ code: 1 });
      expect(await everything()).toEqual(before);
    },
  );

  it('gets the same certificates when the reply was lost, and is not locked', async () => {
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'lost.example.org'));
    fleet.relay.meddle = tampering.saying(tampering.CERTIFICATES, () => 'lost');
    expect(await host.sync()).toMatchObject({ code: 1 });
    await peopleLogIn();
    await isWellAgain();
    expect(fleet.usherd.log()).not.toContain('two-holders');
  });

  it('refuses host certificates that are for another key', async () => {
    const { meddle, replies } = tampering.remembering();
    await using other = await fleet.start('web2', withoutProcess(program));
    fleet.relay.meddle = meddle;
    await other.mustEnroll(await fleet.invite('web2'));
    const before = await host.file('ssh_host_ed25519_key-cert.pub');
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'other.example.org'));
    // In the form of the right answer, so that nothing but the keys tells.
    fleet.relay.meddle = tampering.saying(tampering.CERTIFICATES, (reply) => {
      const theirs = Buffer.from(replies.get(tampering.CERTIFICATES)?.body ?? []).toString();
      const [generation = ''] = /^generation .*$/m.exec(Buffer.from(reply.body).toString()) ?? [];
      const body = theirs.replace(/^host .*$/m, 'host web1').replace(/^generation .*$/m, generation);
      return { ...reply, body: text(body) };
    });
    expect(await host.sync()).toMatchObject({ code: 1 });
    expect(await host.file('ssh_host_ed25519_key-cert.pub')).toBe(before);
  });

  it('is done although its report does not arrive, and says so', async () => {
    fleet.relay.meddle = tampering.saying(tampering.REPORT, () => 'lost');
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining('report') });
  });

  it('does not tell an sshd that would not start again, and installs what is revoked all the same', async () => {
    const revoked = await revokeOne();
    const broken = join(host.dropIn, '../99-broken.conf');
    await writeFile(broken, 'NoSuchKeyword yes\n');
    await fleet.loadRoster(ROSTER.replace('web1.example.org', 'broken.example.org'));
    const reloads = await host.reloads();
    const result = await host.sync();
    expect(result, result.stderr).toMatchObject({ code: 1 });
    expect(await host.reloads()).toBe(reloads);
    await rm(broken);
    expect(await host.visit({ ...revoked, knownHosts: fleet.knownHosts })).toMatchObject({ code: 255 });
    await isWellAgain();
    expect(await host.reloads()).toBeGreaterThan(reloads);
  });
}

/** Bundles are numbered by seconds. */
async function nextSecond(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
}

function cutKrl(fleet: Fleet): Meddling {
  return tampering.files(fleet, ({ revoked_keys: krl }) => ({
    revoked_keys: krl?.subarray(0, krl.length - 5),
  }));
}
