import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import type { ViewReply } from '../../src/http/contract/approvals.ts';
import type { SudoAsked } from '../../src/http/contract/requests.ts';
import { flagOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { keyCode } from '../../src/ssh/key-code.ts';
import { readSecurityKeyFile } from '../../src/ssh/openssh-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { runOrThrow } from '../support/run.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Outcome, Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);
const ID = `P${'0'.repeat(21)}`;
const SUBJECT = generateKey('ssh-ed25519');
const THIEF = generateKey('ssh-ed25519');
const ASKED: SudoAsked = {
  purpose: 'sudo',
  key: base64urlnopad.encode(encodePublicKey(SUBJECT.publicKey)),
  login: 'bob',
  hosts: ['web1', 'web2'],
  lifetime: 3600,
  reason: 'disk full',
  possession: { time: 0, signature: '' },
};

describe.runIf(haveParts(SSH_AGENT_PARTS))('who approves', () => {
  let person: Person;
  let liar: Liar;

  beforeAll(async () => {
    person = await startPerson();
  });
  afterAll(() => person[Symbol.asyncDispose]());
  beforeEach(async () => {
    liar = await startLiar(now);
    liar.needed = 1;
    await person.enrolAt({ origin: liar.origin, bundleKey: liar.bundleFingerprint, access: ACCESS });
  });
  afterEach(async () => {
    await usher('logout');
    await liar[Symbol.asyncDispose]();
  });

  const usher = (...args: readonly string[]): Promise<Outcome> =>
    person.usher([...args, '--authority', authorityName(liar.origin)]);

  async function refusedUntouched(lies: Lies, reason: RegExp, command = 'approve'): Promise<void> {
    liar.lies = lies;
    const address = liar.pend('bob', ASKED);
    const touches = person.plugin.questions.length;
    const outcome = await usher(command, address);
    expect(outcome.stderr).toMatch(reason);
    expect(outcome).toMatchObject({ code: 1, stdout: '' });
    expect(person.plugin.questions).toHaveLength(touches);
    expect(liar.answers).toEqual([]);
  }

  const view = (change: (truth: ViewReply) => object): Lies => ({
    view: (truth) => ({ ...truth, ...change(truth) }),
  });
  const fields = (change: (truth: CertificateFields) => Partial<CertificateFields>): Lies => ({
    fields: (truth) => ({ ...truth, ...change(truth) }),
  });

  it('is shown the list, which needs a login', async () => {
    const stranger = await usher('approvals');
    expect(stranger).toMatchObject({ code: 3, stdout: '' });
    expect(stranger.stderr).toMatch(/hint: first: usher login/);
    expect((await usher('login')).code).toBe(0);
    expect((await usher('approvals')).stderr).toContain('nothing waits for you');
    const address = liar.pend('bob', ASKED);
    const { stdout } = await usher('approvals');
    expect(stdout).toMatch(
      new RegExp(`^${ID} {2}bob: sudo as bob on web1, web2 for 1h \\(disk full\\); 0 of 1 approved; until `),
    );
    expect(JSON.parse((await usher('approvals', '--json')).stdout).requests).toMatchObject([
      { requestId: ID, person: 'bob', reason: 'disk full', address },
    ]);
  });

  it.each<['approve' | 'reject', RegExp]>([
    ['approve', /approved: bob has the certificate/],
    ['reject', /rejected: bob is told by whom/],
  ])('can %s by the id, is shown all of it, and touches a digest of its own', async (answer, said) => {
    expect((await usher('login')).code).toBe(0);
    liar.pend('bob', ASKED);
    const outcome = await usher(answer, ID);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(outcome.stderr).toMatch(
      /person +bob\n +sudo by +bob\n +hosts +web1, web2\n +lifetime +1h.*\n +reason +disk full\n +key +SHA256:\S+ \(Ed25519, not in a security key\)\n +compare +with what bob sees: .*\n +asked from +192.0.2.1, at .*\n +approved +0 of 1\n +answer by/,
    );
    expect(outcome.stderr).toMatch(said);
    expect(liar.answers).toMatchObject([{ person: 'alice', answer }]);
  });

  it('compares a code of the key that is certified: that of another key is another one', async () => {
    const { stderr } = await usher('approve', liar.pend('bob', ASKED));
    expect(stderr).toContain(`with what bob sees: ${keyCode(SUBJECT.publicKey)}; any other code is`);
    // Whatever else the authority chooses: the code of the thief's key is not that of the victim's.
    liar.lies = fields(() => ({ subject: THIEF.publicKey, nonce: new Uint8Array(32).fill(1) }));
    const deceived = await usher('approve', liar.pend('bob', ASKED));
    expect(deceived.stderr).toContain(keyCode(THIEF.publicKey));
    expect(deceived.stderr).not.toContain(keyCode(SUBJECT.publicKey));
  });

  it('sees whether it is a security key', async () => {
    const { publicKey } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    liar.lies = fields(() => ({ subject: publicKey }));
    const { stderr } = await usher('approve', liar.pend('bob', ASKED));
    expect(stderr).toMatch(/ +key +SHA256:\S+ \(Ed25519 in a security key\)\n/);
  });

  it('approving and rejecting are not the same touch', async () => {
    const address = liar.pend('bob', ASKED);
    await usher('approve', address);
    await usher('reject', address);
    const [approved, rejected] = liar.answers.map(({ assertion }) => challengeOf(assertion?.clientDataJSON));
    expect(approved).not.toBe(rejected);
  });

  it.each([
    ['request-expired', /hint: whoever asked has to ask again/],
    ['request-answered', /hint: usher approvals lists those that wait for you/],
    ['not-an-approver', /hint: the roster says who approves/],
  ])('is told what to do after %s', async (code, hint) => {
    const address = liar.pend('bob', ASKED);
    liar.lies = { problem: { type: 'about:blank', title: 'x', status: 409, code, detail: 'it is so' } };
    const outcome = await usher('approve', address);
    expect(outcome.stderr).toMatch(/usher: error: it is so\n/);
    expect(outcome.stderr).toMatch(hint);
    expect(outcome.code).toBe(1);
  });

  it('needs no login when the address is given', async () => {
    const outcome = await usher('approve', liar.pend('bob', ASKED), '--json');
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ requestId: ID, person: 'bob', state: 'issued' });
  });

  it('sees EVERY HOST where it is every host', async () => {
    const { stderr } = await usher('approve', liar.pend('bob', { ...ASKED, hosts: ['*'] }));
    expect(stderr).toMatch(/hosts +EVERY HOST\n/);
  });

  it('is given the address where there is no browser', async () => {
    const address = liar.pend('bob', ASKED);
    const outcome = await usher('approve', address, '--with', 'browser');
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(outcome.stderr).toContain(`address  ${address}`);
    expect(liar.answers).toEqual([]);
  });

  it.each(['approve', 'reject'])('is told that a browser gives no JSON to %s', async (command) => {
    const outcome = await usher(command, liar.pend('bob', ASKED), '--with', 'browser', '--json');
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(
      /^usher: error: --json .* browser answers\nusher: hint: .*--with security-key/,
    );
  });

  it('does not approve twice, and may still reject', async () => {
    await refusedUntouched(
      view(() => ({ answered: true })),
      /you have approved this already/,
    );
    const outcome = await usher('reject', liar.pend('bob', ASKED));
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  });

  it('sees in the list what they approved', async () => {
    expect((await usher('login')).code).toBe(0);
    liar.pend('bob', ASKED);
    liar.lies = { listed: (truth) => ({ ...truth, answered: true, given: 1, needed: 2 }) };
    expect((await usher('approvals')).stdout).toMatch(/; 1 of 2 approved, you approved; until/);
  });

  it('does not approve what is theirs, and may take it back', async () => {
    const address = liar.pend('alice', { ...ASKED, login: 'alice' });
    const outcome = await usher('approve', address);
    expect(outcome.stderr).toMatch(/nobody approves their own request\n.*usher reject/);
    expect(outcome.code).toBe(1);
    const taken = await usher('reject', address);
    expect(taken.stderr).toContain('usher: the request is taken back');
    expect(taken.code).toBe(0);
  });

  it.each<[string, RegExp]>([
    ['nonsense', /is no id of a request/],
    [`https://evil.example/approve#${ID}.${'v'.repeat(43)}`, /is an address of https:\/\/evil.example/],
  ])('names a request: %s does not', async (request, reason) => {
    const outcome = await usher('approve', request);
    expect(outcome.stderr).toMatch(reason);
    expect(outcome.code).toBe(2);
  });

  it('names a request that waits for them', async () => {
    expect((await usher('login')).code).toBe(0);
    const outcome = await usher('approve', 'Q'.repeat(22));
    expect(outcome.stderr).toMatch(
      /no such request waits for you\n.*hint: .*of your own: usher reject, with the address/,
    );
    expect(outcome.code).toBe(1);
  });

  describe('touches nothing when', () => {
    it.each<[string, Lies, RegExp]>([
      ['another request is shown', view(() => ({ requestId: 'Q'.repeat(22) })), /shows another request/],
      ['another person is shown', view(() => ({ person: 'carol' })), /would say "sudo:bob:/],
      [
        'the name of the person would move the terminal',
        view(() => ({ person: 'bob\u001b[2J' })),
        /"bob\?\[2J" is no name of a person/,
      ],
      ['it is for another authority', view(() => ({ origin: 'https://evil.example' })), /not for http/],
      ['it is for another RP id', view(() => ({ rpId: 'example.org' })), /RP id example.org/],
      ['the nonce is short', view(() => ({ nonce: 'AAAA' })), /nonce/],
      ['it is over', view(() => ({ approveBy: now() - 1 })), /time to approve is over/],
      ['it is of the future', view(() => ({ createdAt: now() + 3600 })), /of the future/],
      [
        'it was asked before its drafts',
        view(() => ({ createdAt: now() - 3600 })),
        /begin when it was asked/,
      ],
      [
        'it could be approved after its end',
        view(() => ({ approveBy: now() + 7200 })),
        /over before it is approved/,
      ],
      [
        'its reason would move the terminal',
        view(() => ({ reason: '\u001b[2J' })),
        /not as the contract says/,
      ],
      ['it is a login', fields(() => ({ principals: ['bob', 'root'] })), /not be one for sudo/],
      [
        'it names two accounts',
        fields(() => ({ principals: ['bob', 'root', 'sudoer'] })),
        /not be one for sudo/,
      ],
      [
        'it names no account',
        fields(() => ({ principals: ['sudoer', 'sudoer@web1'] })),
        /not be one for sudo/,
      ],
      [
        'it has a serial of an offline key',
        fields(() => ({ serial: LEAST_RANDOM_SERIAL - 1n })),
        /serial of an offline key/,
      ],
      ['it is for a host', fields(() => ({ type: 'host' })), /for a host/],
      [
        'it permits a login',
        fields(() => ({ extensions: [flagOption('permit-pty')] })),
        /permit more than sudo/,
      ],
      [
        'it says it is for login',
        fields(({ keyId }) => ({ keyId: keyId.replace('sudo', 'login') })),
        /would say "login:/,
      ],
      [
        'it is valid for days',
        fields(({ validBefore }) => ({ validBefore: validBefore + 86_400n })),
        /valid for longer than any/,
      ],
      ['a stranger would sign it', fields(() => ({ authority: SUBJECT.publicKey })), /no active sudo CA key/],
      [
        'the login CA key would sign it',
        { fields: (truth) => ({ ...truth, authority: liar.caKey.publicKey }) },
        /no active sudo CA key/,
      ],
      ['there is no draft that says anything', { draft: () => new Uint8Array(100) }, /drafted nonsense/],
      [
        'there are two certificates in it',
        view(({ drafts }) => ({ drafts: [...drafts, ...drafts] })),
        /two of the drafts to choose from/,
      ],
    ])('%s', async (_situation, lies, reason) => {
      await refusedUntouched(lies, reason);
      await refusedUntouched(lies, reason, 'reject');
    });
  });

  describe.runIf(haveParts({ [SK_DUMMY]: 'openssh-tests' }))('with a CA key of their own', () => {
    let file: string;
    const provider = ['--sk-provider', SK_DUMMY];
    const stranger = generateSecurityKey('sk-ssh-ed25519@openssh.com');

    beforeAll(async () => {
      file = join(person.home, 'ca');
      await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519-sk', '-N', '', '-f', file, '-w', SK_DUMMY]);
    });
    const own = async () => {
      const { publicKey } = readSecurityKeyFile(await readFile(file, 'utf8'));
      return { person: 'alice', key: { publicKey, sign: stranger.sign } };
    };

    it('signs the draft for it, and need not name the key again', async () => {
      liar.owners = [{ person: 'carol', key: stranger }, await own()];
      const address = liar.pend('bob', ASKED);
      const unnamed = await usher('approve', address, ...provider);
      expect(unnamed.stderr).toMatch(/it is not known where it is\n.*--ca-key FILE/);
      expect(unnamed.code).toBe(2);
      const outcome = await usher('approve', address, '--ca-key', file, ...provider);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(outcome.stderr).toMatch(/^usher: with your touch your CA key signs this: .* root there/);
      expect(outcome.stderr).not.toContain('this is approved');
      expect(liar.answers).toEqual([
        { viewSecret: expect.any(String), draft: 1, signature: expect.any(String) },
      ]);
      expect(await loadSettings(person.paths, authorityName(liar.origin))).toMatchObject({ caKey: file });
      expect((await usher('approve', address, ...provider)).code).toBe(0);
    });

    it('is told which file it is when a key of a file is named', async () => {
      liar.owners = [await own()];
      const plain = join(person.home, 'plain');
      await runOrThrow('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', plain]);
      const outcome = await usher('approve', liar.pend('bob', ASKED), '--ca-key', plain, ...provider);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toMatch(
        /plain is not the file of a security key\n.*hint: name the file that ssh-keygen -t ed25519-sk made/,
      );
    });

    it('rejects by a touch', async () => {
      liar.owners = [await own()];
      const touches = person.plugin.questions.length;
      expect((await usher('reject', liar.pend('bob', ASKED))).code).toBe(0);
      expect(person.plugin.questions).toHaveLength(touches + 1);
    });

    it('signs nothing when no draft is for it', async () => {
      liar.owners = [{ person: 'carol', key: stranger }];
      const address = liar.pend('bob', ASKED);
      liar.owners = [{ person: 'carol', key: stranger }, await own()];
      const outcome = await usher('approve', address, '--ca-key', file, ...provider);
      expect(outcome.stderr).toMatch(/none of the drafts is to be signed by your CA key/);
      expect(liar.answers).toEqual([]);
    });

    it('signs nothing when the drafts to choose from differ', async () => {
      liar.owners = [{ person: 'carol', key: stranger }, await own()];
      let count = 0n;
      liar.lies = { fields: (truth) => ({ ...truth, serial: truth.serial + count++ }) };
      const outcome = await usher('approve', liar.pend('bob', ASKED), '--ca-key', file, ...provider);
      expect(outcome.stderr).toMatch(/differ in more than the CA key/);
      expect(liar.answers).toEqual([]);
    });

    it('that is retired signs nothing', async () => {
      liar.owners = [await own()];
      const address = liar.pend('bob', ASKED);
      liar.lies = {
        bundle: (truth) => ({
          ...truth,
          caKeys: truth.caKeys.map((key) => (key.purpose === 'sudo' ? { ...key, state: 'retired' } : key)),
        }),
      };
      const outcome = await usher('approve', address, '--ca-key', file, ...provider);
      expect(outcome.stderr).toMatch(/no active sudo CA key/);
      expect(liar.answers).toEqual([]);
    });
  });
});

function challengeOf(clientDataJSON: string | undefined): unknown {
  return JSON.parse(Buffer.from(clientDataJSON ?? '', 'base64url').toString()).challenge;
}
