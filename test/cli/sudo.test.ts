import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import { AgentConnection } from '../../src/agent/connection.ts';
import type { Access } from '../../src/http/contract/access.ts';
import { assembleCertificate, decodeCertificate, encodeDraft } from '../../src/ssh/certificate.ts';
import { keyCode } from '../../src/ssh/key-code.ts';
import { readSecurityKeyFile } from '../../src/ssh/openssh-key.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { loginFields, validNow } from '../support/certificates.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { runOrThrow } from '../support/run.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Outcome, Person, PersonChanges } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);
const SUDO: NonNullable<Access['sudo']> = {
  everywhere: true,
  hosts: ['web'],
  names: { db1: 'db-1' },
  defaultLifetime: 3600,
  maxLifetime: 14_400,
  approvals: 0,
  reasonRequired: false,
  securityKeysOnly: false,
};

describe.runIf(haveParts(SSH_AGENT_PARTS))('usher sudo', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(now);
    await enrol({});
  });
  afterEach(async () => {
    await usher(['logout']);
    await liar[Symbol.asyncDispose]();
  });

  const enrol = (sudo: Partial<typeof SUDO>, access: Partial<Access> = {}) =>
    person.enrolAt({
      origin: liar.origin,
      bundleKey: liar.bundleFingerprint,
      access: { ...ACCESS, ...access, sudo: { ...SUDO, ...sudo } },
    });
  const usher = (args: readonly string[], changes: PersonChanges = {}): Promise<Outcome> =>
    person.usher([...args, '--authority', authorityName(liar.origin)], changes);
  const sudo = async (...args: readonly string[]): Promise<Outcome> => {
    const outcome = await usher(['sudo', ...args]);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    return outcome;
  };
  const held = async () =>
    (await person.identities())
      .filter(({ comment }) => comment.startsWith('usher '))
      .map(({ blob, comment }) => ({ comment: comment.split('@')[0], ...decodeCertificate(blob).fields }));
  const principalsHeld = async () => (await held()).map(({ principals }) => principals);

  it('puts one certificate into the agent: the account first, then a principal for each host', async () => {
    const { stderr } = await sudo('web1', 'db1', '--for', '30m', '--reason', 'disk full');
    expect(stderr).toMatch(
      /sudo by +alice\n +hosts +web1, db1 \(db-1\)\n +reason +disk full\n +lifetime +30m/,
    );
    expect(await held()).toMatchObject([
      {
        comment: 'usher sudo alice',
        principals: ['alice', 'sudoer@web1', 'sudoer@db-1'],
        criticalOptions: [],
        extensions: [],
      },
    ]);
    expect(liar.asks.at(-1)?.certificates).toMatchObject([
      { purpose: 'sudo', login: 'alice', hosts: ['web1', 'db-1'], lifetime: 1800, reason: 'disk full' },
    ]);
  });

  it('asks again for what is in the agent, and takes the old one out', async () => {
    await sudo('web1');
    await sudo('web2');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1', 'sudoer@web2']]);
    await sudo('web1');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1', 'sudoer@web2']]);
    await sudo('web3', '--only');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer@web3']]);
  });

  it('says before the touch which hosts it keeps', async () => {
    await sudo('web1', 'web2');
    const kept = await sudo('web2', 'web3');
    expect(kept.stderr).toMatch(
      /^usher: with your touch .*\n( +.*\n)+ +in place of +the one in the agent; keeps its web1, and --only leaves it away\n/,
    );
    expect((await sudo('web1', 'web2', 'web3')).stderr).toMatch(/in place of +the one in the agent\n/);
    expect((await sudo('web4')).stderr).toContain('keeps its web1, web2, web3, and --only leaves them away');
    expect((await sudo('web4', '--only')).stderr).toContain('in the agent, without its web1, web2, web3\n');
    const other = await sudo('web1', '--login', 'deploy');
    expect(other.stderr).toMatch(/in place of +the one in the agent, which is for alice on web4\n/);
    await usher(['logout']);
    expect((await sudo('web1')).stderr).not.toContain('in place of');
  });

  it('asks for everywhere only who types it, each time', async () => {
    await sudo('--everywhere');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer']]);
    const { stderr } = await sudo('web1');
    expect(stderr).toContain('good on every host; that is kept with --everywhere only');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
    await sudo('--everywhere');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer']]);
  });

  it('asks for everywhere under no name that the authority gives a host', async () => {
    await enrol({ names: { web1: '*' } });
    await sudo('web1');
    expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
  });

  describe('asks for nothing more because somebody put into the agent', () => {
    /** As root does on a host that the agent is forwarded to. */
    const plant = async (principals: readonly string[], serial: bigint) => {
      const key = generateKey('ssh-ed25519');
      const authority = liar.sudoKey.publicKey;
      const what = { subject: key.publicKey, serial, principals, keyId: 'sudo:alice:x', authority };
      const drafted = encodeDraft(loginFields({ ...what, ...validNow(), extensions: [] }));
      // Ours encodes no such principal: x stands for what moves a terminal.
      const text = Buffer.from(drafted).toString('latin1').replace('xxxxxx', '\u001b[2J\u00c2\u009b');
      const draft = new Uint8Array(Buffer.from(text, 'latin1'));
      const certificate = decodeCertificate(assembleCertificate(draft, signMessage(liar.sudoKey, draft)));
      const comment = `usher sudo alice@${authorityName(liar.origin)}`;
      const agent = await AgentConnection.connect(person.socketPath);
      await agent.add({ key, certificate, comment }, { lifetime: 600 }).finally(() => agent.close());
    };
    const serialHeld = async () => (await held())[0]?.serial ?? 0n;

    it('a certificate that is good, but not the one that it put there itself', async () => {
      await sudo('web1');
      await plant(['alice', 'sudoer@db1'], (await serialHeld()) + 1n);
      const { stderr } = await sudo('web2');
      expect(stderr).toContain('keeps its web1, and');
      expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1', 'sudoer@web2']]);
    });

    it('any, when it has put none there itself', async () => {
      // So that the CA keys are known.
      expect((await usher(['login'])).code).toBe(0);
      await plant(['alice', 'sudoer@db1'], LEAST_RANDOM_SERIAL);
      const { stderr } = await sudo('web1');
      expect(stderr).not.toContain('keeps');
      expect((await principalsHeld()).at(-1)).toEqual(['alice', 'sudoer@web1']);
    });

    it('what moves a terminal: status shows it as text', async () => {
      expect((await usher(['login'])).code).toBe(0);
      await plant(['alice', 'sudoer@xxxxxxweb1'], LEAST_RANDOM_SERIAL);
      const { stdout } = await usher(['status']);
      expect(stdout).toContain(': alice, sudoer@?[2J?web1; ');
      const json = (await usher(['status', '--json'])).stdout;
      expect(json.replaceAll('\n', '')).toMatch(/^\P{C}*$/u);
    });

    it('what is over', async () => {
      await sudo('web1', '--for', '5m');
      const later = () => now() + 301;
      expect((await usher(['sudo', 'web2', '--for', '2h'], { now: later })).stderr).not.toContain('keeps');
    });
  });

  it('carries nothing over from another account', async () => {
    await enrol({}, { logins: ['alice', 'deploy'] });
    await sudo('web1');
    await sudo('web2', '--login', 'deploy');
    expect(await principalsHeld()).toEqual([['deploy', 'sudoer@web2']]);
  });

  it('prints what it got as JSON', async () => {
    const { stdout } = await sudo('web1', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      person: 'alice',
      principals: ['alice', 'sudoer@web1'],
      keyId: expect.stringMatching(/^sudo:alice:/),
      file: null,
    });
  });

  it('status and logout know both certificates', async () => {
    expect((await usher(['login'])).code).toBe(0);
    await sudo('web1');
    const { stdout } = await usher(['status']);
    expect(stdout).toMatch(/^usher login alice@.*\nusher sudo alice@.*: alice, sudoer@web1; /);
    expect(JSON.parse((await usher(['status', '--json'])).stdout).certificates).toMatchObject([
      { purpose: 'login' },
      { purpose: 'sudo' },
    ]);
    const { stderr } = await usher(['logout']);
    expect(stderr).toContain('2 certificates are out of the agent');
    expect(await held()).toEqual([]);
  });

  it('one for sudo alone is no certificate to log in with', async () => {
    await sudo('web1');
    const outcome = await usher(['status']);
    expect(outcome.stdout).toMatch(/^usher sudo /);
    expect(outcome.code).toBe(3);
    expect((await usher(['status', '--quiet'])).code).toBe(3);
  });

  it.each<[string, Partial<typeof SUDO>, RegExp]>([
    [
      'host-not-allowed',
      { hosts: ['web', 'db1'] },
      /hint: for sudo you may ask for web, db1, or --everywhere, as alice, for up to 4h/,
    ],
    [
      'host-not-allowed',
      { hosts: ['*'], everywhere: false },
      /hint: for sudo you may ask for every host, as alice/,
    ],
    ['host-not-allowed', { hosts: [], everywhere: false }, /hint: you may use sudo nowhere now/],
    ['reason-required', { reasonRequired: true }, /hint: say why: --reason/],
    ['key-not-allowed', { securityKeysOnly: true }, /hint: your role certifies security keys only/],
  ])('refused for %s says what is possible: %j', async (code, sudo, hint) => {
    const access = { ...ACCESS, sudo: { ...SUDO, ...sudo } };
    liar.lies = { problem: { ...PROBLEM, status: 403, code, detail: 'no', access } };
    const outcome = await usher(['sudo', 'web9']);
    expect(outcome.stderr).toMatch(hint);
    expect(outcome.stderr).not.toContain('"usher login" now asks for that');
    expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ access });
  });

  describe('is wrong usage', () => {
    it.each<[string, readonly string[], RegExp]>([
      ['without a host', [], /sudo on which hosts\?\n.*you may ask for web/],
      ['with hosts and everywhere', ['web1', '--everywhere'], /--everywhere is every host/],
      [
        'with a name that is none',
        ['Web_1'],
        /"Web_1" is no name of a host\n.*hint: as the roster names it: small letters/,
      ],
      ['with commas', ['web1,web2'], /"web1,web2" is no name of a host\n.*hint: usher sudo takes blanks/],
      ['with a star', ['*'], /"\*" is no host\n.*usher sudo --everywhere/],
      ['with a lifetime that is none', ['web1', '--for', 'soon'], /"soon" is no duration/],
      ['with a reason of two lines', ['web1', '--reason', 'a\nb'], /a reason is at most 200/],
      ['with a long reason', ['web1', '--reason', 'x'.repeat(201)], /a reason is at most 200/],
      ['with --confirm and nothing that asks', ['web1', '--confirm'], /needs a program that asks you/],
    ])('%s', async (_situation, args, reason) => {
      const outcome = await usher(['sudo', ...args]);
      expect(outcome.stderr).toMatch(reason);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
      expect(liar.asks).toEqual([]);
    });

    it('without a reason where the role wants one', async () => {
      await enrol({ reasonRequired: true });
      const outcome = await usher(['sudo', 'web1']);
      expect(outcome.stderr).toMatch(/wants a reason for sudo\n.*--reason/);
      expect(outcome.code).toBe(2);
      await sudo('web1', '--reason', 'disk full');
    });

    it('without an account where there are several', async () => {
      await enrol({}, { logins: ['deploy', 'backup'] });
      const outcome = await usher(['sudo', 'web1']);
      expect(outcome.stderr).toMatch(/sudo as which account\?\n.*you have deploy, backup/);
      expect(outcome.code).toBe(2);
    });

    it.each<[readonly string[], RegExp]>([
      [['--reason', 'x'], /it goes with --sudo/],
      [['--sudo', 'web1', '--key', '/nonexistent'], /--key does not use it/],
      [['--sudo', ','], /sudo on which hosts/],
      [['--sudo', '*'], /usher sudo --everywhere/],
      [['--sudo', 'web1 web2'], /"web1 web2" is no name of a host\n.*hint: usher login --sudo takes commas/],
    ])('of login %j', async (args, reason) => {
      const outcome = await usher(['login', ...args]);
      expect(outcome.stderr).toMatch(reason);
      expect(outcome).toMatchObject({ code: 2, stdout: '' });
    });
  });

  describe('together with a login', () => {
    it('takes one touch and one request', async () => {
      const touches = person.plugin.questions.length;
      const outcome = await usher(['login', '--sudo', 'web1,web2', '--reason', 'disk full', '--json']);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(person.plugin.questions).toHaveLength(touches + 1);
      expect(liar.asks.map(({ certificates }) => certificates.length)).toEqual([2]);
      expect((await held()).map(({ comment }) => comment)).toEqual(['usher login alice', 'usher sudo alice']);
      expect(JSON.parse(outcome.stdout)).toMatchObject({
        principals: ['alice@web1'],
        sudo: { principals: ['alice', 'sudoer@web1', 'sudoer@web2'] },
      });
    });

    const apart = async (...args: readonly string[]) => {
      const outcome = await usher(['login', '--sudo', 'web1', ...args]);
      expect(
        liar.asks.slice(-2).map(({ certificates }) => certificates.map(({ purpose }) => purpose)),
      ).toEqual([['login'], ['sudo']]);
      return outcome;
    };

    it('is asked for apart when approvals are needed, the login first', async () => {
      await enrol({ approvals: 1 });
      liar.needed = 1;
      liar.coming.push({ approve: 'bob' });
      expect(await apart()).toMatchObject({ code: 0 });
      expect((await held()).map(({ comment }) => comment)).toEqual(['usher login alice', 'usher sudo alice']);
    });

    it('is asked for apart when the authority says so, with nothing touched for it', async () => {
      liar.lies = { apart: true };
      const touches = person.plugin.questions.length;
      expect(await apart()).toMatchObject({ code: 0 });
      expect(person.plugin.questions).toHaveLength(touches + 2);
    });

    it('leaves the login where it is when sudo is rejected', async () => {
      await enrol({ approvals: 1 });
      liar.needed = 1;
      liar.coming.push(REJECTED);
      const outcome = await apart('--json');
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain('usher: error: bob rejected this request');
      expect(JSON.parse(outcome.stdout)).toMatchObject({ principals: ['alice@web1'], sudo: null });
      expect((await held()).map(({ comment }) => comment)).toEqual(['usher login alice']);
    });
  });

  describe('that waits for approval', () => {
    beforeEach(() => {
      liar.needed = 2;
    });

    it('says who can do what, and goes on when enough have approved', async () => {
      liar.coming.push('unreachable', 'unreachable', 'unreachable', 'unreachable', 'unreachable');
      liar.coming.push({ approve: 'bob' }, { approve: 'carol' });
      const { stderr } = await sudo('web1');
      expect(stderr).toContain('usher: then 2 other people have to approve\n');
      expect(stderr).toMatch(
        /it waits for 2 other people who may approve\n +they type +usher approve R[\w-]{21}\n +or open +http/,
      );
      expect(stderr).toContain('usher: 1 of 2 approved');
      const [entry] = await held();
      expect(entry).toBeDefined();
      expect(stderr).toContain(`tell them  ${entry === undefined ? '' : keyCode(entry.subject)}\n`);
      expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
    });

    it('goes on when the authority is busy, or can not sign at the moment', async () => {
      liar.needed = 1;
      for (const status of [429, 503, 503, 503, 503, 500])
        liar.coming.push({ ...PROBLEM, status, code: 'signing-failed' });
      liar.coming.push({ approve: 'bob' });
      await sudo('web1');
      expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
    });

    it.each([
      ['it is rejected', () => REJECTED, /bob rejected this request/],
      ['policy denies it in the end', () => DENIED, /you may not/],
    ])('ends when %s', async (_situation, problem, reason) => {
      liar.coming.push({ approve: 'bob' }, problem());
      const outcome = await usher(['sudo', 'web1']);
      expect(outcome.stderr).toMatch(reason);
      expect(outcome).toMatchObject({ code: 1, stdout: '' });
      expect(await held()).toEqual([]);
    });

    it('ends when nobody approved in time', async () => {
      let late = 0;
      const onStderr = (text: string) => {
        if (text.includes('they type')) late = 3600;
      };
      const outcome = await usher(['sudo', 'web1', '--for', '1h'], { now: () => now() + late, onStderr });
      expect(outcome.stderr).toMatch(/nobody approved it in time\n.*type the command again/);
      expect(outcome.code).toBe(1);
    });

    it('keeps the certificate that is there until there is a new one', async () => {
      liar.needed = 0;
      await sudo('web1');
      liar.needed = 1;
      liar.coming.push(REJECTED);
      expect((await usher(['sudo', 'web2'])).code).toBe(1);
      expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
    });
  });

  describe('with a key of the person', () => {
    const makeKey = async (type: string, ...args: readonly string[]) => {
      const file = join(person.home, `id_${type}_${Math.random().toString(36).slice(2)}`);
      await runOrThrow('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file, ...args]);
      return file;
    };

    it('that is RSA is refused, with the reason', async () => {
      const outcome = await usher(['sudo', 'web1', '--key', await makeKey('rsa')]);
      expect(outcome.stderr).toMatch(/is an RSA key: .*SHA-1/);
      expect(outcome.code).toBe(1);
      expect(liar.asks).toEqual([]);
    }, 30_000);

    it.each(['ed25519', 'ecdsa'])('%s goes into the agent with its certificate', async (type) => {
      await sudo('web1', '--key', await makeKey(type));
      expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
    });

    describe.runIf(haveParts({ [SK_DUMMY]: 'openssh-tests' }))('in security keys', () => {
      const provider = ['--sk-provider', SK_DUMMY];

      it('goes into the agent with its handle', async () => {
        await sudo('web1', '--key', await makeKey('ed25519-sk', '-w', SK_DUMMY), ...provider);
        const [entry] = await held();
        expect(entry?.subject.type).toBe('sk-ssh-ed25519@openssh.com');
      });

      it('is refused when it asks for no touch', async () => {
        const key = await makeKey('ed25519-sk', '-w', SK_DUMMY, '-O', 'no-touch-required');
        const outcome = await usher(['sudo', 'web1', '--key', key, ...provider]);
        expect(outcome.stderr).toContain('was made with no-touch-required');
        expect(liar.asks).toEqual([]);
      });

      it('is refused before the touch when the agent does not allow its library', async () => {
        const key = await makeKey('ed25519-sk', '-w', SK_DUMMY);
        const touches = person.plugin.questions.length;
        const outcome = await usher(['sudo', 'web1', '--key', key, '--sk-provider', '/etc/passwd']);
        expect(outcome.code).toBe(1);
        expect(person.plugin.questions).toHaveLength(touches);
        expect(liar.asks).toEqual([]);
      });

      it('as the CA key signs at once: no other touch, and it is remembered', async () => {
        const file = await makeKey('ed25519-sk', '-w', SK_DUMMY);
        const { publicKey } = readSecurityKeyFile(await readFile(file, 'utf8'));
        const stranger = generateSecurityKey('sk-ssh-ed25519@openssh.com');
        liar.owners = [
          { person: 'bob', key: stranger },
          { person: 'alice', key: { publicKey, sign: stranger.sign } },
        ];
        const touches = person.plugin.questions.length;
        await sudo('web1', '--ca-key', file, ...provider);
        expect(await principalsHeld()).toEqual([['alice', 'sudoer@web1']]);
        expect(person.plugin.questions).toHaveLength(touches);
        expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ caKey: file });

        await sudo('web2', ...provider);
        expect(person.plugin.questions).toHaveLength(touches);
        liar.coming.push({ approve: 'bob' });
        await sudo('web2', '--with', 'soft');
        expect(person.plugin.questions).toHaveLength(touches + 1);
      });

      it('that is the CA key, and is not known, is asked for before any touch', async () => {
        const key = () => generateSecurityKey('sk-ssh-ed25519@openssh.com');
        liar.owners = [
          { person: 'bob', key: key() },
          { person: 'alice', key: key() },
        ];
        // With the bundle it learns whose the CA keys are.
        await usher(['login']);
        const [touches, asks] = [person.plugin.questions.length, liar.asks.length];
        for (const args of [
          ['sudo', 'web1'],
          ['login', '--sudo', 'web1'],
        ]) {
          const outcome = await usher(args);
          expect(outcome).toMatchObject({ code: 2, stdout: '' });
          expect(outcome.stderr).toMatch(
            /^usher: error: your own CA key can sign this with one touch.*\nusher: hint: .*--ca-key FILE \(or --ca-key credential\)/,
          );
        }
        expect(person.plugin.questions).toHaveLength(touches);
        expect(liar.asks).toHaveLength(asks);
        liar.coming.push({ approve: 'bob' });
        await sudo('web1', '--with', 'soft');
        await enrol({ approvals: 1 });
        liar.coming.push({ approve: 'bob' });
        await sudo('web1');
      });

      it('as a CA key that is not one of the person is refused', async () => {
        const file = await makeKey('ed25519-sk', '-w', SK_DUMMY);
        const { publicKey } = readSecurityKeyFile(await readFile(file, 'utf8'));
        const { sign } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
        liar.owners = [{ person: 'bob', key: { publicKey, sign } }];
        const outcome = await usher(['sudo', 'web1', '--ca-key', file, ...provider]);
        expect(outcome.stderr).toMatch(/is no active CA key of yours/);
        const credential = await usher(['sudo', 'web1', '--ca-key', 'credential']);
        expect(credential.stderr).toMatch(/no active CA key of yours is a FIDO credential/);
      });
    });
  });
});

const PROBLEM = { type: 'about:blank', title: 'x' };
const REJECTED = {
  ...PROBLEM,
  status: 403,
  code: 'request-rejected',
  detail: 'bob rejected this request',
};
const DENIED = { ...PROBLEM, status: 403, code: 'policy-changed', detail: 'you may not' };
