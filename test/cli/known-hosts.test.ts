import { lstat, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorityName, knownHostsPaths } from '../../cli/paths.ts';
import type { KnownHosts } from '../../src/http/contract/known-hosts.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { generateKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Outcome, Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);
const OTHER = generateKey('ssh-ed25519');
const UNCHANGED = /usher: warning: what ssh knows of hosts stays as it was: /;

describe.runIf(haveParts(SSH_AGENT_PARTS))('what ssh knows of hosts', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(now);
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterEach(() => liar[Symbol.asyncDispose]());

  const login = () => person.usher(['login', '--authority', authorityName(liar.origin)]);
  const paths = () => knownHostsPaths(person.paths, authorityName(liar.origin));
  const read = () =>
    Promise.all(
      [paths().knownHosts, paths().revokedHostKeys, paths().statement].map((file) =>
        readFile(file, 'latin1').catch(() => undefined),
      ),
    );

  async function learned(): Promise<Outcome> {
    const outcome = await login();
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    return outcome;
  }

  const list = (change: (truth: KnownHosts) => object): Lies => ({
    knownHosts: (truth) => ({ ...truth, ...change(truth) }),
  });
  const named = (...names: string[]): Lies => list(() => ({ hosts: [{ name: 'web1', names }] }));

  it('is the CA keys by the names of the roster, and what is revoked', async () => {
    const { stderr } = await learned();
    expect(stderr).not.toMatch(UNCHANGED);
    const key = formatPublicKeyLine(liar.hostKey.publicKey, 'usher-host-ca');
    const [knownHosts, revoked] = await read();
    expect(knownHosts?.split('\n').slice(1)).toEqual([`@cert-authority web1.example.org ${key}`, '']);
    expect(revoked?.slice(0, 8)).toBe('SSHKRL\n\0');
    expect((await lstat(paths().knownHosts)).mode & 0o777).toBe(0o600);
  });

  describe('stays as it was, and the login is done, when the list', () => {
    it.each<[string, Lies, RegExp]>([
      ['is signed by another key', { knownHostsKey: OTHER }, /not signed by the key you pinned/],
      ['is signed for something else', { knownHostsNamespace: 'usher-bundle' }, /malformed|not signed/],
      [
        'is of another authority',
        list(() => ({ authority: 'https://evil.example' })),
        /is of https:\/\/evil/,
      ],
      ['is older than the last one', list(({ number }) => ({ number: number - 1000 })), /is older/],
      [
        'is out of date',
        list(({ number }) => ({ number: number + 9, freshUntil: now() - 1 })),
        /out of date/,
      ],
      ['has a wildcard', named('*'), /does not have the form/],
      ['has a wildcard within a name', named('web*.example.org'), /does not have the form/],
      ['has a name with a blank', named('web1 web2'), /does not have the form/],
      ['has a name with a comma', named('web1,github.com'), /does not have the form/],
      ['has a name with a line end', named('web1\n@cert-authority'), /does not have the form/],
      ['has a name that DNS has not', named('web1..example.org'), /no name of a host/],
      [
        'has a CA key with a line end',
        list(({ caKeys }) => ({ caKeys: caKeys.map((ca) => ({ ...ca, key: `${ca.key}\n* ssh-rsa` })) })),
        /can not be read/,
      ],
      [
        'has a CA key that is revoked and counts',
        list(({ caKeys }) => ({ revokedCaKeys: caKeys.map(({ key }) => key) })),
        /is revoked, and counts/,
      ],
      ['has a revocation list that ssh can not read', list(() => ({ krl: 'AAAA' })), /revocation list/],
      ['is not JSON', { knownHostsStatement: '{' }, /not JSON/],
      ['has more in it', list(() => ({ more: 1 })), /does not have the form/],
      ['does not come', { noKnownHosts: true }, /can not be reached/],
    ])('%s', async (_what, lies, reason) => {
      await learned();
      const before = await read();
      liar.lies = lies;
      const { stderr } = await learned();
      expect(stderr).toMatch(UNCHANGED);
      expect(stderr).toMatch(reason);
      expect(await read()).toEqual(before);
    });
  });

  it('stays as it was when two lists have one number', async () => {
    const number = now() + 1000;
    const fixed = { number, madeAt: 1, freshUntil: now() + 1000 };
    liar.lies = list(() => fixed);
    await learned();
    expect((await learned()).stderr).not.toMatch(UNCHANGED);
    const before = await read();
    liar.lies = list(() => ({ ...fixed, hosts: [] }));
    expect((await learned()).stderr).toMatch(/two different versions of the list of hosts/);
    expect(await read()).toEqual(before);
  });

  it('is marked as revoked for every host where a CA key was', async () => {
    const stolen = formatPublicKeyLine(OTHER.publicKey, 'usher-host-ca');
    liar.lies = list(() => ({ revokedCaKeys: [stolen] }));
    await learned();
    expect((await read())[0]?.split('\n')[1]).toBe(`@revoked * ${stolen}`);
  });
});
