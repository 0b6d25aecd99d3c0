import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBreakGlass } from '../../src/authority/break-glass.ts';
import { formatRecord, parseRecords } from '../../src/authority/break-glass-record.ts';
import { serialRange } from '../../src/authority/break-glass-serials.ts';
import type { BreakGlassOptions, BreakGlassPorts } from '../../src/commands/break-glass.ts';
import { breakGlass } from '../../src/commands/break-glass.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { writeOpensshPrivateKey } from '../../src/ssh/openssh-key.ts';
import { formatPublicKeyLine, samePublicKey } from '../../src/ssh/public-key.ts';
import { issue } from '../support/certificates.ts';
import { generateKey, generateSigner } from '../support/keys.ts';
import { run } from '../support/run.ts';

const STAGED = fileURLToPath(new URL('../support/staged-break-glass.ts', import.meta.url));
const NOW = 1_800_000_000;
const OFFLINE = generateKey('ssh-ed25519');
const PERSONS = generateKey('ssh-ed25519');
const { first, end } = serialRange(OFFLINE.publicKey);

let place = '';
const at = (name: string): string => join(place, name);
const text = (name: string): Promise<string> => readFile(at(name), 'utf8');

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'usher-break-glass-'));
  await writeFile(at('ca'), writeOpensshPrivateKey(OFFLINE, '', 1), { mode: 0o600 });
  await writeFile(at('id.pub'), `${formatPublicKeyLine(PERSONS.publicKey)}\n`);
});
afterEach(() => rm(place, { recursive: true }));

function sign(changes: Partial<BreakGlassOptions> = {}, ports: BreakGlassPorts = {}): Promise<string> {
  const options = { person: 'alice', host: 'web1', ca: at('ca'), key: at('id.pub'), reason: 'fire' } as const;
  return breakGlass({ ...options, purpose: 'both', ...changes }, { clock: { now: () => NOW }, ...ports });
}

async function certificate(name: string): Promise<CertificateFields> {
  return parseCertificateLine(await text(name)).certificate.fields;
}

async function issuedSerials(): Promise<readonly bigint[]> {
  const records = parseRecords(await text('ca.issued'), 'ca.issued');
  return records.map((record) => record.certificate.fields.serial);
}

describe('nothing is signed, and no serial used,', () => {
  it.for<[string, Partial<BreakGlassOptions>, RegExp]>([
    ['for somebody who is no name', { person: 'alice:bob' }, /"alice:bob" is not a name of a person/],
    ['for a login that is none', { login: 'Alice' }, /"Alice" is not a login/],
    ['for a host that is none', { host: '*' }, /"\*" is not a name of a host/],
    ['for a host that is a sudo principal', { host: 'sudoer' }, /another purpose/],
    ['for longer than an hour', { for: '61m' }, /longest lifetime for this is 1h/],
    ['for a time that is none', { for: '1 hour' }, /"1 hour" is no time span/],
    ['without a reason', { reason: '' }, /a reason is 1 to 200/],
    ['for a reason of two lines', { reason: 'fire\nflood' }, /a reason is 1 to 200/],
    [
      'with a key that is not there',
      { ca: '/nowhere/ca' },
      /the key "break-glass" in \/nowhere\/ca can not be used: there is no such file$/,
    ],
    [
      'for a key that is not there',
      { key: '/nowhere/id.pub' },
      /id.pub can not be read: there is no such file$/,
    ],
  ])('%s', async ([, changes, message]) => {
    await expect(sign(changes)).rejects.toThrow(message);
    expect((await readdir(place)).sort()).toEqual(['ca', 'id.pub']);
  });

  it('with the public half of the offline key', async () => {
    await writeFile(at('ca.pub'), formatPublicKeyLine(OFFLINE.publicKey));
    await expect(sign({ ca: at('ca.pub') })).rejects.toMatchObject({
      message: expect.stringMatching(/can not be used: it is a public key$/),
      hint: 'name the file of the private key',
    });
    expect(existsSync(at('ca.pub.serial'))).toBe(false);
  });

  it('for an RSA key and sudo', async () => {
    await writeFile(at('id.pub'), formatPublicKeyLine(generateKey('ssh-rsa').publicKey));
    await expect(sign()).rejects.toThrow(/RSA/);
    expect(existsSync(at('ca.serial'))).toBe(false);
  });

  it('when the key has used all its serials', async () => {
    await writeFile(at('ca.serial'), `${end - 2n}\n`);
    await expect(sign()).rejects.toMatchObject({ code: 'no-serial-left' });
    await sign({ purpose: 'login' });
    expect(await text('ca.serial')).toBe(`${end - 1n}\n`);
    await expect(sign({ purpose: 'login' })).rejects.toMatchObject({ code: 'no-serial-left' });
  });

  it.for(['soon', '-1', `${first - 2n}`, `${end}`])('when the file of serials says "%s"', async (damaged) => {
    await writeFile(at('ca.serial'), damaged);
    await expect(sign()).rejects.toThrow(/does not hold a serial of this key/);
    expect(existsSync(at('ca.issued'))).toBe(false);
  });

  it('while somebody else holds the lock, who is not driven out', async () => {
    await writeFile(at('ca.lock'), '');
    await expect(sign()).rejects.toMatchObject({ hint: `when no other one runs: rm ${at('ca.lock')}` });
    expect((await readdir(place)).sort()).toEqual(['ca', 'ca.lock', 'id.pub']);
  });
});

