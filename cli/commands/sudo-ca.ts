/** `usher sudo-ca`: an approver says, with a touch, which security keys hosts may trust for sudo from now on; the authority passes it on. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { fileReason } from '../../src/file-reason.ts';
import type { SignedStatement } from '../../src/fleet/signed-statement.ts';
import {
  acceptFirstStatement,
  acceptStatement,
  joinStatement,
  openStatement,
  SUDO_CA_NAMESPACE,
} from '../../src/fleet/signed-statement.ts';
import type { StatedKey, SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { formatStatement } from '../../src/fleet/sudo-ca-statement.ts';
import type { SudoCaKey } from '../../src/policy/roster.ts';
import { SshError } from '../../src/ssh/error.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { requireLogin } from '../agent/login-entry.ts';
import { writeAtomically } from '../atomic-file.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { signPost } from '../authority/signed-call.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import { readRoster } from '../hosts/roster-file.ts';
import { readStatement, statementChanges, statementKeys } from '../hosts/statement-file.ts';
import type { SignerOptions } from '../hosts/statement-signer.ts';
import { openStatementSigner } from '../hosts/statement-signer.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say } from '../terminal.ts';

interface SignOptions extends SignerOptions {
  readonly roster: string;
  readonly previous?: string;
  readonly first?: boolean;
  /** Files, or false for none. */
  readonly offline?: readonly string[] | false;
  readonly everywhere?: boolean;
  readonly out?: string;
  readonly authority?: string;
}

interface PublishOptions {
  readonly statement: string;
  readonly authority?: string;
}

const PUBLISH_TARGET = '/v1/sudo-ca-statement';

export function sudoCaCommand(surroundings: Surroundings): Command {
  const sign = new Command('sign')
    .description('sign the next set of keys that hosts trust for sudo, with one that they trust already')
    .requiredOption('--key <file>', 'the file of your CA key, or "credential" for one without a file')
    .requiredOption('--roster <file>', 'the roster; its sudo_ca is the set')
    .option('--previous <file>', 'the statement that is in force: its file, or the sudo_ca.pub of a host')
    .option('--first', 'there is none in force yet')
    .option('--offline <file...>', 'also these public keys, which are kept for emergencies')
    .option('--no-offline', 'no such keys any more')
    .option('--everywhere', 'certificates for every host count (default: as before, at first yes)')
    .option('--no-everywhere', 'only certificates for the host itself count')
    .option('--out <file>', 'write it to this file instead of stdout')
    .option('--sk-provider <path>', 'the library that talks to the security key (default: $SSH_SK_PROVIDER)')
    .option('--device <path>', 'credential: the device (default: $USHER_FIDO_DEVICE, else the only one)')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: SignOptions) => signNext(surroundings, options));
  const publish = new Command('publish')
    .description('have the authority hand a signed statement to the hosts that sync')
    .requiredOption('--statement <file>', 'made by usher sudo-ca sign; "-" for stdin')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: PublishOptions) => publishStatement(surroundings, options));
  return new Command('sudo-ca')
    .description('keep a sudo CA whose keys are the security keys of people')
    .addCommand(sign)
    .addCommand(publish);
}

/** Hosts take it for its signature alone: whoever passes it on says who they are, and needs no right. */
async function publishStatement(surroundings: Surroundings, options: PublishOptions): Promise<void> {
  const { text, statement } = await readStatement(surroundings, options.statement);
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { origin } = enrolled.settings;
  if (statement.authority !== origin)
    throw new UsherCommandError(
      'statement-refused',
      `the statement is of ${statement.authority}, not of ${origin}`,
    );
  const body = { statement: text };
  const headers = await signPost(enrolled, await requireLogin(enrolled), PUBLISH_TARGET, body);
  await enrolled.client.send(PUBLISH_TARGET, body, headers);
  say(surroundings, `number ${statement.number} goes to hosts with their next sync`);
}

