/**
 * An emergency from the key in the safe to the leaf in the log: real ssh-keygen, ssh-agent, sshd and, where they are installed, sudo with
 * pam-ussh and Go's x/crypto.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import { serialRange } from '../../../src/authority/break-glass-serials.ts';
import type { Certificate } from '../../../src/ssh/certificate.ts';
import { decodeCertificate, encodeCertificate } from '../../../src/ssh/certificate.ts';
import { writeOpensshPrivateKey } from '../../../src/ssh/openssh-key.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { signMessage } from '../../../src/ssh/private-key.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { issue } from '../../support/certificates.ts';
import { generateKey } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import type { ProgramResult } from '../../support/run.ts';
import { run, runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { SSH_AGENT_PARTS, startSshAgent } from '../../support/ssh-agent.ts';
import type { Sshd } from '../../support/sshd.ts';
import { LOGIN, SSHD_PARTS, startSshd } from '../../support/sshd.ts';
import type { Sudo } from '../../support/sudo.ts';
import { haveSudo, openSudo } from '../../support/sudo.ts';
import { startUsherd } from '../../support/usherd.ts';
import type { XcryptoCase } from '../../support/xcrypto.ts';
import { startXcrypto, XCRYPTO_PARTS } from '../../support/xcrypto.ts';
import { accepted, logged, refused } from '../sudo/session.ts';
import { ROSTER } from './person.ts';
import { logKeyOf, readRecorded } from './recorded.ts';

const USHERD = fileURLToPath(new URL('../../../bin/usherd', import.meta.url));
const STAGED = fileURLToPath(new URL('../../support/staged-break-glass.ts', import.meta.url));
const KEYGEN = { 'ssh-keygen': 'openssh-client' } as const;

/** A directory with an offline key, and an agent: nothing else is there in an emergency. */
interface Safe extends AsyncDisposable {
  readonly key: PrivateKey;
  /** The file of the key. */
  readonly ca: string;
  readonly caLine: string;
  readonly agent: SshAgent;
  readonly at: (name: string) => string;
  readonly breakGlass: (...args: readonly string[]) => Promise<ProgramResult>;
  readonly certificates: () => Promise<readonly Certificate[]>;
}

async function openSafe(env: Readonly<Record<string, string>> = {}): Promise<Safe> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-safe-'));
  const agent = await startSshAgent();
  const at = (name: string): string => join(directory, name);
  const key = generateKey('ssh-ed25519');
  await writeFile(at('ca'), writeOpensshPrivateKey(key, '', 1), { mode: 0o600 });
  await writeFile(at('ca.pub'), formatPublicKeyLine(key.publicKey));
  const args = ['--ca', at('ca'), '--reason', 'the data centre is down'];
  return {
    key,
    ca: at('ca'),
    caLine: formatPublicKeyLine(key.publicKey),
    agent,
    at,
    breakGlass: (...more) =>
      run(USHERD, ['break-glass', ...more, ...args], {
        cwd: directory,
        env: { SSH_AUTH_SOCK: agent.socketPath, ...env },
      }),
    certificates: () => certificatesIn(agent),
    [Symbol.asyncDispose]: async () => {
      await agent.stop();
      await rm(directory, { recursive: true });
    },
  };
}

