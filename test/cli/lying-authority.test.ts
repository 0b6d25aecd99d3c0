import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadMemory } from '../../cli/authority/memory.ts';
import { loadSettings } from '../../cli/authority/settings.ts';
import { authorityName } from '../../cli/paths.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import type { Bundle } from '../../src/http/contract/bundle.ts';
import type { AskReply, Issued } from '../../src/http/contract/requests.ts';
import { valueOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { generateKey } from '../support/keys.ts';
import { haveParts } from '../support/parts.ts';
import { SSH_AGENT_PARTS } from '../support/ssh-agent.ts';
import type { Liar, Lies } from './support/liar.ts';
import { ACCESS, startLiar } from './support/liar.ts';
import type { Person } from './support/person.ts';
import { startPerson } from './support/person.ts';

const OTHER = generateKey('ssh-ed25519');
const now = () => Math.floor(Date.now() / 1000);

describe.runIf(haveParts(SSH_AGENT_PARTS))('an authority that lies to usher login', () => {
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

  const login = (...args: string[]) =>
    person.usher(['login', '--authority', authorityName(liar.origin), ...args]);

  /** Refused, with nothing touched and the agent as it was. */
  async function refusedBeforeTouch(lies: Lies, reason: RegExp, ...args: string[]): Promise<void> {
    liar.lies = lies;
    const touches = person.plugin.questions.length;
    const identities = await person.identities();
    const { code, stdout, stderr } = await login(...args);
    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(person.plugin.questions).toHaveLength(touches);
    expect(await person.identities()).toEqual(identities);
  }

  async function refusedAfterTouch(lies: Lies, reason: RegExp): Promise<void> {
    liar.lies = lies;
    const before = await checkpoint();
    const { code, stdout, stderr } = await login();
    expect(stderr).toMatch(reason);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(await checkpoint()).toBe(before);
    expect(await person.identities()).toEqual([]);
  }

  async function checkpoint(): Promise<string | undefined> {
    return (await loadMemory(person.paths, authorityName(liar.origin))).checkpoint;
  }

  const fields = (change: (truth: CertificateFields) => Partial<CertificateFields>): Lies => ({
    fields: (truth) => ({ ...truth, ...change(truth) }),
  });
  const asked = (change: (truth: AskReply) => object): Lies => ({
    asked: (truth) => ({ ...truth, ...change(truth) }),
  });

  it('is asked nothing when the file of --key is not there', async () => {
    const { code, stderr } = await login('--key', '/nonexistent/key');
    expect(stderr).toMatch(
      /\/nonexistent\/key can not be read: there is no such file\n.*hint: name the file/,
    );
    expect(code).toBe(1);
    expect(liar.asks).toEqual([]);
  });

  describe('is refused before the touch when', () => {
    it.each<[string, Lies, RegExp]>([
      ['it drafts for another key', fields(() => ({ subject: OTHER.publicKey })), /for another key/],
      [
        'it adds a principal',
        fields(({ principals }) => ({ principals: [...principals, 'root'] })),
        /also be good for root/,
      ],
      [
        'it leaves a principal out and adds another',
        fields(() => ({ principals: ['alice@web2'] })),
        /also be good for alice@web2/,
      ],
      ['it drafts a host certificate', fields(() => ({ type: 'host', extensions: [] })), /for a host/],
      [
        'it names another person',
        fields(({ keyId }) => ({ keyId: keyId.replace('alice', 'mallory') })),
        /mallory/,
      ],
      [
        'it names another purpose',
        fields(({ keyId }) => ({ keyId: keyId.replace('login', 'sudo') })),
        /sudo:/,
      ],
      [
        'it names another request',
        asked(({ requestId }) => ({ requestId: requestId.replace('R', 'S') })),
        /would say "login:alice:R/,
      ],
      [
        'it drafts for longer than any login',
        fields(({ validBefore }) => ({ validBefore: validBefore + 86_400n })),
        /valid for longer/,
      ],
      [
        'it backdates',
        fields(({ validAfter }) => ({ validAfter: validAfter - 3600n })),
        /would not begin now/,
      ],
      [
        'it forces a command',
        fields(() => ({ criticalOptions: [valueOption('force-command', 'sh')] })),
        /critical option force-command/,
      ],
      [
        'it would sign with an unknown key',
        fields(() => ({ authority: OTHER.publicKey })),
        /no active login CA key/,
      ],
      [
        'it drafts something that is no certificate',
        { draft: () => new Uint8Array(100) },
        /drafted nonsense/,
      ],
      [
        'bytes follow the draft',
        { draft: (draft) => Uint8Array.of(...draft, 0) },
        /drafted nonsense.*bytes too many/,
      ],
      [
        'it drafts twice as many certificates',
        asked(({ drafts }) => ({ drafts: [...drafts, ...drafts] })),
        /asked for, the authority drafted 2/,
      ],
      [
        'the touch would be for another origin',
        asked(() => ({ origin: 'https://evil.example' })),
        /not for http/,
      ],
      ['the touch would be for another RP id', asked(() => ({ rpId: 'example.org' })), /RP id example.org/],
      ['it gives no time', asked(() => ({ expiresAt: now() - 3600 })), /time to touch/],
      ['it gives all the time of the world', asked(() => ({ expiresAt: now() + 86_400 })), /time to touch/],
      ['its nonce is short', asked(() => ({ nonce: 'AAAA' })), /nonce/],
      ['its reply has a field more', asked(() => ({ hint: 'touch twice' })), /not as the contract says/],
      ['the bundle is signed by another key', { bundleKey: OTHER }, /not signed by the key you pinned/],
      [
        'the bundle is of another authority',
        { bundle: (truth) => ({ ...truth, authority: 'https://evil.example' }) },
        /is of https:\/\/evil.example/,
      ],
      ['the bundle has another RP id', { bundle: (truth) => ({ ...truth, rpId: 'x.org' }) }, /RP id changed/],
      [
        'the bundle is out of date',
        { bundle: (truth) => ({ ...truth, freshUntil: now() - 1 }) },
        /out of date/,
      ],
      [
        'the CA key is retired',
        {
          bundle: (truth) => ({
            ...truth,
            caKeys: truth.caKeys.map((key) => ({ ...key, state: 'retired' })),
          }),
        },
        /no active login CA key/,
      ],
      [
        'the CA key is that of another purpose',
        {
          bundle: (truth) => ({ ...truth, caKeys: truth.caKeys.map((key) => ({ ...key, purpose: 'sudo' })) }),
        },
        /no active login CA key/,
      ],
    ])('%s', (_situation, lies, reason) => refusedBeforeTouch(lies, reason));

    it('it drafts for longer than was asked', () =>
      refusedBeforeTouch(
        fields(({ validBefore }) => ({ validBefore: validBefore + 3600n })),
        /valid for longer/,
        '--for',
        '1h',
      ));

    it('the bundle is older than the one before', async () => {
      expect((await login()).code).toBe(0);
      await person.usher(['logout', '--authority', authorityName(liar.origin)]);
      await refusedBeforeTouch(
        { bundle: (truth) => ({ ...truth, number: truth.number - 3600 }) },
        /older than the one/,
      );
    });

    it('two bundles have one number', async () => {
      const number = now();
      const caKeys = [
        { purpose: 'login', key: formatPublicKeyLine(liar.caKey.publicKey), state: 'active' },
      ] as const;
      liar.lies = { bundle: (truth) => ({ ...truth, number, caKeys: [...caKeys] }) };
      expect((await login()).code).toBe(0);
      await person.usher(['logout', '--authority', authorityName(liar.origin)]);
      const other = [
        ...caKeys,
        { purpose: 'login', key: formatPublicKeyLine(OTHER.publicKey), state: 'active' },
      ] as const;
      await refusedBeforeTouch(
        { bundle: (truth) => ({ ...truth, number, caKeys: [...other] }) },
        /two different versions of the bundle/,
      );
    });
  });

  describe('is refused after the touch when', () => {
    const one = (
      change: (truth: Issued['certificates'][number]) => Partial<Issued['certificates'][number]>,
    ): Lies => ({
      issued: (truth) => ({
        ...truth,
        certificates: truth.certificates.map((certificate) => ({ ...certificate, ...change(certificate) })),
      }),
    });

    it.each<[string, Lies, RegExp]>([
      [
        'another key than the CA key signed',
        { signature: (draft) => signMessage(OTHER, draft) },
        /not signed by the CA key/,
      ],
      ['the signature is empty', { signature: () => new Uint8Array() }, /not signed by the CA key/],
      [
        'the certificate is not what was touched',
        { certificate: (blob) => flip(blob, 60) },
        /not the one that was touched/,
      ],
      [
        'it returns nothing',
        { issued: (truth) => ({ ...truth, certificates: [] }) },
        /returned 0 certificates/,
      ],
      ['the certificate is cut', { certificate: (blob) => blob.subarray(0, -1) }, /malformed/],
      [
        'the leaf names another person',
        { leaf: (leaf) => ({ ...leaf, person: 'mallory' }) },
        /something else/,
      ],
      [
        'the leaf names another request',
        { leaf: (leaf) => ({ ...leaf, requestId: 'x'.repeat(22) }) },
        /something else/,
      ],
      [
        'the leaf names another origin',
        { leaf: (leaf) => ({ ...leaf, origin: 'https://evil.example' }) },
        /something else/,
      ],
      [
        'the leaf has another nonce',
        { leaf: (leaf) => ({ ...leaf, nonce: new Uint8Array(32) }) },
        /something else/,
      ],
      [
        'the leaf hides a draft',
        { leaf: (leaf) => ({ ...leaf, draftHashes: [...leaf.draftHashes, new Uint8Array(32)] }) },
        /something else/,
      ],
      [
        'the leaf has somebody else touch',
        {
          leaf: (leaf) => ({
            ...leaf,
            touches: leaf.touches.map((touch) => ({ ...touch, person: 'mallory' })),
          }),
        },
        /something else/,
      ],
      [
        'the leaf has a touch of something else',
        {
          leaf: (leaf) => ({
            ...leaf,
            touches: leaf.touches.map((touch) => ({
              ...touch,
              clientDataJson: buildClientData('webauthn.get', new Uint8Array(32), leaf.origin),
            })),
          }),
        },
        /something else/,
      ],
      [
        'the leaf is another certificate',
        { leaf: (leaf) => ({ ...leaf, certificate: flip(leaf.certificate, 60) }) },
        /something else/,
      ],
      [
        'the leaf is not in the log',
        one(({ leafIndex }) => ({ leafIndex: leafIndex - 1 })),
        /the log .* is refused/,
      ],
      [
        'the inclusion proof is of another leaf',
        one(({ inclusionProof }) => ({ inclusionProof: inclusionProof.map((node) => flipText(node)) })),
        /the leaf is not in the tree/,
      ],
      [
        'the checkpoint is not signed by the log key',
        { issued: (truth) => ({ ...truth, checkpoint: truth.checkpoint.replace('\n2\n', '\n3\n') }) },
        /the log .* is refused/,
      ],
    ])('%s', (_situation, lies, reason) => refusedAfterTouch(lies, reason));

    async function afterOneLogin(): Promise<void> {
      expect((await login()).code).toBe(0);
      await person.usher(['logout', '--authority', authorityName(liar.origin)]);
    }

    it('the log forked from what was seen before', async () => {
      await afterOneLogin();
      liar.fork();
      await refusedAfterTouch({}, /does not continue what was seen/);
      const kept = (await readdir(person.paths.state)).filter((file) => file.includes('.fork-'));
      expect(kept).toHaveLength(1);
      const evidence = JSON.parse(await readFile(join(person.paths.state, kept[0] ?? ''), 'utf8'));
      expect(evidence).toMatchObject({ authority: liar.origin, seen: await checkpoint() });
      expect(evidence.offered).toContain('\n4\n');
    });

    it('the log became smaller', async () => {
      liar.append();
      liar.append();
      liar.append();
      await afterOneLogin();
      liar.fork();
      await refusedAfterTouch({}, /does not continue what was seen/);
    });

    it('the log does not prove that it only grew', async () => {
      await afterOneLogin();
      await refusedAfterTouch({ issued: (truth) => ({ ...truth, consistencyProof: [] }) }, /too short/);
    });
  });

  describe('that tells the truth', () => {
    it('is believed, also when its log grew meanwhile', async () => {
      const first = await login('--json');
      expect(first.stderr).toContain('alice');
      expect(first, first.stderr).toMatchObject({ code: 0 });
      liar.append();
      const second = await login('--json');
      expect(second, second.stderr).toMatchObject({ code: 0 });
      const identities = await person.identities();
      expect(identities.map(({ comment }) => comment)).toEqual([
        `usher login alice@${authorityName(liar.origin)}`,
      ]);
      const printed = JSON.parse(second.stdout);
      expect(printed).toMatchObject({
        person: 'alice',
        principals: ['alice@web1'],
        leafIndex: 3,
        file: null,
      });
      expect(base64urlnopad.encode(identities[0]?.blob ?? new Uint8Array())).toBe(
        printed.certificate.split(' ')[1].replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      );
    });

    it('serves several logins at once; what is remembered continues all that was seen', async () => {
      const outcomes = await Promise.all([login(), login(), login()]);
      for (const outcome of outcomes) expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      const comment = `usher login alice@${authorityName(liar.origin)}`;
      const ours = (await person.identities()).filter((identity) => identity.comment === comment);
      expect(ours.length).toBeGreaterThan(0);
      expect(await checkpoint()).toMatch(/\n4\n/);
      expect((await login()).code).toBe(0);
      expect((await person.identities()).filter((identity) => identity.comment === comment)).toHaveLength(1);
    });

    it('may get another bundle key, once the pinned one has announced it', async () => {
      const next = generateKey('ssh-ed25519');
      const bundle = (truth: Bundle) => ({ ...truth, bundleKey: formatPublicKeyLine(next.publicKey) });
      liar.lies = { bundle, bundleKey: next };
      await refusedBeforeTouch(liar.lies, /not signed by the key you pinned/);
      liar.lies = { bundle };
      expect((await login()).code).toBe(0);
      liar.lies = { bundle: (truth) => ({ ...bundle(truth), number: truth.number + 60 }), bundleKey: next };
      expect((await login()).code).toBe(0);
      const settings = await loadSettings(person.paths, authorityName(liar.origin));
      expect(settings).toMatchObject({ bundleKey: fingerprint(next.publicKey) });
      expect(settings).not.toHaveProperty('nextBundleKey');
      await person.usher(['logout', '--authority', authorityName(liar.origin)]);
      await refusedBeforeTouch({}, /not signed by the key you pinned/);
    });

    it('gets a key into the agent that the agent forgets when the certificate is over', async () => {
      expect(await login('--for', '2s')).toMatchObject({ code: 0 });
      const comment = `usher login alice@${authorityName(liar.origin)}`;
      const comments = async () => (await person.identities()).map((identity) => identity.comment);
      expect(await comments()).toContain(comment);
      await expect.poll(comments, { timeout: 10_000 }).not.toContain(comment);
      const { code } = await person.usher(['status', '--authority', authorityName(liar.origin)]);
      expect(code).toBe(3);
    }, 20_000);

    it.each<['request' | 'reply']>([['request'], ['reply']])(
      'is waited for when a %s is lost',
      async (what) => {
        liar.lies = { lost: [what] };
        expect(await login()).toMatchObject({ code: 0 });
      },
    );

    it('may refuse; what it says that the person may ask for is asked next time', async () => {
      const access = {
        logins: ['alice', 'deploy'],
        hosts: ['db1'],
        defaultLifetime: 3600,
        maxLifetime: 7200,
      };
      liar.lies = {
        problem: {
          type: 'about:blank',
          title: 'denied',
          status: 403,
          code: 'host-not-granted',
          detail: 'not web1',
          access,
        },
      };
      const refusal = await login();
      expect(refusal).toMatchObject({ code: 1, stdout: '' });
      expect(refusal.stderr).toContain('usher: error: not web1');
      expect(refusal.stderr).toContain('you may ask for alice, deploy on db1, for up to 2h');
      liar.lies = {};
      expect((await login()).code).toBe(0);
      expect(liar.asks.at(-1)?.certificates[0]).toMatchObject({
        logins: ['alice', 'deploy'],
        hosts: ['db1'],
      });
    });

    it('may refuse in the same login in which it announces another bundle key: both are kept', async () => {
      const next = generateKey('ssh-ed25519');
      const access = { ...ACCESS, hosts: ['db1'] };
      liar.lies = {
        bundle: (truth) => ({ ...truth, bundleKey: formatPublicKeyLine(next.publicKey) }),
        problem: { type: 'about:blank', title: 'denied', status: 403, code: 'host-not-granted', access },
      };
      expect((await login()).code).toBe(1);
      const settings = await loadSettings(person.paths, authorityName(liar.origin));
      expect(settings).toMatchObject({ access, nextBundleKey: fingerprint(next.publicKey) });
    });

    it('can not make a terminal do things by what it says', async () => {
      const detail = '\u001b]0;owned\u0007\u202etxet';
      liar.lies = { problem: { type: 'about:blank', title: 'x', status: 403, code: 'y', detail } };
      const { stderr } = await login();
      expect(stderr).toContain('usher: error: ?]0;owned??txet');
    });
  });
});

function flip(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.map((byte, place) => (place === index ? byte ^ 1 : byte));
}

function flipText(text: string): string {
  return base64urlnopad.encode(flip(base64urlnopad.decode(text), 0));
}
