/** `usher enroll`: accept an invite, make or show a credential, pin the authority's key. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { fileReason } from '../../src/file-reason.ts';
import type { Access } from '../../src/http/contract/access.ts';
import { InviteReply } from '../../src/http/contract/enrolments.ts';
import { formatDuration } from '../../src/ssh/duration.ts';
import { formatInviteAddress } from '../../src/ssh/invite-address.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import { Client } from '../authority/client.ts';
import { keepPinned, verifyInvited } from '../authority/pin.ts';
import type { Settings } from '../authority/settings.ts';
import { listAuthorities, loadSettings } from '../authority/settings.ts';
import { enrolCredential } from '../enrolment/enrol-credential.ts';
import type { Invite } from '../enrolment/invite.ts';
import { parseInvite } from '../enrolment/invite.ts';
import { UsherCommandError } from '../error.ts';
import type { Paths } from '../paths.ts';
import { authorityName, pathsFrom } from '../paths.ts';
import type { Surroundings } from '../surroundings.ts';
import { askSecret, detail, say, writeJson } from '../terminal.ts';
import type { WayOptions } from '../touch/choose.ts';
import { chooseWay, touchKeyFile } from '../touch/choose.ts';
import { openSecretAddress } from '../touch/open-secret.ts';
import { addTouchOptions } from '../touch-options.ts';

interface EnrollOptions extends WayOptions {
  readonly addressFile?: string;
  readonly default?: boolean;
  readonly open?: boolean;
  readonly json?: boolean;
}

/** What a new credential changes nothing about. */
interface Known {
  readonly access: Access | undefined;
  readonly ownAgent?: boolean | undefined;
  readonly caKey?: string | undefined;
}

export function enrollCommand(surroundings: Surroundings): Command {
  const command = new Command('enroll')
    .description('accept an invite: pin the authority and enroll a security key or passkey')
    .argument('[address]', 'the address of the invite, or "-" for stdin; without it you are asked')
    .option('--address-file <file>', 'read the address from a file')
    .option('--default', 'make this authority the default one')
    .option('--no-open', 'browser: do not open it, print what to do')
    .option('--json', 'print what was enrolled as JSON');
  return addTouchOptions(command).action((address: string | undefined, options: EnrollOptions) =>
    enroll(surroundings, address, options),
  );
}

export async function enroll(
  surroundings: Surroundings,
  address: string | undefined,
  options: EnrollOptions,
): Promise<void> {
  const way = await chooseWay(surroundings, options, {});
  const invite = parseInvite(await readAddress(surroundings, address, options));
  const paths = pathsFrom(surroundings.env);
  const client = new Client(invite.origin, surroundings);
  // Before the invite is sent: only the authority whose key it names may get it.
  const bundle = await verifyInvited(surroundings, paths, client, invite);
  const opened = await openInvite(client, invite, bundle);
  const before = await settingsBefore(paths, invite);
  const known = { ...before, access: 'over' in opened ? before?.access : opened.access };
  const settings = settingsFrom(surroundings, invite, known, bundle, options);
  const keep = () => keepPinned(paths, settings, bundle, options.default === true);
  if ('over' in opened || way.kind === 'browser') {
    await keep();
    return reportPinned(surroundings, settings, invite, opened, options);
  }
  const credentialId = await enrolCredential(client, opened, way.way);
  await keep();
  report(surroundings, settings, credentialId, options);
}

/** The secret part of the address is best kept out of the list of processes and the shell's history. */
async function readAddress(
  surroundings: Surroundings,
  address: string | undefined,
  { addressFile }: EnrollOptions,
): Promise<string> {
  if (addressFile !== undefined) {
    if (address !== undefined) throw new UsherCommandError('usage', 'the address is given twice');
    return readAddressFile(addressFile);
  }
  if (address === '-') return text(surroundings.stdin);
  return address ?? askSecret(surroundings, 'address of the invite');
}

async function readAddressFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsherCommandError('usage', `${file} can not be read: ${fileReason(cause)}`, {
      cause,
      hint: 'name the file that holds the address of the invite',
    });
  }
}

/** An invite that enrols nobody any more; what it says about the authority is as true as before. */
interface OverInvite {
  readonly over: 'invite-used' | 'invite-expired';
}