async function signNext(surroundings: Surroundings, options: SignOptions): Promise<void> {
  const previous = await readPrevious(surroundings, options);
  const { settings } = await openEnrolled(surroundings, options.authority);
  const { sudoCa } = await readRoster(options.roster);
  const own = sudoCa.filter(({ person }) => person === settings.person);
  const signer = await openStatementSigner(surroundings, options, own);
  const statement = {
    ...{ authority: settings.origin, madeAt: surroundings.now() },
    number: (previous?.statement.number ?? 0) + 1,
    everywhere: options.everywhere ?? previous?.statement.everywhere ?? true,
    keys: [...sudoCa.map(statedKey), ...(await offlineKeys(options, previous?.statement))],
  };
  const text = orRefuse(() => formatStatement(statement));
  // As hosts will judge it, before anybody touches: what they would refuse is not worth it.
  orRefuse(() => acceptAfter(previous, { text, statement, signer: signer.publicKey }));
  sayWhole(surroundings, previous?.statement, statement);
  const signature = await signer.sign(SUDO_CA_NAMESPACE, new TextEncoder().encode(text));
  const signed = orRefuse(() => openStatement(joinStatement(text, signature)));
  if (options.out === undefined) surroundings.stdout.write(signed.text);
  else await writeAtomically(options.out, signed.text, 0o644);
  say(
    surroundings,
    `signed as number ${statement.number}; for hosts that sync: usher sudo-ca publish --statement FILE; on others: usher host trust --statement FILE`,
  );
}

/** Whole, since the statement before it came from somebody else: what it has already would not show as a change. */
function sayWhole(
  surroundings: Surroundings,
  previous: SudoCaStatement | undefined,
  next: SudoCaStatement,
): void {
  for (const line of statementChanges(previous, next)) say(surroundings, line);
  say(surroundings, `your key makes these root on every host of ${next.authority}, and no others`);
  detail(surroundings, statementKeys(next));
}

async function readPrevious(
  surroundings: Surroundings,
  options: SignOptions,
): Promise<SignedStatement | undefined> {
  if ((options.previous === undefined) === (options.first !== true))
    throw new UsherCommandError('usage', 'either --previous or --first is needed', {
      hint: 'the statement in force is at the top of /etc/ssh/usher/sudo_ca.pub on each host',
    });
  return options.previous === undefined ? undefined : readStatement(surroundings, options.previous);
}

function statedKey({ key, state, person }: SudoCaKey): StatedKey {
  return { key, state, holder: person };
}

async function offlineKeys(
  { offline }: SignOptions,
  previous: SudoCaStatement | undefined,
): Promise<readonly StatedKey[]> {
  if (offline !== undefined && offline !== false) return Promise.all(offline.map(readOfflineKey));
  const dropped = (previous?.keys ?? []).some(({ state }) => state === 'offline');
  // They are missed only in an emergency, when it is too late.
  if (offline === undefined && dropped)
    throw new UsherCommandError('usage', 'the statement in force has keys for emergencies', {
      hint: 'name their files again with --offline, or drop them with --no-offline',
    });
  return [];
}

async function readOfflineKey(file: string): Promise<StatedKey> {
  try {
    const { key, comment } = parsePublicKeyLine(await readFile(file, 'utf8'));
    return { key, state: 'offline', holder: comment.replaceAll(/[^A-Za-z0-9._@-]/g, '-') || 'offline' };
  } catch (cause) {
    const reason = cause instanceof SshError ? cause.message : `it can not be read: ${fileReason(cause)}`;
    throw new UsherCommandError('key-file', `${file}: ${reason}`, {
      cause,
      hint: 'name the file of a public key',
    });
  }
}

/** Some hosts may lack some of these keys, and then refuse; which ones is not known here. */
function acceptAfter(previous: SignedStatement | undefined, next: SignedStatement): void {
  if (previous === undefined) acceptFirstStatement(next);
  else acceptStatement(next, { ...previous, keys: previous.statement.keys.map(({ key }) => key) });
}
