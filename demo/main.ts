/**
 * `npm run demo`: a throwaway authority on loopback, a software security key, a real ssh-agent and a real sshd; sign in and
 * log in, and get root by sudo's rules. With `-- --serve` the authority stays at http://localhost:8022 to be tried with a browser. Nothing stays behind.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import type { Stage } from './stage.ts';
import { freePort, makeStage } from './stage.ts';

const SERVE_PORT = 8022;
const isServing = process.argv.includes('--serve');

await using stage = await makeStage();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave(stage));
// Somebody who reads only the beginning closes the pipe.
process.stdout.on('error', () => void leave(stage));
const origin = await startAuthority(stage);
await startAgent(stage);
await enrol(stage);
await signIn(stage);
await logIn(stage);
await becomeRoot(stage);
await conclude(stage);

async function startAuthority(stage: Stage): Promise<string> {
  say('1. An authority: settings, roster, a CA key for each purpose, a log.');
  const port = isServing ? SERVE_PORT : await freePort();
  const origin = `http://localhost:${port}`;
  const dir = stage.path('ca');
  await show(stage, ['usherd', 'init', '--dir', dir, '--origin', origin, '--listen', `127.0.0.1:${port}`]);
  await writeFile(`${dir}/roster.yaml`, roster());
  await show(stage, ['usherd', 'roster', 'check', `${dir}/roster.yaml`]);
  tell(stage, ['usherd', 'serve', '--dir', dir]);
  await stage.start(['usherd', 'serve', '--dir', dir], async () => (await fetch(`${origin}/readyz`)).ok);
  return origin;
}

/** The demo person may sign in to this machine's own account, on the demo host only. */
function roster(): string {
  return `people:
  demo: { logins: [${userInfo().username}], roles: [engineer] }
  visitor: { logins: [${userInfo().username}], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1], lifetime: 8h, max_lifetime: 20h }
    sudo: { hosts: [web1], lifetime: 1h, reason: required }
hosts:
  web1: { names: [web1.example.org] }
`;
}

async function startAgent(stage: Stage): Promise<void> {
  const socket = stage.path('agent.sock');
  await stage.start(['ssh-agent', '-D', '-a', socket], async () => existsSync(socket));
}

async function enrol(stage: Stage): Promise<void> {
  say('2. A person enrols a security key (here: software in demo/, through the plugin interface).');
  const invited = await stage.run(['usherd', 'invite', 'demo', '--dir', stage.path('ca')]);
  const [address = ''] = invited.split('\n');
  await writeFile(stage.path('address'), address, { mode: 0o600 });
  await show(stage, ['usher', 'enroll', '--address-file', stage.path('address'), '--with', 'demo']);
}

async function signIn(stage: Stage): Promise<void> {
  say('3. One touch: a certificate, in the agent only.');
  await show(stage, ['usher', 'login']);
  const [line = ''] = (await stage.run(['ssh-add', '-L'])).split('\n');
  tell(stage, ['ssh-keygen', '-L', '-f', '-']);
  print(await stage.run(['ssh-keygen', '-L', '-f', '-'], line));
}

async function logIn(stage: Stage): Promise<void> {
  say('4. A real sshd that trusts the login CA, and plain ssh.');
  const port = await freePort();
  await configureSshd(stage, port);
  await stage.start([sshd(), '-D', '-e', '-f', stage.path('sshd_config')], () => listens(port));
  print(shown(stage, await readFile(stage.path('sshd_config'), 'utf8')));
  await show(stage, ['ssh', '-F', stage.path('ssh_config'), 'web1', 'echo "logged in to web1 as $(id -un)"']);
}

async function becomeRoot(stage: Stage): Promise<void> {
  say(
    '5. Another touch, by the CA key for sudo: root on web1, for an hour. pam-ussh on the host would take it.',
  );
  await show(stage, ['usher', 'sudo', 'web1', '--reason', 'to see how it works']);
  await show(stage, ['usher', 'doctor', 'sudo', 'web1', '--login', userInfo().username]);
  await show(stage, ['usher', 'export', 'pam', '--host', 'web1']);
}

async function configureSshd(stage: Stage, port: number): Promise<void> {
  const login = userInfo().username;
  await stage.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', stage.path('host_key')]);
  const hostKey = await readFile(stage.path('host_key.pub'), 'utf8');
  await writeFile(stage.path('principals'), `${login}@web1\n`);
  await writeFile(stage.path('known_hosts'), `[127.0.0.1]:${port} ${hostKey}`);
  await writeFile(
    stage.path('sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${stage.path('host_key')}
PidFile none
TrustedUserCAKeys ${stage.path('ca')}/keys/login.pub
AuthorizedPrincipalsFile ${stage.path('principals')}
AuthorizedKeysFile none
PasswordAuthentication no
StrictModes no
`,
  );
  await writeFile(
    stage.path('ssh_config'),
    `Host web1
    HostName 127.0.0.1
    Port ${port}
    User ${login}
    UserKnownHostsFile ${stage.path('known_hosts')}
    StrictHostKeyChecking yes
`,
  );
  // sshd as root wants its empty directory, which only its service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
}

/** sshd insists on being started by its full path. */
function sshd(): string {
  const path = ['/usr/sbin/sshd', '/run/current-system/sw/bin/sshd', '/usr/bin/sshd'].find(existsSync);
  if (path === undefined) throw new Error('sshd is not installed: apt-get install openssh-server');
  return path;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });
}

async function conclude(stage: Stage): Promise<void> {
  say('6. Done.');
  print(
    'The key was made in memory and is only in the agent; the certificate is in the log, with the touch:',
  );
  print(await (await fetch(`${origin}/v1/log/checkpoint`)).text());
  if (isServing) await keepServing(stage);
  else print('Nothing of this stays. To try it with a browser: npm run demo -- --serve');
}

async function keepServing(stage: Stage): Promise<void> {
  const [address = ''] = (await stage.run(['usherd', 'invite', 'visitor', '--dir', stage.path('ca')])).split(
    '\n',
  );
  print(
    `The authority stays at ${origin} until you press Ctrl-C. Enrol a passkey of your own, once, at\n\n  ${address}\n`,
  );
  // Until a signal: see leave().
  await new Promise(() => {});
}

/** Also half-way through, nothing stays behind. */
async function leave(stage: Stage): Promise<void> {
  await stage[Symbol.asyncDispose]();
  process.exit(isServing ? 0 : 130);
}

async function show(stage: Stage, command: readonly string[]): Promise<void> {
  tell(stage, command);
  print(shown(stage, await stage.run(command)));
}

/** The throwaway directory is gone before anybody could use its name. */
function shown(stage: Stage, text: string): string {
  return text.replaceAll(stage.directory, 'demo');
}

function tell(stage: Stage, command: readonly string[]): void {
  const words = command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`));
  print(`$ ${shown(stage, words.join(' '))}`);
}

function say(text: string): void {
  print(`\n== ${text}\n`);
}

function print(text: string): void {
  process.stdout.write(`${text.replace(/\n$/, '')}\n`);
}
