/**
 * Somebody has every file of an authority whose sudo CA is keyless: settings, roster, store, every key. Hosts must neither trust
 * another sudo CA for it, nor accept a certificate that it could sign. That it can not have one signed is tested where the authority is.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as usher } from '../../../cli/run.ts';
import { pamLines } from '../../../src/fleet/pam.ts';
import type { SudoCaStatement } from '../../../src/fleet/sudo-ca-statement.ts';
import { judge } from '../../../src/pam-ussh/judge.ts';
import type { Judgement } from '../../../src/pam-ussh/verdict.ts';
import { BUNDLE_NAMESPACE } from '../../../src/ssh/bundle-namespace.ts';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import {
  assembleCertificate,
  decodeCertificate,
  decodeDraft,
  encodeCertificate,
  encodeDraft,
} from '../../../src/ssh/certificate.ts';
import { readPrivateKeyFile } from '../../../src/ssh/key-file.ts';
import { POSSESSION_NAMESPACE } from '../../../src/ssh/possession.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { ed25519FromSeed, signMessage } from '../../../src/ssh/private-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { sshsigPreimage } from '../../../src/ssh/sshsig.ts';
import { CAROL, DAVE, GONE, signedText, stated } from '../../fleet/statements.ts';
import { issue, loginFields, validNow } from '../../support/certificates.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateKey, generateSecurityKey } from '../../support/keys.ts';
import { runOrThrow } from '../../support/run.ts';
import type { Sudo } from '../../support/sudo.ts';
import { haveSudo, openSudo } from '../../support/sudo.ts';
import { accepted, carry, refused } from '../sudo/session.ts';

const USHERD = fileURLToPath(new URL('../../../bin/usherd', import.meta.url));
const ORIGIN = 'http://localhost:8022';
const EVE = generateSecurityKey('sk-ssh-ed25519@openssh.com');

const IN_FORCE: SudoCaStatement = {
  authority: ORIGIN,
  number: 3,
  madeAt: 1_800_000_000,
  everywhere: true,
  keys: [stated(CAROL.publicKey), stated(DAVE.publicKey, 'active', 'dave')],
};
/** Dave's successor was lost: this one is signed, and out of date. */
const OLD: SudoCaStatement = {
  ...IN_FORCE,
  number: 2,
  keys: [stated(CAROL.publicKey), stated(GONE.publicKey, 'active', 'gone')],
};
const EVIL: SudoCaStatement = {
  ...IN_FORCE,
  number: 4,
  keys: [...IN_FORCE.keys, stated(EVE.publicKey, 'active', 'eve')],
};

let place: string;
let stolen: ReadonlyMap<string, TestSigner>;
/** Of the host. */
let caFile: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'usher-test-stolen-'));
  stolen = await steal(await makeAuthority(join(place, 'ca')));
  caFile = join(place, 'host', 'sudo_ca.pub');
  expect(await trust(signedText(IN_FORCE, CAROL), '--first')).toMatchObject({ code: 0 });
});
afterAll(() => rm(place, { recursive: true, force: true }));

async function makeAuthority(dir: string): Promise<string> {
  await runOrThrow(USHERD, ['init', '--dir', dir, '--origin', ORIGIN, '--listen', '127.0.0.1:8022']);
  const config = join(dir, 'usherd.yaml');
  const settings = await readFile(config, 'utf8');
  await writeFile(config, settings.replace('sudo: { file: keys/sudo }', 'sudo: touch'));
  const roster = join(place, 'roster.yaml');
  await writeFile(roster, rosterText());
  await runOrThrow(USHERD, ['roster', 'load', roster, '--dir', dir]);
  return dir;
}

function rosterText(): string {
  const keys = [CAROL, DAVE].map(({ publicKey }) => JSON.stringify(formatPublicKeyLine(publicKey)));
  return `people:
  carol: { logins: [carol], roles: [engineer] }
  dave: { logins: [dave], roles: [engineer] }
roles:
  engineer: { sudo: { hosts: "*", everywhere: true } }
hosts:
  web1: {}
sudo_ca:
  - { person: carol, key: ${keys[0]} }
  - { person: dave, key: ${keys[1]} }
`;
}

/** Every key in every file, by the file's name; 32 bytes of anything are taken for one too. */
async function steal(dir: string): Promise<ReadonlyMap<string, TestSigner>> {
  const found = new Map<string, TestSigner>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const key = keyIn(await readFile(join(entry.parentPath, entry.name)));
    if (key !== undefined)
      found.set(entry.name, { publicKey: key.publicKey, sign: (data) => signMessage(key, data) });
  }
  return found;
}

function keyIn(bytes: Buffer): PrivateKey | undefined {
  if (bytes.length === 32) return ed25519FromSeed(new Uint8Array(bytes));
  try {
    return readPrivateKeyFile(bytes.toString());
  } catch {
    return undefined;
  }
}

/** `usher host trust` on the host. */
async function trust(statement: string, ...more: readonly string[]) {
  const output = { stdout: '', stderr: '' };
  const stdin = new PassThrough();
  stdin.end(statement);
  const code = await usher(['host', 'trust', '--statement', '-', '--dir', join(place, 'host'), ...more], {
    stdin,
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env: { HOME: place },
    fetch: () => Promise.reject(new Error('no network here')),
    now: () => Math.floor(Date.now() / 1000),
    randomBytes: (length) => new Uint8Array(length),
    sleep: async () => undefined,
  });
  return { code, ...output };
}

const names = (): readonly string[] => [...stolen.keys()].sort();
const signers = (): readonly TestSigner[] => [...stolen.values()];

it('all keys of the authority are in the hands of the attacker', () => {
  expect(names()).toEqual(['builder', 'bundle', 'decoy', 'host', 'log', 'login', 'sudo']);
});