async function certificatesIn(agent: SshAgent): Promise<readonly Certificate[]> {
  const connection = await AgentConnection.connect(agent.socketPath);
  const identities = await connection.list();
  connection.close();
  return identities.map(({ blob }) => decodeCertificate(blob));
}

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...KEYGEN }))('break-glass', () => {
  it('opens the key with its passphrase, and asks for no directory', async () => {
    const credentials = await mkdtemp(join(tmpdir(), 'usher-credentials-'));
    await writeFile(join(credentials, 'break-glass-passphrase'), 'correct horse', { mode: 0o400 });
    await using safe = await openSafe({ CREDENTIALS_DIRECTORY: credentials });
    await runOrThrow(program('ssh-keygen'), ['-p', '-q', '-P', '', '-N', 'correct horse', '-f', safe.ca]);
    const { code, stdout, stderr } = await safe.breakGlass('alice', 'web1', '--for', '30m');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^signed break-glass:alice:.*\n {2}login {2}serial .*in the agent\n {2}sudo /);
    const shown = (await safe.certificates()).map(({ fields }) => fields.principals);
    expect(shown).toEqual([['alice@web1'], ['alice', 'sudoer@web1']]);
    await rm(credentials, { recursive: true });
  });

  it('asks for nothing where there is no terminal, but says what it lacks', async () => {
    await using safe = await openSafe();
    await runOrThrow(program('ssh-keygen'), ['-p', '-q', '-P', '', '-N', 'correct horse', '-f', safe.ca]);
    const { code, stderr } = await safe.breakGlass('alice', 'web1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/the key "break-glass" in .* has a passphrase/);
    expect(await safe.certificates()).toEqual([]);
  });

  it('needs an agent, or a key to certify', async () => {
    await using safe = await openSafe({ SSH_AUTH_SOCK: '' });
    const { code, stderr } = await safe.breakGlass('alice', 'web1');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'usherd: error: no ssh-agent is known: SSH_AUTH_SOCK is not set\nusherd: hint: start one in this shell: eval "$(ssh-agent)"; or name a public key: --key FILE.pub\n',
    });
  });

  it('is gone from the agent when its time is over', async () => {
    await using safe = await openSafe();
    await safe.breakGlass('alice', 'web1', '--for', '2s');
    expect(await safe.certificates()).toHaveLength(2);
    await expect.poll(safe.certificates, { timeout: 10_000 }).toEqual([]);
  });

  it('leaves the agent alone when it certifies the key of a file, and ssh-add finds what it wrote', async () => {
    await using safe = await openSafe();
    await runOrThrow(program('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-f', safe.at('id')]);
    const { code } = await safe.breakGlass('alice', 'web1', '--key', safe.at('id.pub'));
    expect(code).toBe(0);
    expect(await safe.certificates()).toEqual([]);
    // As docs/operating.md says.
    await runOrThrow('ln', ['-s', 'id', safe.at('id-sudo')]);
    const env = { SSH_AUTH_SOCK: safe.agent.socketPath };
    await runOrThrow(program('ssh-add'), ['-q', safe.at('id-sudo')], { env });
    const listed = await runOrThrow(program('ssh-add'), ['-L'], { env });
    expect(listed).toContain('ssh-ed25519-cert-v01@openssh.com');
  });
});

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...SSHD_PARTS }))(
  'a real sshd that trusts the offline key',
  () => {
    it('lets the login certificate in, for its host only', async () => {
      await using safe = await openSafe();
      await safe.breakGlass(LOGIN, 'web1', '--purpose', 'login');
      for (const [host, code] of [
        ['web1', 0],
        ['web2', 255],
      ] as const) {
        const principals = { [LOGIN]: [`${LOGIN}@${host}`] };
        await using server = await startSshd({ authorities: [safe.caLine], principals });
        const result = await server.login({ agent: safe.agent.socketPath });
        expect(result, result.stderr + server.log()).toMatchObject({ code });
      }
    });

    it('refuses the sudo certificate, even where its principals may log in', async () => {
      await using safe = await openSafe();
      await safe.breakGlass(LOGIN, 'web1', '--purpose', 'sudo');
      const principals = { [LOGIN]: [LOGIN, 'sudoer@web1'] };
      await using server = await startSshd({ authorities: [safe.caLine], principals });
      const refused = await server.login({ agent: safe.agent.socketPath });
      expect(refused.code).toBe(255);
      expect(server.log()).toContain('not from a permitted source address');

      // The address is all that stands in its way.
      const [sudo = expect.fail('the agent holds nothing')] = await safe.certificates();
      const key = generateKey('ssh-ed25519');
      const changes = { ...sudo.fields, subject: key.publicKey, criticalOptions: [] };
      const certificate = issue(
        { publicKey: safe.key.publicKey, sign: (draft) => signMessage(safe.key, draft) },
        changes,
      );
      const connection = await AgentConnection.connect(safe.agent.socketPath);
      await connection.add({ key, certificate, comment: '' });
      connection.close();
      const taken = await server.login({ agent: safe.agent.socketPath });
      expect(taken, taken.stderr).toMatchObject({ code: 0 });
    });
  },
);

describe.runIf(haveSudo() && haveParts(SSHD_PARTS))('a real sudo that trusts the offline key', () => {
  let safe: Safe;
  let place: Sudo;
  let server: Sshd;
  beforeAll(async () => {
    safe = await openSafe();
    place = await openSudo({ authorities: [safe.caLine] });
    const principals = { [place.user]: [`${place.user}@web1`] };
    server = await startSshd({ authorities: [safe.caLine], principals });
  });
  afterAll(async () => {
    await server?.stop();
    await place?.[Symbol.asyncDispose]();
    await safe?.[Symbol.asyncDispose]();
  });

  const sudo = () => place.sudo({ over: server, agent: safe.agent.socketPath });

  it('takes no login certificate', async () => {
    await safe.breakGlass(place.user, 'web1', '--purpose', 'login');
    refused(await sudo());
  });

  it('takes no certificate for another host', async () => {
    await safe.breakGlass(place.user, 'web2', '--purpose', 'sudo');
    refused(await sudo());
  });

  it('takes what one break-glass put into the agent, by which ssh logs in', async () => {
    await using own = await openSafe();
    await place.write('sudo_ca.pub', `${own.caLine}\n`);
    await server.writeAuthorities([own.caLine]);
    await own.breakGlass(place.user, 'web1');
    const [, { fields } = expect.fail('there is no sudo certificate')] = await own.certificates();
    const result = await place.sudo({ over: server, agent: own.agent.socketPath });
    accepted(result);
    logged(result, new RegExp(`Matched principal "?sudoer@web1"?.*${fields.serial}`));
  });
});

