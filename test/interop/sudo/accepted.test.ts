/** Which certificates real sudo takes, asked through a real `ssh -A` into a real sshd; and that the two kinds do not do each other's work. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentKey } from '../../../src/ssh/agent-messages.ts';
import { flagOption, valueOption } from '../../../src/ssh/certificate.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { generateKey, generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';
import { startSshAgent } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Session } from './session.ts';
import { accepted, logged, openSession, refused, SESSION_PARTS, writeKey } from './session.ts';

const UNKNOWN_CA = /^certificate signed by unrecognized authority$/;
const builderCa = generateSigner('ssh-ed25519');
const hostCa = generateSigner('ssh-ed25519');
const day = 86_400n;
const now = BigInt(Math.floor(Date.now() / 1000));

describe.runIf(haveSudo() && haveParts(SESSION_PARTS))('sudo on web1 over ssh -A', () => {
  let session: Session;
  let user: string;

  beforeAll(async () => {
    session = await openSession();
    user = session.place.user;
  });
  afterAll(() => session?.[Symbol.asyncDispose]());

  it.for<[string, (session: Session) => AgentKey]>([
    ['names the host', ({ sudoKey }) => sudoKey()],
    ['names it among others', ({ sudoKey }) => sudoKey({ principals: [user, 'sudoer@db1', 'sudoer@web1'] })],
    ['is good everywhere', ({ sudoKey }) => sudoKey({ principals: [user, 'sudoer'] })],
  ])('accepts a certificate that %s', async ([, key]) => {
    await session.carry(key(session));
    accepted(await session.sudo());
  });

  it('accepts it behind the login certificate, in the agent that logs in', async () => {
    await session.carry(session.loginKey(), session.sudoKey());
    accepted(await session.place.sudo({ over: session.server, agent: session.agent.socketPath }));
  });

  it('logs the person first, and the serial by which the log of the authority is asked', async () => {
    await session.carry(session.sudoKey({ serial: 4503599627370497n }));
    const result = await session.sudo();
    accepted(result);
    logged(result, new RegExp(`for "?${user}"?\\. Matched principal "?sudoer@web1"?.*4503599627370497`));
  });

  it.for<[string, (session: Session) => AgentKey]>([
    ['names another host', ({ sudoKey }) => sudoKey({ principals: [user, 'sudoer@web2'] })],
    ['names somebody else', ({ sudoKey }) => sudoKey({ principals: ['root', 'sudoer@web1'] })],
    ['names nobody', ({ sudoKey }) => sudoKey({ principals: ['sudoer@web1'] })],
    ['names no host', ({ sudoKey }) => sudoKey({ principals: [user] })],
    ['has expired', ({ sudoKey }) => sudoKey({ validAfter: now - day, validBefore: now - 1n })],
    ['is not valid yet', ({ sudoKey }) => sudoKey({ validAfter: now + day, validBefore: now + day + 1n })],
    ['has a command forced on it', ({ sudoKey }) => sudoKey({ criticalOptions: [forced('id')] })],
    ['is for login', ({ loginKey }) => loginKey()],
    ['is for login by the bare name', ({ loginKey }) => loginKey({ principals: [user] })],
    [
      'is a builder’s',
      ({ sudoKey }) => sudoKey({ criticalOptions: [forced('nix-store --serve')] }, builderCa),
    ],
    ['is a host’s', ({ sudoKey }) => sudoKey({ type: 'host', principals: ['web1.example.org'] }, hostCa)],
  ])('refuses a certificate that %s', async ([, key]) => {
    await session.carry(key(session));
    refused(await session.sudo());
  });

  it.for<[string, (session: Session) => AgentKey]>([
    ['the login CA', ({ sudoKey, loginCa }) => sudoKey({}, loginCa)],
    ['the builders’ CA', ({ sudoKey }) => sudoKey({}, builderCa)],
    ['the hosts’ CA', ({ sudoKey }) => sudoKey({ type: 'host' }, hostCa)],
    ['nobody', ({ sudoKey }) => sudoKey({}, generateSigner('ssh-ed25519'))],
  ])('refuses even the right names when they are signed by %s', async ([, key]) => {
    await session.carry(key(session));
    const result = await session.sudo();
    refused(result);
    if (result.log !== undefined) expect(result.log.at(-2)).toMatch(UNKNOWN_CA);
  });

  it('does not look at the type, so that the CA key is what keeps hosts out', async () => {
    await session.carry(session.sudoKey({ type: 'host' }));
    accepted(await session.sudo());
  });

  it('does not look at the source address either', async () => {
    await session.carry(
      session.sudoKey({ criticalOptions: [valueOption('source-address', '192.0.2.0/24')] }),
    );
    accepted(await session.sudo());
  });

  it('refuses a plain key and an agent without keys', async () => {
    await session.carry({ key: generateKey('ssh-ed25519'), comment: 'plain' });
    refused(await session.sudo());
    await session.carry();
    refused(await session.sudo(), /no certs loaded/i);
  });

  it('refuses a locked agent', async () => {
    await session.carry(session.sudoKey());
    const askpass = await session.place.write('askpass', '#!/bin/sh\necho locked\n');
    await runOrThrow('chmod', ['755', askpass]);
    const env = {
      SSH_AUTH_SOCK: session.agent.socketPath,
      SSH_ASKPASS: askpass,
      SSH_ASKPASS_REQUIRE: 'force',
    };
    await runOrThrow(program('ssh-add'), ['-x'], { env });
    refused(await session.sudo(), /no certs loaded/i);
    await runOrThrow(program('ssh-add'), ['-X'], { env });
    accepted(await session.sudo());
  });

  it('refuses when the person, or the login certificate, does not forward the agent', async () => {
    await session.carry(session.sudoKey());
    const bare = session.loginKey({ extensions: [flagOption('permit-pty')] });
    const identityFile = await writeKey(join(session.place.directory, 'bare'), bare);
    for (const options of [{ forward: false }, { identityFile }]) {
      const result = await session.sudo(options);
      refused(result, /^ca_file set to/);
      expect(result.stderr).toContain('No SSH_AUTH_SOCK');
    }
  });

  it('refuses once the agent is gone, in a session that was there before', async () => {
    await using agent = await startSshAgent();
    const control = join(session.place.directory, 'control');
    const sshArgs = ['-o', 'ControlMaster=auto', '-o', `ControlPath=${control}`, '-o', 'ControlPersist=60'];
    const options = { agent: agent.socketPath, sshArgs };
    try {
      refused(await session.sudo(options), /no certs loaded/i);
      await agent.stop();
      refused(await session.sudo(options), /^(error opening auth sock|Error listing keys)/i);
    } finally {
      await run(program('ssh'), ['-F', 'none', '-o', `ControlPath=${control}`, '-O', 'exit', 'web1']);
    }
  });

  it('accepts from a terminal, too', async () => {
    await session.carry(session.sudoKey());
    const result = await session.sudo({ pty: true });
    expect(result, result.reason).toMatchObject({ code: 0, stdout: 'root\r\n' });
  });
});

describe.runIf(haveSudo() && haveParts(SESSION_PARTS))('a sudo certificate', () => {
  it('can not log in, and the login certificate beside it can', async () => {
    await using session = await openSession();
    const { agent, server, place } = session;
    const login = { as: place.user, agent: agent.socketPath, command: 'echo in' };
    await session.carry(session.sudoKey(), session.sudoKey({ principals: [place.user, 'sudoer'] }));
    expect((await server.login(login)).code).toBe(255);
    await session.carry(session.sudoKey(), session.loginKey());
    expect(await server.login(login)).toMatchObject({ code: 0, stdout: 'in\n' });
  });

  it('can not log in by its login alone where a host wrongly trusts its CA: it has no name that hosts list', async () => {
    await using session = await openSession();
    const { agent, server, place, sudoCa, loginCa } = session;
    await server.writeAuthorities([loginCa, sudoCa].map(({ publicKey }) => formatPublicKeyLine(publicKey)));
    await session.carry(session.sudoKey({ extensions: [flagOption('permit-pty')] }));
    expect((await server.login({ as: place.user, agent: agent.socketPath })).code).toBe(255);
    await server.waitForLog('Certificate does not contain an authorized principal');
  });
});

function forced(command: string) {
  return valueOption('force-command', command);
}
