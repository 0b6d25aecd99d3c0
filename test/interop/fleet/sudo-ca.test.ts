/** A keyless sudo CA from its first statement to the next ones, with OpenSSH's security keys, on a host's directory. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStatement, SUDO_CA_NAMESPACE } from '../../../src/fleet/signed-statement.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { dearmorSshsig, verifySshsig } from '../../../src/ssh/sshsig.ts';
import type { Person } from '../../cli/support/person.ts';
import { startPerson } from '../../cli/support/person.ts';
import { CREDENTIAL_PARTS, makeCaCredential } from '../../support/ca-credential.ts';
import { generateKey } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import { SK_DUMMY, SSH_AGENT_PARTS } from '../../support/ssh-agent.ts';
import { startVirtualKey } from '../../support/virtual-key.ts';

const ORIGIN = 'https://ca.example.org';

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, [SK_DUMMY]: 'openssh-tests' }))('a keyless sudo CA', () => {
  let carol: Person;
  let host: string;
  const at = (name: string) => join(carol.home, name);

  beforeAll(async () => {
    carol = await startPerson();
    host = at('etc/usher');
    const bundleKey = fingerprint(generateKey('ssh-ed25519').publicKey);
    await carol.enrolAt({ origin: ORIGIN, bundleKey, person: 'carol' });
    for (const name of ['carol', 'dave', 'eve']) await makeKey(name, 'ed25519-sk');
    await makeKey('vault', 'ed25519');
    await writeRoster('both.yaml', { carol: 'active', dave: 'coming' });
    await writeRoster('dave.yaml', { carol: 'retired', dave: 'active' });
  });
  afterAll(() => carol?.[Symbol.asyncDispose]());

  async function makeKey(name: string, type: string): Promise<void> {
    const provider = type.endsWith('-sk') ? ['-w', SK_DUMMY] : [];
    await runOrThrow('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, ...provider, '-f', at(name)]);
  }

  async function writeRoster(name: string, states: Readonly<Record<string, string>>): Promise<void> {
    const keys = Object.entries(states).map(async ([person, state]) => {
      const key = (await readFile(at(`${person}.pub`), 'utf8')).trim();
      return `  - { person: ${person}, state: ${state}, key: ${JSON.stringify(key)} }\n`;
    });
    const people = '  carol: { logins: [carol], roles: [] }\n  dave: { logins: [dave], roles: [] }\n';
    const caKeys = (await Promise.all(keys)).join('');
    await writeFile(at(name), `people:\n${people}roles: {}\nhosts: { web1: {} }\nsudo_ca:\n${caKeys}`);
  }

  const sign = (key: string, roster: string, ...more: readonly string[]) =>
    carol.usher(['sudo-ca', 'sign', '--key', at(key), '--roster', at(roster), ...more], {
      env: { SSH_SK_PROVIDER: SK_DUMMY },
    });
  const trust = (file: string, ...more: readonly string[]) =>
    carol.usher(['host', 'trust', '--statement', at(file), '--dir', host, ...more]);

  function securityKeyFlags(signed: string) {
    const [statement = '', signature = ''] = signed.split(/(?=^-----BEGIN)/m);
    const message = new TextEncoder().encode(statement);
    const result = verifySshsig(dearmorSshsig(signature), SUDO_CA_NAMESPACE, message);
    return result.valid ? result.securityKey : undefined;
  }

  it('begins with a statement that one of its own keys signs', async () => {
    const eve = await sign('eve', 'both.yaml', '--first');
    expect(eve).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no key that the statement'),
    });
    const offline = ['--offline', at('vault.pub')];
    const signed = await sign('carol', 'both.yaml', '--first', ...offline, '--out', at('first'));
    expect(signed, signed.stderr).toMatchObject({ code: 0, stdout: '' });
    expect(signed.stderr).toMatch(/^usher: \+ key coming sk-ssh-ed25519@openssh\.com \S+ dave$/m);
    expect(signed.stderr).toMatch(/^ {2}dave \(coming\) +SHA256:\S{43}$/m);
    expect(signed.stderr).toMatch(/^usher: \+ key offline ssh-ed25519 \S+ vault$/m);
    const trusted = await trust('first', '--first');
    expect(trusted, trusted.stderr).toMatchObject({ code: 0 });
    expect(openStatement(await readFile(at('first'), 'utf8')).statement).toMatchObject({
      ...{ authority: ORIGIN, number: 1, everywhere: true },
      keys: [{ holder: 'carol' }, { holder: 'dave' }, { holder: 'vault', state: 'offline' }],
    });
  });

  it('is verified by ssh-keygen alone, on a host without usher', async () => {
    const [statement = '', signature = ''] = (await readFile(at('first'), 'utf8')).split(/(?=^-----BEGIN)/m);
    await writeFile(at('first.sig'), signature);
    await writeFile(at('allowed'), `sudo-ca ${await readFile(at('carol.pub'), 'utf8')}`);
    const verify = (input: string, namespace = 'usher-sudo-ca') =>
      run(
        'ssh-keygen',
        ['-Y', 'verify', '-f', at('allowed'), '-I', 'sudo-ca', '-n', namespace, '-s', at('first.sig')],
        {
          input,
        },
      );
    expect(await verify(statement)).toMatchObject({ code: 0, stdout: expect.stringContaining('Good') });
    expect(await verify(statement.replace('number 1', 'number 2'))).toMatchObject({ code: 255 });
    expect(await verify(statement, 'usher-bundle')).toMatchObject({ code: 255 });
  });

  it.each<[string, readonly string[], RegExp]>([
    ['neither the one before nor that it is the first', [], /either --previous or --first/],
    ['both', ['--first', '--previous', 'HOST'], /either --previous or --first/],
    ['what becomes of the keys for emergencies', ['--previous', 'HOST'], /keys for emergencies/],
  ])('has no next statement without being told %s', async (_name, args, message) => {
    const given = args.map((arg) => (arg === 'HOST' ? join(host, 'sudo_ca.pub') : arg));
    const result = await sign('dave', 'dave.yaml', ...given);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  });

  it('goes on with a statement by a coming key, made from the file of a host', async () => {
    const previous = ['--previous', join(host, 'sudo_ca.pub'), '--no-offline', '--no-everywhere'];
    const signed = await sign('dave', 'dave.yaml', ...previous);
    expect(signed, signed.stderr).toMatchObject({ code: 0 });
    await writeFile(at('second'), signed.stdout);
    const trusted = await trust('second');
    expect(trusted, trusted.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('\n+ number 2\n'),
    });
    expect(trusted.stdout).toMatch(/^- key offline /m);
    // Carol is retired now.
    expect(await trust('first')).toMatchObject({ code: 1, stderr: expect.stringContaining('no key that') });
  });

  it('is not asked to touch for what hosts would refuse', async () => {
    const previous = ['--previous', at('second')];
    for (const key of ['carol', 'eve', 'vault']) {
      const result = await sign(key, 'both.yaml', ...previous, '--sk-provider', '/nonexistent');
      expect(result).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('no key that this host trusts'),
      });
    }
  });

  it('is another one at another authority', async () => {
    const other = openStatement(await readFile(at('second'), 'utf8')).text.replace(
      'ca.example.org',
      'ca.example.com',
    );
    await writeFile(at('other'), other);
    const result = await sign('dave', 'dave.yaml', '--previous', at('other'));
    expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('signature') });
    await rm(at('other'));
  });

  it('is saved by a key that was kept for emergencies, when all others are lost', async () => {
    await rm(host, { recursive: true });
    expect(await trust('first', '--first')).toMatchObject({ code: 0 });
    const previous = ['--previous', at('first'), '--offline', at('vault.pub')];
    const signed = await sign('vault', 'dave.yaml', ...previous, '--out', at('saved'));
    expect(signed, signed.stderr).toMatchObject({ code: 0 });
    expect(await trust('saved')).toMatchObject({ code: 0 });
  });

  it('shows every key that is signed, also those that a statement before has already', async () => {
    const again = ['--previous', at('saved'), '--offline', at('vault.pub')];
    const signed = await sign('dave', 'dave.yaml', ...again);
    expect(signed, signed.stderr).toMatchObject({ code: 0 });
    expect(signed.stderr).not.toContain('+ key');
    expect(signed.stderr).toMatch(
      /^ {2}carol \(retired\) .*\n {2}dave \(active\) .*\n {2}vault \(offline\) /m,
    );
  });

  it('needs keys', async () => {
    await writeFile(at('none.yaml'), 'people: {}\nroles: {}\nhosts: {}\n');
    const result = await sign('carol', 'none.yaml', '--first');
    expect(result).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no active key') });
  });

  describe.runIf(haveParts(CREDENTIAL_PARTS))('with a FIDO credential', () => {
    it('is begun by one that has no file, and which has to know who touches it', async () => {
      const device = await startVirtualKey();
      try {
        const { line, credentialId } = await makeCaCredential(device, 'ssh:sudo-ca');
        const entry = `{ person: carol, key: ${JSON.stringify(line)}, credential_id: ${credentialId} }`;
        const text = await readFile(at('both.yaml'), 'utf8');
        await writeFile(at('credential.yaml'), text.replace(/^sudo_ca:.*/ms, `sudo_ca: [${entry}]\n`));
        const given = ['--roster', at('credential.yaml'), '--first', '--device', device.device];
        const signed = await carol.usher(['sudo-ca', 'sign', '--key', 'credential', ...given]);
        expect(signed, signed.stderr).toMatchObject({ code: 0 });
        expect(openStatement(signed.stdout).signer.type).toBe('sk-ecdsa-sha2-nistp256@openssh.com');
        expect(securityKeyFlags(signed.stdout)).toMatchObject({ userPresent: true, userVerified: true });
      } finally {
        await device.close();
      }
    });

    it('is not begun by one that is nobody’s in the roster', async () => {
      const result = await carol.usher([
        'sudo-ca',
        'sign',
        '--key',
        'credential',
        '--roster',
        at('both.yaml'),
        '--first',
      ]);
      expect(result).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('FIDO credential'),
      });
    });
  });
});
