/** `usher enroll`: accept an invite, make or show a credential, pin the authority's key. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { parseAttestationObject } from '../../src/fido/attested-credential.ts';
import { equalBytes } from '../../src/fido/equal-bytes.ts';
import { touchDigest } from '../../src/fido/touch-digest.ts';
import type {
  InviteReply as Invited,
  OfferReply as Offered,
  SshOffer,
  WebauthnOffer,
} from '../../src/http/contract.ts';
import { BundleReply, ConfirmReply, InviteReply, OfferReply } from '../../src/http/contract.ts';
import { formatDuration } from '../../src/ssh/duration.ts';
import { decodePublicKey, fingerprint } from '../../src/ssh/public-key.ts';
import type { VerifiedBundle } from '../bundle.ts';
import { acceptBundle, verifyBundle } from '../bundle.ts';
import { Client } from '../client.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { Invite } from '../invite.ts';
import { parseInvite } from '../invite.ts';
import { loadMemory, remember } from '../memory.ts';
import type { Paths } from '../paths.ts';
import { authorityName, pathsFrom } from '../paths.ts';
import type { Settings } from '../settings.ts';
import { saveSettings } from '../settings.ts';
import type { Surroundings } from '../surroundings.ts';
import { askSecret, detail, say, writeJson } from '../terminal.ts';
import type { WayOptions } from '../touch/choose.ts';
import { chooseWay, touchKeyFile } from '../touch/choose.ts';
import { openSecretAddress } from '../touch/open-secret.ts';
import type { TouchWay } from '../touch/way.ts';
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
  checkReply(reply, invite);
  const way = chooseWay(surroundings, options, {});
  const settings = settingsFrom(surroundings, reply, bundle, options);
  if (way.kind === 'browser') return enrollByPage(surroundings, paths, settings, invite, options);
  const credentialId = await enrollHere(client, reply, way.way);
  await saveSettings(paths, settings, options.default === true);
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
  const name = authorityName(invite.origin);
  const { bundle: seen } = await loadMemory(paths, name);
  acceptBundle(bundle, seen === undefined ? undefined : seenUnderPins(seen, invite), surroundings.now());
  await remember(paths, name, { bundle: bundle.reply });
  return bundle;
}

/** Enrolling again may be because the authority was made anew: what was seen under another key does not count. */
function seenUnderPins(seen: BundleReply, invite: Invite): VerifiedBundle | undefined {
  try {
    return verifyBundle(seen, invite.origin, { bundleKey: invite.bundleKey });
  } catch {
    return undefined;
  }
}

function checkReply(reply: Invited, invite: Invite): void {
  if (reply.origin !== invite.origin || reply.person !== invite.person)
    throw new UsherCommandError('bad-reply', 'the authority speaks of another invite than yours');
  const { hostname } = new URL(invite.origin);
  if (hostname !== reply.rpId && !hostname.endsWith(`.${reply.rpId}`))
    throw new UsherCommandError('bad-reply', `the RP id ${reply.rpId} does not belong to ${hostname}`);
}

function settingsFrom(
  surroundings: Surroundings,
  reply: Invited,
  bundle: VerifiedBundle,
  options: EnrollOptions,
): Settings {
  const { origin, rpId, person, access } = reply;
  const withWay = options.with ?? 'browser';
  const touchKey = withWay === 'ssh-key' ? { touchKey: touchKeyFile(surroundings, options, {}) } : {};
  return { version: 1, origin, rpId, person, ...bundle.pins, access, with: withWay, ...touchKey };
}

async function enrollHere(client: Client, reply: Invited, way: TouchWay): Promise<string> {
  const { requestId, pollSecret, origin, rpId, userVerification } = reply;
  const offer = await way.register(reply);
  const offered = await client.post(
    `/v1/enrolments/${requestId}/offer`,
    { pollSecret, credential: offer },
    OfferReply,
  );
  checkOffered(offer, offered);
  const digest = enrolmentDigest(reply, offered);
  const credentialIds = [offered.credentialId];
  const assertion = await way.touch({ digest, origin, rpId, credentialIds, userVerification });
  const confirmed = await client.post(
    `/v1/enrolments/${requestId}/confirm`,
    { pollSecret, assertion },
    ConfirmReply,
  );
  return confirmed.credentialId;
}

/** The digest is over id and key: both must be those of the credential that was just made, not of somebody else's. */
function checkOffered(offer: WebauthnOffer | SshOffer, offered: Offered): void {
  const { id, key } = offer.kind === 'webauthn' ? madeByAuthenticator(offer) : namedBySsh(offer);
  if (id !== offered.credentialId || !equalBytes(key, decodeBytes(offered.publicKey)))
    throw new UsherCommandError('bad-reply', 'the authority wants to enroll another credential than yours');
}

function madeByAuthenticator(offer: WebauthnOffer): { id: string; key: Uint8Array } {
  const { publicKey } = parseAttestationObject(decodeBytes(offer.attestationObject));
  return { id: offer.credentialId, key: publicKey };
}

function namedBySsh(offer: SshOffer): { id: string; key: Uint8Array } {
  const key = decodeBytes(offer.publicKey);
  return { id: fingerprint(decodePublicKey(key)), key };
}

function enrolmentDigest(reply: Invited, { credentialId, publicKey }: Offered): Uint8Array {
  const { origin, requestId, expiresAt, person, inviteId } = reply;
  const action = {
    kind: 'enroll',
    person,
    credentialId,
    publicKey: decodeBytes(publicKey),
    inviteId,
  } as const;
  return touchDigest({ origin, action, requestId, nonce: decodeBytes(reply.nonce), expiresAt });
}

async function enrollByPage(
  surroundings: Surroundings,
  paths: Paths,
  settings: Settings,
  invite: Invite,
  options: EnrollOptions,
): Promise<void> {
  await saveSettings(paths, settings, options.default === true);
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
  if (options.json === true)
    writeJson(surroundings, { authority: origin, person, credentialId, access: access ?? null });
}