describe.runIf(haveParts({ ...SSH_AGENT_PARTS, ...XCRYPTO_PARTS }))(
  "Go's x/crypto, asked as pam-ussh asks it,",
  () => {
    it('takes the sudo certificate for its host and login, and the login certificate for nothing', async () => {
      await using safe = await openSafe();
      await safe.breakGlass('alice', 'web1');
      const [login, sudo] = (await safe.certificates()).map(encodeCertificate);
      if (login === undefined || sudo === undefined) throw new Error('the agent holds too little');
      const ask = (id: string, certificate: Uint8Array, user: string, host: string): XcryptoCase => ({
        ...{ id, certificate, as: 'any', authorities: [safe.key.publicKey], principals: [user] },
        ...{ oneOf: ['sudoer', `sudoer@${host}`], time: Math.floor(Date.now() / 1000) },
      });
      await using judge = await startXcrypto();
      const answers = await judge.ask([
        ask('sudo', sudo, 'alice', 'web1'),
        ask('another host', sudo, 'alice', 'web2'),
        ask('somebody else', sudo, 'bob', 'web1'),
        ask('login', login, 'alice', 'web1'),
      ]);
      expect(answers.map(({ accepted: isAccepted }) => isAccepted)).toEqual([true, false, false, false]);
    });
  },
);

describe.runIf(haveParts(SSH_AGENT_PARTS))('usherd log', () => {
  it('import enters all of an emergency beside the running service, and shows where signing was cut off', async () => {
    await using safe = await openSafe();
    await using usherd = await startUsherd({ roster: ROSTER, config: [`break_glass: [${safe.ca}.pub]`] });
    const { size } = await readRecorded(usherd, await logKeyOf(usherd));
    await writeFile(safe.at('id.pub'), formatPublicKeyLine(generateKey('ssh-ed25519').publicKey));
    await run(process.execPath, [STAGED, safe.ca, safe.at('id.pub')]);
    await safe.breakGlass('alice', 'web1');
    const issued = `${safe.ca}.issued`;

    const imported = await usherd.command('log', 'import', issued);
    expect(imported.code).toBe(0);
    const { first } = serialRange(safe.key.publicKey);
    expect(imported.stderr.split('\n')).toEqual([
      expect.stringMatching(/^usherd: ALARM: break-glass certificate for login: break-glass:alice:/),
      expect.stringMatching(
        /^usherd: ALARM: break-glass certificate for sudo: .*reason: the data centre is down$/,
      ),
      expect.stringContaining(`MISSING: serials ${first} to ${first + 1n} of offline key SHA256:`),
      '',
    ]);
    const lines = imported.stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).level)).toEqual([40, 40, 40]);
    expect((await usherd.command('log', 'gaps')).code).toBe(1);

    const recorded = await readRecorded(usherd, await logKeyOf(usherd));
    expect(recorded).toMatchObject({ size: size + 2, serials: [first + 2n, first + 3n], faults: [] });
    const metrics = await (await fetch(`${usherd.origin}/metrics`)).text();
    expect(metrics).toContain('usher_break_glass_certificates 2');

    const again = await usherd.command('log', 'import', issued);
    expect(again.stderr).toContain(`usherd: in the log already: serial ${first + 2n} (${issued}:1)`);
    expect((await readRecorded(usherd, await logKeyOf(usherd))).size).toBe(size + 2);
  });

  it('import refuses what another key signed, and gaps finds none where nothing was imported', async () => {
    await using safe = await openSafe();
    await using other = await openSafe();
    await using usherd = await startUsherd({ roster: ROSTER, config: [`break_glass: [${other.ca}.pub]`] });
    await safe.breakGlass('alice', 'web1');
    const { code, stderr } = await usherd.command('log', 'import', `${safe.ca}.issued`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ca\.issued:1 is not imported: it is not signed by a key of break_glass/);
    expect(await usherd.command('log', 'gaps')).toMatchObject({ code: 0, stdout: 'no gaps\n' });
  });
});
