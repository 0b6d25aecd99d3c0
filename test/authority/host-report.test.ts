/** What hosts tell of themselves, and the certificates that they saw and nobody here knows of. */
import { describe, expect, it } from 'vitest';
import type { Alarm } from '../../src/authority/alarm.ts';
import { importBreakGlass } from '../../src/authority/break-glass-import.ts';
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
      { host: 'web1', receivedAt: scene.now, number: scene.now, ...said },
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

  it('with a thousand others does not fill the log', async () => {
    await using opened = await openWithHost();
    const { scene, tell, alarms } = opened;
    const seen = Array.from({ length: 1000 }, (_, n) => ({
      purpose: 'builder' as const,
      serial: 2n ** 60n + BigInt(n),
    }));
    await tell(seen);
    expect(alarms).toHaveLength(16);
    await tell(seen);
    expect(alarms).toHaveLength(32);
    expect((await leafKinds(scene)).filter((kind) => kind === 'alarm')).toHaveLength(32);
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
