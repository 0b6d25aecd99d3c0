import { base64urlnopad } from '@scure/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorityName } from '../../cli/paths.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import type { AskReply } from '../../src/http/contract/requests.ts';
import type { CertificateLeaf, ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import { decodeDraft, encodeDraft, flagOption, valueOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const now = () => Math.floor(Date.now() / 1000);
const OTHER = generateKey('ssh-ed25519');

describe.runIf(haveParts(SSH_AGENT_PARTS))('an authority that lies to usher sudo', () => {
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

  const usher = (...args: string[]) => person.usher([...args, '--authority', authorityName(liar.origin)]);
  const sudo = () => usher('sudo', 'web1', 'web2', '--for', '1h', '--reason', 'disk full');

  async function refusedBeforeTouch(lies: Lies, reason: RegExp): Promise<void> {
    liar.lies = lies;
    const touches = person.plugin.questions.length;
    const { code, stdout, stderr } = await sudo();
    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(person.plugin.questions).toHaveLength(touches);
    expect(await person.identities()).toEqual([]);
  }

  async function refusedAfterTouch(lies: Lies, reason: RegExp): Promise<void> {
    liar.lies = lies;
    const { code, stdout, stderr } = await sudo();
    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(await person.identities()).toEqual([]);
  }

  const fields = (change: (truth: CertificateFields) => Partial<CertificateFields>): Lies => ({
    fields: (truth) => ({ ...truth, ...change(truth) }),
  });

  describe('is refused before the touch when', () => {
    it.each<[string, Lies, RegExp]>([
      [
        'it adds a host',
        fields(({ principals }) => ({ principals: [...principals, 'sudoer@db1'] })),
        /also be good for sudoer@db1/,
      ],
      [
        'it gives sudo everywhere',
        fields(() => ({ principals: ['alice', 'sudoer'] })),
        /also be good for sudoer/,
      ],
      [
        'it leaves a host out',
        fields(({ principals }) => ({ principals: principals.slice(0, 2) })),
        /not be good for sudoer@web2/,
      ],
      [
        'it names another account',
        fields(({ principals }) => ({ principals: ['root', ...principals.slice(1)] })),
        /also be good for root/,
      ],
      [
        'the host would log another principal than the account',
        fields(({ principals }) => ({ principals: [...principals].reverse() })),
        /log would say sudoer@web2, not alice/,
      ],
      [
        'it would permit a login with agent and terminal',
        fields(() => ({ extensions: [flagOption('permit-pty')] })),
        /permit more than sudo: permit-pty/,
      ],
      [
        'it has a source address, which pam-ussh ignores',
        fields(() => ({ criticalOptions: [valueOption('source-address', '192.0.2.0/24')] })),
        /critical option source-address/,
      ],
      [
        'the login CA key would sign',
        { fields: (truth) => ({ ...truth, authority: liar.caKey.publicKey }) },
        /no active sudo CA key/,
      ],
      [
        'an offline key would sign',
        {
          bundle: (truth) => ({
            ...truth,
            caKeys: truth.caKeys.map((key) => (key.purpose === 'sudo' ? { ...key, state: 'offline' } : key)),
          }),
        },
        /no active sudo CA key/,
      ],
      [
        'it drafts for longer than was asked',
        fields(({ validBefore }) => ({ validBefore: validBefore + 3600n })),
        /longer/,
      ],
      [
        'it says it is for login',
        fields(({ keyId }) => ({ keyId: keyId.replace('sudo', 'login') })),
        /login:alice/,
      ],
      [
        'it has a serial of an offline key',
        fields(() => ({ serial: LEAST_RANDOM_SERIAL - 1n })),
        /serial of an offline key/,
      ],
      ['it is for another key', fields(() => ({ subject: OTHER.publicKey })), /another key/],
      ['it is for a host', fields(() => ({ type: 'host' })), /for a host/],
    ])('%s', (_situation, lies, reason) => refusedBeforeTouch(lies, reason));
  });

  describe('with CA keys of people is refused before the touch when', () => {
    const bob = { person: 'bob', key: generateSecurityKey('sk-ssh-ed25519@openssh.com') };
    const carol = { person: 'carol', key: generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com') };
    const second = (change: (truth: CertificateFields) => Partial<CertificateFields>): Lies => ({
      asked: (reply: AskReply) => ({
        ...reply,
        drafts: reply.drafts.map((draft, index) => {
          if (index !== 1) return draft;
          const read = decodeDraft(base64urlnopad.decode(draft));
          return base64urlnopad.encode(encodeDraft({ ...read, ...change(read) }));
        }),
      }),
    });
    beforeEach(() => {
      liar.owners = [bob, carol];
    });

    it.each<[string, Lies, RegExp]>([
      [
        'one has another serial',
        second(({ serial }) => ({ serial: serial + 1n })),
        /differ in more than the CA key/,
      ],
      [
        'one has another nonce',
        second(() => ({ nonce: new Uint8Array(32) })),
        /differ in more than the CA key/,
      ],
      [
        'one is valid for longer',
        second(({ validBefore }) => ({ validBefore: validBefore + 60n })),
        /differ in more than the CA key/,
      ],
      [
        'one is good for more',
        second(() => ({ principals: ['alice', 'sudoer'] })),
        /also be good for sudoer/,
      ],
      [
        'one would be signed by a stranger',
        second(() => ({ authority: OTHER.publicKey })),
        /no active sudo CA key/,
      ],
      [
        'one stands twice',
        { asked: (reply) => ({ ...reply, drafts: [...reply.drafts, ...reply.drafts.slice(0, 1)] }) },
        /two of the drafts to choose from are for one CA key/,
      ],
    ])('%s', (_situation, lies, reason) => refusedBeforeTouch(lies, reason));

    it('there are drafts to choose from for a login, too', async () => {
      liar.owners = [];
      liar.lies = { asked: (reply) => ({ ...reply, drafts: [...reply.drafts, ...reply.drafts] }) };
      const outcome = await usher('login', '--sudo', 'web1');
      expect(outcome.stderr).toMatch(/2 certificates were asked for, the authority drafted 4/);
    });
  });

  it('one request has two drafts with the same serial: refused', async () => {
    liar.lies = { fields: (truth) => ({ ...truth, serial: LEAST_RANDOM_SERIAL + 9n }) };
    const outcome = await usher('login', '--sudo', 'web1');
    expect(outcome.stderr).toMatch(/same serial/);
    expect(await person.identities()).toEqual([]);
  });

  describe('is refused after the touch when', () => {
    const review = (change: (leaf: ReviewedCertificateLeaf) => Partial<ReviewedCertificateLeaf>): Lies => ({
      leaf: (leaf) => (leaf.kind === 'reviewed-certificate' ? { ...leaf, ...change(leaf) } : leaf),
    });
    const asPlain = (leaf: CertificateLeaf): CertificateLeaf => {
      if (leaf.kind === 'certificate') return leaf;
      const {
        reason: _reason,
        approveBy: _approveBy,
        approvals: _approvals,
        signer: _signer,
        ...body
      } = leaf;
      return { ...body, kind: 'certificate' };
    };

    it.each<[string, Lies, RegExp]>([
      ['the leaf hides the reason', review(() => ({ reason: '' })), /something else/],
      ['the leaf has another reason', review(() => ({ reason: 'holiday' })), /something else/],
      ['the leaf is that of a certificate nobody reviewed', { leaf: asPlain }, /something else/],
      ['the leaf names an owner of the CA key', review(() => ({ signer: 'bob' })), /something else/],
      ['the leaf has no touch', review(() => ({ touches: [] })), /something else/],
      [
        'the leaf has an approval by the holder',
        review(({ touches }) => ({ approvals: [...touches] })),
        /something else/,
      ],
      [
        'the leaf has an approval of something else',
        review(({ touches, origin }) => ({
          approvals: touches.map((touch) => ({
            ...touch,
            person: 'bob',
            clientDataJson: buildClientData('webauthn.get', new Uint8Array(32), origin),
          })),
        })),
        /something else/,
      ],
      [
        'the leaf could be approved after its end',
        review(({ approveBy }) => ({ approveBy: approveBy + 86_400 })),
        /something else/,
      ],
      ['the leaf is of another purpose', review(() => ({ purpose: 'login' })), /something else/],
    ])('%s', (_situation, lies, reason) => refusedAfterTouch(lies, reason));

    it.each<[string, (leaf: ReviewedCertificateLeaf) => Partial<ReviewedCertificateLeaf>]>([
      ['a person approved twice', ({ approvals }) => ({ approvals: [...approvals, ...approvals] })],
      [
        'the holder approved',
        ({ approvals }) => ({ approvals: approvals.map((approval) => ({ ...approval, person: 'alice' })) }),
      ],
    ])('%s, as the leaf has it', async (_situation, change) => {
      liar.needed = 1;
      liar.coming.push({ approve: 'bob' });
      await refusedAfterTouch(review(change), /something else/);
    });

    it('the leaf of a login is one of a reviewed certificate', async () => {
      liar.lies = {
        leaf: (leaf) => ({
          ...leaf,
          kind: 'reviewed-certificate',
          reason: '',
          approveBy: leaf.expiresAt,
          approvals: [],
          signer: '',
        }),
      };
      const outcome = await usher('login');
      expect(outcome.stderr).toMatch(/something else/);
      expect(await person.identities()).toEqual([]);
    });

    it('nobody touched the CA key that signed', async () => {
      const key = generateSecurityKey('sk-ssh-ed25519@openssh.com');
      liar.owners = [{ person: 'bob', key }];
      liar.coming.push({ approve: 'bob' });
      await refusedAfterTouch(
        { signature: (draft) => key.sign(draft, { flags: 0 }) },
        /nobody touched the security key that signed/,
      );
    });
  });
});
