/** `usher doctor sudo` with real agents, and beside it what real sudo says of the same agent. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flagOption, valueOption } from '../../../src/ssh/certificate.ts';
import { readSecurityKeyFile } from '../../../src/ssh/openssh-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { diagnose } from '../../cli/support/usher.ts';
import { issue, validNow } from '../../support/certificates.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SK_DUMMY, SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';
import type { Sudo } from '../../support/sudo.ts';
import { haveSudo, openSudo } from '../../support/sudo.ts';
import type { Carried } from '../sudo/session.ts';
import { carry, sudoKeyFor, writeKey } from '../sudo/session.ts';

const CA = generateSigner('ssh-ed25519');
const OTHER_CA = generateSigner('ssh-ed25519');

describe.runIf(haveParts(SSH_AGENT_PARTS))('usher doctor sudo asks a real agent', () => {
  let directory: string;
  let agent: SshAgent;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-doctor-'));
    await writeFile(join(directory, 'ca.pub'), `${formatPublicKeyLine(CA.publicKey)}\n`);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  afterEach(async () => {
    await agent?.stop();
  });

  const doctor = (socket = agent.socketPath, env = {}) =>
    diagnose(['sudo', 'web1', '--login', 'alice', '--ca-file', join(directory, 'ca.pub')], {
      PATH: process.env['PATH'] ?? '',
      HOME: directory,
      SSH_AUTH_SOCK: socket,
      ...env,
    });
  const start = async (...keys: readonly Carried[]) => {
    agent = await startSshAgent({ env: { SSH_ASKPASS_REQUIRE: 'never', DISPLAY: '' } });
    await carry(agent, keys);
  };
  const good = (changes = {}) => sudoKeyFor('alice', CA, changes);
  const failed = (checks: readonly { readonly verdict: string; readonly id: string }[]) =>
    checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);

  it('and accepts what it holds', async () => {
    await start(good({ principals: ['alice', 'sudoer@web2'] }), good());
    const { outcome, certificates, checks } = await doctor();
    expect({ outcome, failed: failed(checks) }).toEqual({ outcome: 'success', failed: [] });
    expect(certificates?.map(({ step }) => step)).toEqual(['skipped', 'accepted']);
  });

  it('that holds nothing, or is not there', async () => {
    await start();
    expect(failed((await doctor()).checks)).toEqual(['agent.locked-empty']);
    expect(failed((await doctor('/nonexistent/agent')).checks)).toEqual(['agent.socket']);
    expect(failed((await doctor('')).checks)).toEqual(['agent.socket']);
  });

  it('that is locked', async () => {
    await start(good());
    const lock = join(directory, 'askpass');
    await writeFile(lock, '#!/bin/sh\necho secret\n', { mode: 0o700 });
    const env = { SSH_AUTH_SOCK: agent.socketPath, SSH_ASKPASS: lock, SSH_ASKPASS_REQUIRE: 'force' };
    await runOrThrow('ssh-add', ['-x'], { env });
    expect(failed((await doctor()).checks)).toEqual(['agent.locked-empty']);
  });

  it('with a key that would ask first, and nobody to ask', async () => {
    const asks = { ...good({ principals: ['alice', 'sudoer@web2'] }), constraints: { confirm: true } };
    await start(asks, good());
    const { outcome, certificates, checks } = await doctor();
    expect({ outcome, failed: failed(checks) }).toEqual({ outcome: 'refused', failed: ['agent.order'] });
    expect(certificates?.map(({ step }) => step)).toEqual(['aborts', 'not-reached']);
    expect(checks[0]?.hint).toContain('ssh-add -c');
    await carry(agent, [good(), asks]);
    expect((await doctor()).outcome).toBe('success');
  });

  it('with a key that asks a person, who takes a moment', async () => {
    const askpass = join(directory, 'slow askpass');
    await writeFile(askpass, '#!/bin/sh\nsleep 2.5\n', { mode: 0o700 });
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
    agent = await startSshAgent({ env });
    await carry(agent, [{ ...good(), constraints: { confirm: true } }]);
    const { outcome, checks } = await doctor(agent.socketPath, env);
    expect(outcome).toBe('success');
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: 'cert.subject-alg',
        message: expect.stringContaining('asked you first'),
      }),
    );
  });

  it('with a key that is bound to destinations', async () => {
    await start();
    const file = await writeKey(join(directory, 'bound'), good());
    const knownHosts = join(directory, 'known_hosts');
    await writeFile(knownHosts, `web1 ${formatPublicKeyLine(OTHER_CA.publicKey)}\n`);
    const env = { SSH_AUTH_SOCK: agent.socketPath };
    await runOrThrow('ssh-add', ['-q', '-H', knownHosts, '-h', 'web1', file], { env });
    const { outcome, checks } = await doctor();
    expect({ outcome, failed: failed(checks) }).toEqual({ outcome: 'refused', failed: ['agent.order'] });
    expect(checks[0]?.hint).toContain('ssh-add -h');
  });

  it('that stands still, within its time', async () => {
    await start(good());
    process.kill(agent.pid, 'SIGSTOP');
    try {
      const { outcome, checks } = await doctor();
      expect({ outcome, failed: failed(checks) }).toEqual({ outcome: 'hang', failed: ['agent.socket'] });
    } finally {
      process.kill(agent.pid, 'SIGCONT');
    }
  });

  it('with an RSA key, which signs with SHA-1', async () => {
    const key = generateKey('ssh-rsa');
    const fields = {
      subject: key.publicKey,
      principals: ['alice', 'sudoer@web1'],
      extensions: [],
      ...validNow(),
    };
    await start({ key, certificate: issue(CA, fields), comment: 'rsa' });
    const { outcome, checks } = await doctor();
    expect(outcome).toBe('success');
    expect(checks).toContainEqual(
      expect.objectContaining({
        id: 'cert.subject-alg',
        verdict: 'warn',
        message: expect.stringContaining('SHA-1'),
      }),
    );
  });

  it.runIf(haveParts({ [SK_DUMMY]: 'openssh-tests' })).each([
    ['touch', [], 'ok'],
    ['no touch', ['-O', 'no-touch-required'], 'warn'],
  ])('with a security key that wants %s', async (name, options, verdict) => {
    await start();
    const file = join(directory, `sk ${name}`);
    await runOrThrow('ssh-keygen', [
      '-q',
      '-t',
      'ed25519-sk',
      '-N',
      '',
      '-w',
      SK_DUMMY,
      ...options,
      '-f',
      file,
    ]);
    const key = readSecurityKeyFile(await readFile(file, 'utf8'));
    const fields = {
      subject: key.publicKey,
      principals: ['alice', 'sudoer@web1'],
      extensions: [],
      ...validNow(),
    };
    const constraints = { securityKeyProvider: SK_DUMMY };
    await carry(agent, [{ key, certificate: issue(CA, fields), comment: 'sk', constraints }]);
    const { outcome, checks } = await doctor();
    expect(outcome).toBe('success');
    expect(checks).toContainEqual(expect.objectContaining({ id: 'cert.subject-alg', verdict }));
  });
});

describe.runIf(haveSudo())('usher doctor sudo and real sudo agree', () => {
  let place: Sudo;
  let agent: SshAgent;

  beforeAll(async () => {
    place = await openSudo({ authorities: [formatPublicKeyLine(CA.publicKey)] });
    agent = await place.startAgent({ SSH_ASKPASS_REQUIRE: 'never' });
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  const key = (changes = {}, ca = CA) => sudoKeyFor(place.user, ca, changes);
  const past = () => ({ validAfter: validNow().validAfter - 600n, validBefore: validNow().validAfter });
  const CASES: readonly (readonly [string, () => readonly Carried[]])[] = [
    ['a good certificate', () => [key()]],
    ['one for every host', () => [key({ principals: [place.user, 'sudoer'] })]],
    ['one for another host', () => [key({ principals: [place.user, 'sudoer@web2'] })]],
    ['one for another person', () => [key({ principals: ['alice', 'sudoer@web1'] })]],
    ['one of another CA', () => [key({}, OTHER_CA)]],
    ['one that has ended', () => [key(past())]],
    [
      'one with a critical option',
      () => [key({ criticalOptions: [valueOption('force-command', '/bin/true')] })],
    ],
    [
      'one with source-address',
      () => [key({ criticalOptions: [valueOption('source-address', '192.0.2.0/24')] })],
    ],
    ['one with extensions', () => [key({ extensions: [flagOption('permit-pty')] })]],
    [
      'useless ones before a good one',
      () => [key({}, OTHER_CA), key(past()), key({ principals: [place.user, 'x'] }), key()],
    ],
    ['one that asks first, before a good one', () => [{ ...key(), constraints: { confirm: true } }, key()]],
    ['one that asks first, behind a good one', () => [key(), { ...key(), constraints: { confirm: true } }]],
  ];

  it.each(CASES)('about %s', async (_situation, keys) => {
    await carry(agent, keys());
    const caFile = join(place.directory, 'sudo_ca.pub');
    const env = { PATH: process.env['PATH'] ?? '', HOME: place.home, SSH_AUTH_SOCK: agent.socketPath };
    const { outcome } = await diagnose(['sudo', 'web1', '--login', place.user, '--ca-file', caFile], env);
    const { code, reason } = await place.sudo({ agent: agent.socketPath });
    expect(outcome, reason).toBe(code === 0 ? 'success' : 'refused');
  });
});
