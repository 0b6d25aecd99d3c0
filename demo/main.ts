/**
 * `npm run demo`: a throwaway authority on loopback, a software security key, a real ssh-agent and a real sshd; sign in, enrol
 * the host, log in without a question, get root by sudo's rules, and be locked out. With `-- --serve` the authority stays at http://localhost:8022 to be tried with a browser. Nothing stays behind.
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
const port = await enrolHost(stage);
await logIn(stage, port);
await becomeRoot(stage);
await revoke(stage);
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
  demo: { logins: [${userInfo().username}], roles: [engineer, keeper] }
  visitor: { logins: [${userInfo().username}], roles: [engineer] }
roles:
  engineer:
    login: { hosts: [web1], lifetime: 8h, max_lifetime: 20h }
    sudo: { hosts: [web1], lifetime: 1h, reason: required }
  keeper:
    manage: [hosts]
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

/** @returns its port */
async function enrolHost(stage: Stage): Promise<number> {
  say('4. A host: a real sshd that knows nothing of Usher, until it enrols with a one-time token.');
  const port = await freePort();
  await configureSshd(stage, port);
  const log = stage.path('auth.log');
  const config = stage.path('sshd_config');
  await stage.start([sshd(), '-D', '-E', log, '-f', config], () => listens(port));
  const token = stage.path('web1.token');
  await show(stage, ['usher', 'host', 'invite', 'web1', '--out', token]);
  const places = ['--state', stage.path('host'), '--dir', stage.path('usher'), '--sshd-config', config];
  const ours = [
    '--drop-in',
    stage.path('sshd.d/20-usher.conf'),
    '--auth-log',
    log,
    '--reload',
    reload(stage),
  ];
  await show(stage, ['usher', 'host', 'enroll', '--token-file', token, ...places, ...ours]);
  print(shown(stage, await readFile(stage.path('sshd.d/20-usher.conf'), 'utf8')));
  return port;
}

function reload(stage: Stage): string {
  return `kill -HUP $(cat ${stage.path('sshd.pid')})`;
}

async function logIn(stage: Stage, port: number): Promise<void> {
  say('5. Plain ssh: no question about a fingerprint, and no key on the host.');
  const stanza = await stage.run(['usher', 'export', 'ssh-config', '--host', 'web1']);
  tell(stage, ['usher', 'export', 'ssh-config', '--host', 'web1']);
  print(shown(stage, stanza));
  const here = `    HostName 127.0.0.1\n    Port ${port}\n    User ${userInfo().username}\n`;
  await writeFile(stage.path('ssh_config'), `${stanza}${here}`);
  await show(stage, [...ssh(stage), 'echo "logged in to web1 as $(id -un)"']);
}

function ssh(stage: Stage): readonly string[] {
  return ['ssh', '-F', stage.path('ssh_config'), 'web1'];
}

async function revoke(stage: Stage): Promise<void> {
  say(
    '7. The laptop is lost: what is out for the person is revoked, and the host hears of it with its next sync.',
  );
  await show(stage, ['usher', 'revoke', '--person', 'demo', '--reason', 'the laptop is lost']);
  await show(stage, ['usher', 'host', 'sync', '--state', stage.path('host')]);
  tell(stage, [...ssh(stage), 'true']);
  print(await refusalOf(() => stage.run([...ssh(stage), 'true'])));
}

async function refusalOf(attempt: () => Promise<string>): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').slice(1).join('\n') : String(error);
  }
  throw new Error('a revoked certificate logged in');
}

async function becomeRoot(stage: Stage): Promise<void> {
  say(
    '6. Another touch, by the CA key for sudo: root on web1, for an hour. pam-ussh on the host would take it.',
  );
  await show(stage, ['usher', 'sudo', 'web1', '--reason', 'to see how it works']);
  await show(stage, ['usher', 'doctor', 'sudo', 'web1', '--login', userInfo().username]);
  await show(stage, ['usher', 'export', 'pam', '--host', 'web1']);
}

async function configureSshd(stage: Stage, port: number): Promise<void> {
  await stage.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', stage.path('host_key')]);
  mkdirSync(stage.path('sshd.d'));
  await writeFile(
    stage.path('sshd_config'),
    `Include ${stage.path('sshd.d')}/*.conf
Port ${port}
ListenAddress 127.0.0.1
HostKey ${stage.path('host_key')}
PidFile ${stage.path('sshd.pid')}
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
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
  say('8. Done.');
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