describe('an offline key', () => {
  it('signs for the key of a person, in files beside it', async () => {
    const said = await sign({ for: '30m', login: 'deploy' });
    const [login, sudo] = [await certificate('id-cert.pub'), await certificate('id-sudo-cert.pub')];
    expect(login).toMatchObject({
      serial: first,
      principals: ['deploy@web1'],
      validBefore: BigInt(NOW + 1800),
    });
    expect(sudo).toMatchObject({ serial: first + 1n, principals: ['deploy', 'sudoer@web1'] });
    for (const { subject, keyId } of [login, sudo]) {
      expect(samePublicKey(subject, PERSONS.publicKey)).toBe(true);
      expect(keyId).toMatch(/^break-glass:alice:[A-Za-z0-9_-]{22}$/);
    }
    expect(said).toContain(`recorded in ${at('ca.issued')}`);
    expect(said).toContain('2027-01-15T08:30:00Z');
  });

  it('records what it signed so that it can be imported, for nobody else to read', async () => {
    await sign();
    await sign({ purpose: 'sudo', reason: 'flood' });
    const records = parseRecords(await text('ca.issued'), 'ca.issued');
    expect(records.map(({ reason }) => reason)).toEqual(['fire', 'fire', 'flood']);
    const purposes = records.map(
      ({ certificate: each }) => readBreakGlass(each, [OFFLINE.publicKey]).purpose,
    );
    expect(purposes).toEqual(['login', 'sudo', 'sudo']);
    for (const name of ['ca.issued', 'ca.serial']) expect((await stat(at(name))).mode & 0o777).toBe(0o600);
  });

  it('gives each of those who sign at once serials of their own', async () => {
    await Promise.all(Array.from({ length: 8 }, () => sign()));
    const serials = [...(await issuedSerials())].sort((a, b) => Number(a - b));
    expect(serials).toEqual(Array.from({ length: 16 }, (_, index) => first + BigInt(index)));
  });

  it('goes on counting under another name', async () => {
    await sign();
    await symlink(at('ca'), at('link'));
    await sign({ ca: at('link') });
    expect(await issuedSerials()).toEqual([0n, 1n, 2n, 3n].map((more) => first + more));
    expect(existsSync(at('link.serial'))).toBe(false);
  });

  it('goes on counting from what it signed, when the file of serials was lost or is an old copy', async () => {
    await sign();
    await rm(at('ca.serial'));
    await sign();
    await writeFile(at('ca.serial'), `${first}\n`);
    await sign();
    expect((await issuedSerials()).at(-1)).toBe(first + 5n);
  });

  it('signs, and counts on, beside the record of another key, however high its serial is', async () => {
    await sign({ purpose: 'login' });
    const foreign = issue(generateSigner('ssh-ed25519'), { serial: 2n ** 63n - 1n });
    await appendFile(at('ca.issued'), formatRecord(NOW, 'flood', foreign));
    await sign({ purpose: 'login' });
    expect((await issuedSerials()).filter((serial) => serial < end)).toEqual([first, first + 1n]);
    expect(await text('ca.serial')).toBe(`${first + 1n}\n`);
  });

  it('hands out nothing that was signed wrongly', async () => {
    const signer: BreakGlassPorts['signer'] = (good) => ({
      publicKey: good.publicKey,
      sign: (draft) => good.sign(draft.subarray(1)),
    });
    await expect(sign({}, { signer })).rejects.toMatchObject({ code: 'bad-signature' });
    expect((await readdir(place)).sort()).toEqual(['ca', 'ca.serial', 'id.pub']);
  });

  it('has recorded what could not be handed out', async () => {
    await mkdir(at('id-cert.pub'));
    await expect(sign()).rejects.toThrow();
    expect(await issuedSerials()).toEqual([first, first + 1n]);
  });

  it('does not lose a record behind a line that was cut short', async () => {
    await sign({ purpose: 'login' });
    await appendFile(at('ca.issued'), '{"signedAt":18000');
    await sign({ purpose: 'login' });
    const lines = (await text('ca.issued')).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(parseRecords(lines[2] ?? '', '')[0]?.certificate.fields.serial).toBe(first + 1n);
  });
});

describe('a break-glass that is killed when it is to sign', () => {
  it('has used its serials up and handed out nothing; the next one leaves a gap', async () => {
    const { code } = await run(process.execPath, [STAGED, at('ca'), at('id.pub')]);
    expect(code).toBe(128);
    expect((await readdir(place)).sort()).toEqual(['ca', 'ca.serial', 'id.pub']);
    await sign();
    expect(await issuedSerials()).toEqual([first + 2n, first + 3n]);
  });
});