/** Also for a browser, which opens it once more: this tells whether it is still good, and what the person may ask for. */
async function openInvite(
  client: Client,
  invite: Invite,
  bundle: VerifiedBundle,
): Promise<InviteReply | OverInvite> {
  try {
    const reply = await client.post('/v1/enrolments', { invite: invite.secret }, InviteReply);
    checkReply(reply, invite, bundle);
    return reply;
  } catch (error) {
    const code = error instanceof UsherCommandError ? error.problem?.code : undefined;
    if (code === 'invite-used' || code === 'invite-expired') return { over: code };
    throw error;
  }
}

function checkReply(reply: InviteReply, invite: Invite, { rpId }: VerifiedBundle): void {
  if (reply.origin !== invite.origin || reply.person !== invite.person)
    throw new UsherCommandError('bad-reply', 'the authority speaks of another invite than yours');
  if (reply.rpId !== rpId)
    throw new UsherCommandError('bad-reply', `the RP id ${reply.rpId} is not that of the bundle, ${rpId}`);
}

function settingsFrom(
  surroundings: Surroundings,
  { origin, person }: Invite,
  { access, ownAgent, caKey }: Known,
  { rpId, pins }: VerifiedBundle,
  options: EnrollOptions,
): Settings {
  const withWay = options.with ?? 'browser';
  const touchKey = withWay === 'ssh-key' ? { touchKey: touchKeyFile(surroundings, options, {}) } : {};
  return {
    ...{ version: 1, origin, rpId, person, ...pins, with: withWay, ...touchKey },
    // Without it the first login asks, and learns.
    ...(access === undefined ? {} : { access }),
    ...(ownAgent === undefined ? {} : { ownAgent }),
    ...(caKey === undefined ? {} : { caKey }),
  };
}

/** What was learned and chosen here before by the same person at the same authority. */
async function settingsBefore(
  paths: Paths,
  { origin, person, bundleKey }: Invite,
): Promise<Settings | undefined> {
  const name = authorityName(origin);
  if (!(await listAuthorities(paths)).includes(name)) return undefined;
  const known = await loadSettings(paths, name);
  return known.person === person && known.bundleKey === bundleKey ? known : undefined;
}

/** The authority is pinned; the credential is the browser's affair, or was enrolled before. */
async function reportPinned(
  surroundings: Surroundings,
  { origin, person, access }: Settings,
  invite: Invite,
  opened: InviteReply | OverInvite,
  options: EnrollOptions,
): Promise<void> {
  say(surroundings, `${origin} is pinned for ${person}`);
  if ('over' in opened) sayOver(surroundings, opened);
  else await openPage(surroundings, invite, options);
  if (options.json === true)
    writeJson(surroundings, { authority: origin, person, credentialId: null, access: access ?? null });
}

function sayOver(surroundings: Surroundings, { over }: OverInvite): void {
  if (over === 'invite-used') {
    say(surroundings, 'the invite was used before, so nothing was enrolled now');
    say(surroundings, 'was it you, in a browser? Then type: usher login. If not, tell the keeper at once');
  } else {
    say(surroundings, 'the invite has ended, so nothing was enrolled now');
    say(surroundings, 'type usher login if you have a credential, else ask the keeper for another invite');
  }
}

async function openPage(surroundings: Surroundings, invite: Invite, options: EnrollOptions): Promise<void> {
  const address = formatInviteAddress(invite.origin, invite);
  const opened = options.open !== false && (await openSecretAddress(surroundings, address));
  const how = opened
    ? 'your browser shows the page'
    : 'open the address of the invite in the browser that is to hold the passkey';
  say(surroundings, `${how}: enroll there; when the page says that you are enrolled, type: usher login`);
}

function report(
  surroundings: Surroundings,
  settings: Settings,
  credentialId: string,
  options: EnrollOptions,
): void {
  const { origin, person, access } = settings;
  say(surroundings, `${person} is enrolled at ${origin}`);
  if (access !== undefined)
    detail(surroundings, [
      ['logins', access.logins.join(', ') || 'none'],
      ['hosts', access.hosts.includes('*') ? 'every host' : access.hosts.join(', ') || 'none'],
      [
        'lifetime',
        `${formatDuration(access.defaultLifetime)}, at most ${formatDuration(access.maxLifetime)}`,
      ],
      ['credential', credentialId],
    ]);
  say(surroundings, 'now type: usher login');
  if (options.json === true)
    writeJson(surroundings, { authority: origin, person, credentialId, access: access ?? null });
}
