/** `usher enroll`: accept an invite, make or show a credential, pin the authority's key. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { BundleReply, InviteReply } from '../../src/http/contract.ts';
import { formatDuration } from '../../src/ssh/duration.ts';
import type { Pins, VerifiedBundle } from '../bundle.ts';
import { acceptBundle, verifyBundle } from '../bundle.ts';
import { Client } from '../client.ts';
import { enrolCredential } from '../enrol-credential.ts';
import { UsherCommandError } from '../error.ts';
import type { Invite } from '../invite.ts';
import { parseInvite } from '../invite.ts';
import { forget, loadMemory, remember } from '../memory.ts';
import type { Paths } from '../paths.ts';
import { authorityName, pathsFrom } from '../paths.ts';
import type { Settings } from '../settings.ts';
import { saveSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { askSecret, detail, say, warn, writeJson } from '../terminal.ts';
import type { WayOptions } from '../touch/choose.ts';
import { chooseWay, touchKeyFile } from '../touch/choose.ts';
import { openSecretAddress } from '../touch/open-secret.ts';
import { addTouchOptions } from '../touch-options.ts';

export interface EnrollOptions extends WayOptions {
  readonly addressFile?: string;
  readonly default?: boolean;
  readonly open?: boolean;
  readonly json?: boolean;
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
  const invite = parseInvite(await readAddress(surroundings, address, options));
  const paths = pathsFrom(surroundings.env);
  const client = new Client(invite.origin, surroundings);
  // Before the invite is sent: only the authority whose key it names may get it.
  const bundle = await pinBundle(surroundings, paths, client, invite);
  const reply = await client.post('/v1/enrolments', { invite: invite.secret }, InviteReply);
  checkReply(reply, invite, bundle);
  const way = chooseWay(surroundings, options, {});
  const settings = settingsFrom(surroundings, reply, bundle, options);
  if (way.kind === 'browser') {
    await keep(paths, settings, bundle, options);
    return openPage(surroundings, settings, invite, options);
  }
  const credentialId = await enrolCredential(client, reply, way.way);
  await keep(paths, settings, bundle, options);
  report(surroundings, settings, credentialId, options);
}

/** The secret part of the address is best kept out of the list of processes and the shell's history. */
async function readAddress(
  surroundings: Surroundings,
  address: string | undefined,
  options: EnrollOptions,
): Promise<string> {
  if (options.addressFile !== undefined) {
    if (address !== undefined) throw new UsherCommandError('usage', 'the address is given twice');
    return readFile(options.addressFile, 'utf8');
  }
  if (address === '-') return text(surroundings.stdin);
  return address ?? askSecret(surroundings, 'address of the invite');
}

async function pinBundle(
  surroundings: Surroundings,
  paths: Paths,
  client: Client,
  invite: Invite,
): Promise<VerifiedBundle> {
  const pins = { bundleKey: invite.bundleKey };
  const bundle = verifyBundle(await client.get('/v1/bundle', BundleReply), invite.origin, pins);
  const seen = await seenBundle(paths, invite);
  if (seen === 'of-another-key')
    warn(surroundings, `${invite.origin} has another key than before: go on only if its keeper made it anew`);
  acceptBundle(bundle, seen === 'of-another-key' ? undefined : seen, surroundings.now());
  return bundle;
}

async function seenBundle(
  paths: Paths,
  { origin, bundleKey }: Pins & { readonly origin: string },
): Promise<VerifiedBundle | 'of-another-key' | undefined> {
  const { bundle } = await loadMemory(paths, authorityName(origin));
  if (bundle === undefined) return undefined;
  try {
    return verifyBundle(bundle, origin, { bundleKey });
  } catch (error) {
    if (error instanceof UsherCommandError) return 'of-another-key';
    throw error;
  }
}

/** Only now, when everything went well, is forgotten what was seen of an authority that had another key, and another log. */
async function keep(
  paths: Paths,
  settings: Settings,
  bundle: VerifiedBundle,
  options: EnrollOptions,
): Promise<void> {
  const name = authorityName(settings.origin);
  if ((await seenBundle(paths, settings)) === 'of-another-key') await forget(paths, name);
  await remember(paths, name, { bundle: bundle.reply });
  await saveSettings(paths, settings, options.default === true);
}

function checkReply(reply: InviteReply, invite: Invite, { rpId }: VerifiedBundle): void {
  if (reply.origin !== invite.origin || reply.person !== invite.person)
    throw new UsherCommandError('bad-reply', 'the authority speaks of another invite than yours');
  const { hostname } = new URL(invite.origin);
  if (reply.rpId !== rpId || (hostname !== rpId && !hostname.endsWith(`.${rpId}`)))
    throw new UsherCommandError('bad-reply', `the RP id ${reply.rpId} does not belong to ${hostname}`);
}

function settingsFrom(
  surroundings: Surroundings,
  reply: InviteReply,
  bundle: VerifiedBundle,
  options: EnrollOptions,
): Settings {
  const { origin, rpId, person, access } = reply;
  const withWay = options.with ?? 'browser';
  const touchKey = withWay === 'ssh-key' ? { touchKey: touchKeyFile(surroundings, options, {}) } : {};
  return { version: 1, origin, rpId, person, ...bundle.pins, access, with: withWay, ...touchKey };
}

async function openPage(
  surroundings: Surroundings,
  settings: Settings,
  invite: Invite,
  options: EnrollOptions,
): Promise<void> {
  say(surroundings, `${settings.origin} is pinned for ${settings.person}`);
  const key = invite.bundleKey.slice('SHA256:'.length).replaceAll('+', '-').replaceAll('/', '_');
  const address = `${invite.origin}/enroll#${invite.person}.${invite.secret}.${key}`;
  const opened = options.open !== false && (await openSecretAddress(surroundings, address));
  const how = opened
    ? 'your browser shows the page'
    : 'open the address of the invite in the browser that is to hold the passkey';
  say(surroundings, `${how}: enroll there, then type: usher login`);
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