describe('another sudo CA', () => {
  async function refusedUnchanged(statement: string): Promise<void> {
    const before = await readFile(caFile, 'utf8');
    expect(await trust(statement)).toMatchObject({ code: 1, stdout: '' });
    expect(await trust(statement, '--first')).toMatchObject({ code: 1, stdout: '' });
    expect(await readFile(caFile, 'utf8')).toBe(before);
  }

  it('is not trusted on the word of any key of the authority', async () => {
    for (const signer of signers()) await refusedUnchanged(signedText(EVIL, signer));
  });

  it('is not trusted on the word of one that names a trusted key', async () => {
    for (const signer of signers())
      await refusedUnchanged(signedText(EVIL, signer, { named: CAROL.publicKey }));
  });

  it('is not trusted when it vouches for itself, nor when a key of the authority is in its set', async () => {
    await refusedUnchanged(signedText(EVIL, EVE));
    for (const signer of signers()) {
      const keys = [...IN_FORCE.keys, stated(signer.publicKey, 'offline', 'vault')];
      await refusedUnchanged(signedText({ ...EVIL, keys }, signer));
    }
  });

  it.each<[string, () => string]>([
    ['an old statement', () => signedText(OLD, CAROL)],
    [
      'the one in force with another number',
      () => signedText(IN_FORCE, CAROL).replace('number 3', 'number 4'),
    ],
    ['the one in force with a key swapped', () => swapped(signedText({ ...IN_FORCE, number: 4 }, CAROL))],
    ['one of another authority', () => signedText({ ...EVIL, authority: 'https://evil.example' }, CAROL)],
    ['one that nobody signed', () => signedText(EVIL, CAROL).replace(/-----BEGIN.*/s, '')],
    ['one signed as proof of possession', () => signedText(EVIL, CAROL, { namespace: POSSESSION_NAMESPACE })],
    ['one signed as a bundle', () => signedText(EVIL, CAROL, { namespace: BUNDLE_NAMESPACE })],
    ['one signed as a file', () => signedText(EVIL, CAROL, { namespace: 'file' })],
    ['one signed by an untouched key', () => signedText(EVIL, untouched(CAROL))],
    ['the keys alone', () => `${formatPublicKeyLine(EVE.publicKey)}\n`],
  ])('is not trusted by %s', async (_name, statement) => {
    await refusedUnchanged(statement());
  });

  it('can not be smuggled past an approver as a draft of a certificate', () => {
    const text = new TextEncoder().encode(signedText(EVIL, CAROL));
    expect(() => decodeDraft(sshsigPreimage('usher-sudo-ca', text))).toThrow();
  });
});

function swapped(text: string): string {
  const line = formatPublicKeyLine(DAVE.publicKey, 'dave');
  expect(text).toContain(line);
  return text.replace(line, formatPublicKeyLine(EVE.publicKey, 'dave'));
}

function untouched({ publicKey, sign }: typeof CAROL): TestSigner {
  return { publicKey, sign: (message) => sign(message, { flags: 0 }) };
}

const wishOf = (user: string, subject = generateKey('ssh-ed25519')) => ({
  ...{ subject: subject.publicKey, principals: [user, 'sudoer', 'sudoer@web1'], extensions: [] },
  ...validNow(),
});

/** Whatever these keys can sign. */
function forgedFor(user: string, subject?: PrivateKey): readonly Certificate[] {
  const wish = wishOf(user, subject);
  return signers().flatMap((signer) => [issue(signer, wish), issue(signer, { ...wish, type: 'host' })]);
}

/** By a security key of the attacker, and says that it is by the trusted one. No agent takes such a thing. */
function misnamedFor(user: string): Certificate {
  const draft = encodeDraft(loginFields({ ...wishOf(user), authority: CAROL.publicKey }));
  return decodeCertificate(assembleCertificate(draft, EVE.sign(draft)));
}

describe('a certificate by a key of the authority', () => {
  const user = 'alice';
  const [, line = ''] = pamLines({ sudoName: 'web1', everywhere: true, directory: '/etc/ssh/usher' });

  async function judged(certificate: Certificate): Promise<Judgement['outcome']> {
    const bytes = new Uint8Array(await readFile(caFile));
    return judge({
      user,
      moduleArguments: line.split(' ').slice(3),
      readFile: () => ({ kind: 'bytes', bytes }),
      agent: { kind: 'identities', identities: [{ blob: encodeCertificate(certificate), comment: '' }] },
      now: Math.floor(Date.now() / 1000),
      xcrypto: 'before-0.52',
    }).outcome;
  }

  it('is refused by the rules of pam-ussh, which accept one by a trusted key', async () => {
    expect(await judged(issue(CAROL, wishOf(user)))).toBe('success');
    for (const certificate of [...forgedFor(user), misnamedFor(user)])
      expect(await judged(certificate)).toBe('refused');
  });

  describe.runIf(haveSudo())('with real sudo', () => {
    let sudo: Sudo;
    beforeAll(async () => {
      sudo = await openSudo({ authorities: [] });
      await sudo.write('sudo_ca.pub', await readFile(caFile));
    });
    afterAll(() => sudo?.[Symbol.asyncDispose]());

    it('is refused, and one by a trusted key accepted from the same file', async () => {
      const agent = await sudo.startAgent();
      const key = generateKey('ssh-ed25519');
      await carry(agent, [{ key, certificate: issue(CAROL, wishOf(sudo.user, key)), comment: 'good' }]);
      accepted(await sudo.sudo({ agent: agent.socketPath }));
      await carry(
        agent,
        forgedFor(sudo.user, key).map((certificate, at) => ({ key, certificate, comment: String(at) })),
      );
      refused(await sudo.sudo({ agent: agent.socketPath }));
    });
  });
});
