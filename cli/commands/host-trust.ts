/** `usher host trust`: on a host, as root: take over which security keys may sign sudo certificates. */
import { Command } from 'commander';
import { fileReason } from '../../src/file-reason.ts';
import { DEFAULT_DIRECTORY, hostFiles } from '../../src/fleet/host-facts.ts';
import type { InstalledCa, SignedStatement } from '../../src/fleet/signed-statement.ts';
import { acceptFirstStatement, acceptStatement } from '../../src/fleet/signed-statement.ts';
import { formatSudoCaFile, parseSudoCaFile } from '../../src/fleet/sudo-ca-file.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { readIfThere } from '../atomic-file.ts';
import { UsherCommandError } from '../error.ts';
import { orRefuse } from '../hosts/fleet-error.ts';
import { whileHolding } from '../hosts/hold-file.ts';
import {
  MAX_STATEMENT_BYTES,
  readStatement,
  statementChanges,
  statementKeys,
} from '../hosts/statement-file.ts';
import { PUBLIC_MODE, toBytes } from '../machine/files.ts';
import { realFiles } from '../machine/real-files.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say, warn, writeData } from '../terminal.ts';

interface TrustOptions {
  readonly statement: string;
  readonly dir: string;
  readonly first?: boolean;
  readonly dryRun?: boolean;
}

export function hostTrustCommand(surroundings: Surroundings): Command {
  return new Command('trust')
    .description(
      'as root on a host: trust the sudo CA keys of a statement that one of the present ones signed',
    )
    .requiredOption('--statement <file>', 'made by usher sudo-ca sign; "-" for stdin')
    .option('--first', 'this host has no sudo CA yet: trust whom the statement names')
    .option('--dry-run', 'say what would change, and change nothing')
    .option('--dir <path>', 'where the host keeps CA keys and lists', DEFAULT_DIRECTORY)
    .action((options: TrustOptions) => trustStatement(surroundings, options));
}

async function trustStatement(surroundings: Surroundings, options: TrustOptions): Promise<void> {
  const { sudoCa: path } = orRefuse(() => hostFiles(options.dir));
  const next = await readStatement(surroundings, options.statement);
  const readAccepting = () => readForNext(path, next, options.first === true);
  const installed =
    options.dryRun === true
      ? await readAccepting()
      : // Between reading and writing nobody else may write: of two statements at once the older one could stay.
        await whileHolding(path, async () => install(path, next, await readAccepting()));
  if (installed?.text === next.text) return sayInstalled(surroundings, path, installed);
  for (const line of statementChanges(installed?.statement, next.statement)) writeData(surroundings, line);
  if (options.dryRun === true) say(surroundings, `${path} would change so, and was not touched`);
  else report(surroundings, path, next, installed);
}

/** @returns what is installed, which the next statement may follow or is. */
async function readForNext(
  path: string,
  next: SignedStatement,
  first: boolean,
): Promise<InstalledCa | undefined> {
  const installed = await readInstalled(path, first);
  if (installed?.text !== next.text)
    orRefuse(() => (installed === undefined ? acceptFirstStatement(next) : acceptStatement(next, installed)));
  return installed;
}

/** @returns what was installed before. */
async function install(
  path: string,
  next: SignedStatement,
  before: InstalledCa | undefined,
): Promise<InstalledCa | undefined> {
  // Everybody reads it: pam-ussh does so as the person who calls sudo.
  if (before?.text !== next.text) await realFiles.write(path, toBytes(formatSudoCaFile(next)), PUBLIC_MODE);
  return before;
}

async function readInstalled(path: string, first: boolean): Promise<InstalledCa | undefined> {
  const text = await readOrRefuse(path);
  if (first) {
    if (text === undefined) return undefined;
    throw new UsherCommandError('statement-refused', `${path} is there already`, {
      hint: 'leave out --first; to begin anew, look at the file and remove it yourself',
    });
  }
  if (text === undefined)
    throw new UsherCommandError('statement-refused', `there is no ${path}, so nobody is trusted to sign it`, {
      hint: 'for a new host: compare the keys with those you know, and add --first',
    });
  try {
    return orRefuse(() => parseSudoCaFile(text));
  } catch (cause) {
    throw new UsherCommandError(
      'statement-refused',
      `${path} holds no statement: its keys were put there by hand`,
      {
        cause,
        hint: 'to make this sudo CA a keyless one, remove the file and add --first',
      },
    );
  }
}

async function readOrRefuse(path: string): Promise<string | undefined> {
  try {
    return await readIfThere(path, MAX_STATEMENT_BYTES);
  } catch (cause) {
    throw new UsherCommandError('host-file', `${path} can not be read: ${fileReason(cause)}`, { cause });
  }
}

/** What somebody took out of the file by hand stays out. */
function sayInstalled(surroundings: Surroundings, path: string, { keys, statement }: InstalledCa): void {
  say(surroundings, `${path} holds this statement already, number ${statement.number}`);
  if (keys.length !== statement.keys.length)
    warn(
      surroundings,
      `it has ${keys.length} of the ${statement.keys.length} keys: somebody changed it by hand`,
    );
}

function report(
  surroundings: Surroundings,
  path: string,
  { statement, signer }: SignedStatement,
  installed: InstalledCa | undefined,
): void {
  say(
    surroundings,
    `${path} is statement ${statement.number} of ${statement.authority}, signed by ${fingerprint(signer)}`,
  );
  if (installed === undefined) {
    warn(surroundings, 'these keys are root on this host from now on: compare them with those that you know');
    detail(surroundings, statementKeys(statement));
  } else if (installed.statement.everywhere !== statement.everywhere)
    warn(
      surroundings,
      `sudo takes other principals now: change /etc/pam.d/sudo and sudo-i too (usher export pam${statement.everywhere ? '' : ' --no-everywhere'})`,
    );
}
