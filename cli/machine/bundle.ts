/** The files that this host shall have: what the authority says now, or what it said last while it can not be reached. */
import { createHash } from 'node:crypto';
import { FleetError } from '../../src/fleet/error.ts';
import type { HostArchive } from '../../src/fleet/host/archive.ts';
import { unpackFiles } from '../../src/fleet/host/archive.ts';
import type { BundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import { acceptBundle, openBundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import { UsherCommandError } from '../error.ts';
import { fetchArchive, fetchStatement } from './calls.ts';
import type { Machine } from './machine.ts';
import { orRefuseBundle, refused } from './refusal.ts';

export interface MachineBundle {
  readonly statement: BundleStatement;
  /** As the authority signed it. */
  readonly signed: string;
  readonly archive: Uint8Array;
  readonly files: HostArchive;
}

export type Fetched =
  | { readonly kind: 'new'; readonly bundle: MachineBundle }
  /** The authority can not be reached: what it said last, if that is still there. */
  | { readonly kind: 'kept'; readonly bundle: MachineBundle | undefined; readonly why: UsherCommandError };

/** @throws UsherCommandError `bundle-refused`, `refused`, `bad-reply` */
export async function getBundle(machine: Machine): Promise<Fetched> {
  try {
    return { kind: 'new', bundle: await fetchBundleTwice(machine) };
  } catch (error) {
    if (!(error instanceof UsherCommandError) || !isAway(error)) throw error;
    return { kind: 'kept', bundle: await keptBundle(machine), why: error };
  }
}

/** Whether it can not answer now, which says nothing about this host. */
function isAway({ code, problem }: UsherCommandError): boolean {
  return (
    code === 'unreachable' || (problem !== undefined && (problem.status === 429 || problem.status >= 500))
  );
}

/** The bundle that was installed last; none when there is none, or when it is damaged: whoever can damage it could remove it. */
async function keptBundle(machine: Machine): Promise<MachineBundle | undefined> {
  const [kept, archive] = await Promise.all([keptStatement(machine), machine.state.archive()]);
  if (kept === undefined || archive === undefined || !isArchiveOf(kept.statement, archive)) return undefined;
  return openBundle(kept.signed, kept.statement, archive);
}

/** What was accepted last, whoever's statement it had. */
export async function keptFiles({ state }: Pick<Machine, 'state'>): Promise<HostArchive> {
  const archive = await state.archive();
  try {
    return archive === undefined ? {} : unpackFiles(archive);
  } catch (error) {
    if (error instanceof FleetError) return {};
    throw error;
  }
}

/** The files may change between the two calls: the statement is fetched anew then. */
async function fetchBundleTwice(machine: Machine): Promise<MachineBundle> {
  try {
    return await fetchBundle(machine);
  } catch (error) {
    if (!(error instanceof UsherCommandError) || error.problem?.code !== 'bundle-changed') throw error;
    return fetchBundle(machine);
  }
}

async function fetchBundle(machine: Machine): Promise<MachineBundle> {
  const { settings, surroundings } = machine;
  const signed = await fetchStatement(machine);
  // The signature before anything else: nothing of an archive is looked at that nobody signed.
  const statement = orRefuseBundle(() => openBundleStatement(signed, settings.bundleKey));
  const number = (await keptStatement(machine))?.statement.number ?? 0;
  const { authority, host } = settings;
  orRefuseBundle(() => acceptBundle(statement, { authority, host, number, now: surroundings.now() }));
  return openBundle(signed, statement, await archiveOf(machine, statement));
}

async function keptStatement({
  state,
  settings,
}: Machine): Promise<{ readonly signed: string; readonly statement: BundleStatement } | undefined> {
  const signed = await state.statement();
  if (signed === undefined) return undefined;
  try {
    return { signed, statement: openBundleStatement(signed, settings.bundleKey) };
  } catch (error) {
    if (error instanceof FleetError) return undefined;
    throw error;
  }
}

async function archiveOf(machine: Machine, statement: BundleStatement): Promise<Uint8Array> {
  const kept = await machine.state.archive();
  if (kept !== undefined && isArchiveOf(statement, kept)) return kept;
  const archive = await fetchArchive(machine, statement);
  if (!isArchiveOf(statement, archive)) throw refused('the files are not those of the signed bundle');
  return archive;
}

function isArchiveOf({ filesHash, filesSize }: BundleStatement, archive: Uint8Array): boolean {
  return archive.length === filesSize && createHash('sha256').update(archive).digest('hex') === filesHash;
}

function openBundle(signed: string, statement: BundleStatement, archive: Uint8Array): MachineBundle {
  return { statement, signed, archive, files: orRefuseBundle(() => unpackFiles(archive)) };
}
