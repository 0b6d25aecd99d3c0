/** What hosts tell of themselves, and the certificates that they saw and nobody here knows of. */
import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../src/authority/alarm.ts';
import { importBreakGlass } from '../../src/authority/break-glass-import.ts';
import { AuthorityError } from '../../src/authority/error.ts';
import { receiveReport } from '../../src/authority/host-report.ts';
import type { HostReportDocument } from '../../src/fleet/host/report-document.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { OFFLINE, signBreakGlass } from './break-glass-scene.ts';
import type { Scene } from './scene.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { leafKinds, leavesOf, TestHost } from './test-host.ts';

async function openWithHost() {
  const scene = await openScene({ offlineKeys: [OFFLINE.publicKey] });
  const host = await TestHost.enrolled(scene, 'web1');
  const alarms: Alarm[] = [];
  const send = (body: string) => receiveReport(scene.authority, body, (alarm) => alarms.push(alarm));
  const tell = (seen: HostReportDocument['seen']) => send(host.report({ seen }));
  return { scene, host, alarms, send, tell, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

function reports(scene: Scene) {
  return scene.authority.store.read((tx) => tx.listHostReports());
}

describe('a report', () => {
  it('is kept, and replaced by the next', async () => {
    await using opened = await openWithHost();
    const { scene, host, send } = opened;
    const said = {
      openssh: 'OpenSSH_10.0p2',
      pamUssh: 'sha256:abc',
      trusts: [{ purpose: 'login' as const, key: `SHA256:${'a'.repeat(43)}` }],
      shows: [4711n],
      problems: ['the journal can not be read'],
    };
    await send(host.report(said));
    expect(await reports(scene)).toEqual([
      { host: 'web1', receivedAt: scene.now, number: scene.now, busyUntil: scene.now + 20, ...said },
    ]);
    scene.pass(60);
    await send(host.report({ problems: [] }));
    expect(await reports(scene)).toMatchObject([{ receivedAt: scene.now, problems: [], shows: [] }]);
    expect(opened.alarms).toEqual([]);
  });

  it('counts once', async () => {
    await using opened = await openWithHost();
    const { scene, host, send } = opened;
    const body = host.report();
    await send(body);
    scene.pass(120);
    expect(await codeOfAsync(send(body))).toBe('call-replayed');
    scene.pass(181);
    expect(await codeOfAsync(send(body))).toBe('clock-skew');
    expect(await reports(scene)).toMatchObject([{ receivedAt: scene.now - 301 }]);
  });

  it.for<[string, (host: TestHost, other: TestHost) => string]>([
    ['of a host that has not enrolled', (host) => host.report({ host: 'db1' })],
    ['of a host that nobody knows', (host) => host.report({ host: 'nohost' })],
    ['by another key', (host) => host.report({}, newKey())],
    ['by the key of another host', (host, other) => host.report({}, other.keys[0])],
    ['that was changed', (host) => host.report().replace('pam-ussh none', 'pam-ussh good')],
    ['for another authority', (host) => host.report({ authority: 'https://evil.example' })],
    ['that is a fetch', (host) => host.fetch()],
  ])('%s is refused, and keeps nothing', async ([, bodyOf]) => {
    await using opened = await openWithHost();
    const { scene, host, send } = opened;
    const other = await TestHost.enrolled(scene, 'web2');
    expect(['host-call-refused', 'malformed-request']).toContain(
      await codeOfAsync(send(bodyOf(host, other))),
    );
    expect(await reports(scene)).toEqual([]);
  });
});

describe('a certificate that a host saw', () => {
  it('and that was issued here is no alarm', async () => {
    await using opened = await openWithHost();
    const { scene, tell, alarms } = opened;
    const login = await scene.login('alice', await scene.enrol('alice'));
    const { serial } = decodeCertificate(login.certificate).fields;
    await tell([{ purpose: 'login', serial }]);
    expect(alarms).toEqual([]);
    expect(await leafKinds(scene)).not.toContain('alarm');
  });

  it('and that nobody here signed is an alarm, once', async () => {
    await using opened = await openWithHost();
    const { scene, tell, alarms } = opened;
    const stolen = { purpose: 'login', serial: 4_711_471_147_114_711_471n } as const;
    await tell([stolen]);
    await tell([stolen, stolen]);
    const alarm = { what: 'unknown-serial', host: 'web1', detail: 'login 4711471147114711471' };
    expect(alarms).toEqual([alarm]);
    expect((await leavesOf(scene)).filter(({ kind }) => kind === 'alarm')).toMatchObject([alarm]);
  });

  it('by many hosts at once is one alarm', async () => {
    await using opened = await openWithHost();
    const stolen = { purpose: 'login', serial: 4711n } as const;
    await Promise.all(Array.from({ length: 10 }, () => opened.tell([stolen])));
    expect(opened.alarms).toHaveLength(1);
  });

  it.for([0n, 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n])(
    'with serial %i is an alarm, too',
    async (serial) => {
      await using opened = await openWithHost();
      await opened.tell([{ purpose: 'sudo', serial }]);
      expect(opened.alarms).toMatchObject([{ detail: `sudo ${serial}` }]);
    },
  );

  it('and that was issued for something else is an alarm', async () => {
    await using opened = await openWithHost();
    const { scene, tell, alarms } = opened;
    const login = await scene.login('alice', await scene.enrol('alice'));
    const { serial } = decodeCertificate(login.certificate).fields;
    await tell([
      { purpose: 'login', serial },
      { purpose: 'sudo', serial },
    ]);
    expect(alarms).toMatchObject([{ what: 'unknown-serial', detail: `sudo ${serial}` }]);
  });

  it('and that an offline key signed is an alarm until it is imported', async () => {
    await using opened = await openWithHost();
    const { scene, tell, alarms } = opened;
    const [one, two] = [signBreakGlass({}, 1), signBreakGlass({}, 2)];
    const seen = (certificate: typeof one) =>
      ({ purpose: 'login', serial: certificate.fields.serial }) as const;
    await importBreakGlass(scene.authority, [{ certificate: one, reason: 'fire', place: 'x:1' }]);
    await tell([seen(one), seen(two)]);
    expect(alarms).toMatchObject([{ detail: `login ${two.fields.serial}` }]);
  });

  it('with a thousand others does not fill the log: so many a report, so many a day', async () => {
    await using opened = await openWithHost();
    const { scene, host, tell, alarms } = opened;
    const alarmLeaves = async () => (await leafKinds(scene)).filter((kind) => kind === 'alarm').length;
    await tell(unknown(0));
    expect(alarms).toHaveLength(16);
    // Those that were told of already are in nobody's way.
    await tell(unknown(0));
    expect(new Set(alarms.map(({ detail }) => detail)).size).toBe(32);
    for (let count = 0; count < 10; count++) await tell(unknown(count * 1000));
    expect(alarms.map(({ what }) => what)).toEqual([
      ...Array<string>(64).fill('unknown-serial'),
      'too-many-alarms',
    ]);
    expect(alarms.at(-1)).toMatchObject({ host: 'web1' });
    expect(await alarmLeaves()).toBe(65);
    const other = await TestHost.enrolled(scene, 'web2');
    await opened.send(other.report({ seen: unknown(20_000).slice(0, 1) }));
    expect(alarms).toHaveLength(66);
    scene.pass(86_400);
    await opened.send(host.report({ seen: unknown(0).slice(0, 100) }));
    expect(alarms).toHaveLength(82);
  });
});

/** A thousand that nobody here signed. */
function unknown(from: number): HostReportDocument['seen'] {
  return Array.from({ length: 1000 }, (_, n) => ({
    purpose: 'builder' as const,
    serial: 2n ** 60n + BigInt(from + n),
  }));
}

describe('a host that reports without end', () => {
  it('is refused until it is its turn, and nothing of that is kept', async () => {
    await using opened = await openWithHost();
    const { scene, host, send, alarms } = opened;
    for (let count = 0; count < 60; count++) await send(host.report({ openssh: `OpenSSH ${count}` }));
    const another = host.report({ seen: unknown(0) });
    expect(await codeOfAsync(send(another))).toBe('too-many-reports');
    scene.pass(19);
    expect(await codeOfAsync(send(another))).toBe('too-many-reports');
    expect(await reports(scene)).toMatchObject([{ receivedAt: scene.now - 19, openssh: 'OpenSSH 59' }]);
    expect(alarms).toEqual([]);
    scene.pass(1);
    await send(another);
    expect(await codeOfAsync(send(host.report()))).toBe('too-many-reports');
    expect(alarms).toHaveLength(16);
  });

  it('takes nobody else’s turn, and has all of its own again after a while', async () => {
    await using opened = await openWithHost();
    const { scene, host, send } = opened;
    for (let count = 0; count < 60; count++) await send(host.report());
    await send((await TestHost.enrolled(scene, 'web2')).report());
    scene.pass(1200);
    for (let count = 0; count < 60; count++) await send(host.report());
  });

  it('is refused also when all come at once', async () => {
    await using opened = await openWithHost();
    const { host, send } = opened;
    for (let count = 0; count < 55; count++) await send(host.report());
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(send(host.report()))));
    expect(codes.filter((code) => code === 'too-many-reports')).toHaveLength(5);
  });
});

it('of a report that is refused nothing is told', async () => {
  await using opened = await openWithHost();
  const { scene, host, send, alarms } = opened;
  const body = host.report({ seen: [{ purpose: 'login', serial: 4711n }] });
  await scene.loadRoster(ROSTER.replace(/ {2}web1: .*\n/, '').replace('[web1, db]', '[db]'));
  expect(await codeOfAsync(send(body))).toBe('unknown-host');
  expect(alarms).toEqual([]);
});

async function codeOf(sent: Promise<void>): Promise<string> {
  return sent.then(
    () => 'done',
    (error: unknown) => (error instanceof AuthorityError ? error.code : String(error)),
  );
}
