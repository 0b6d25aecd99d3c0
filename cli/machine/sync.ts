/** `usher host sync`: what a host does every few minutes. Whatever happens on the way, sshd has its last good files. */
import type { Certificate } from '../../src/ssh/certificate.ts';
import { decodeKrl } from '../../src/ssh/krl-read.ts';
import { UsherCommandError } from '../error.ts';
import { formatTime } from '../issue/review.ts';
import { say, warn } from '../terminal.ts';
import type { Fetched, MachineBundle } from './bundle.ts';
import { getBundle } from './bundle.ts';
import type { WantedCertificates } from './certificates.ts';
import { certificateText, placedCertificates, reasonToRenew } from './certificates.ts';
import { DIRECTORY_MODE } from './files.ts';
import { install } from './install.ts';
import type { Machine } from './machine.ts';
import { wantedHostCas, wantedNames } from './plan.ts';
import { planChanges } from './plan-changes.ts';
import { orRefuseBundle } from './refusal.ts';
import { renew } from './renew.ts';
import { reportHost } from './report.ts';
import { whatSshdIgnores } from './sshd.ts';

interface Renewal {
  readonly fresh: readonly Certificate[] | undefined;
  /** What the run could not do although it goes on, in words. */
  readonly faults: readonly string[];
}

const NO_RENEWAL: Renewal = { fresh: undefined, faults: [] };

/**
 * @param enrolled certificates that the host got just now; otherwise it asks for new ones when it is time.
 * @throws UsherCommandError when something was refused, or the bundle is stale
 */
export async function syncHost(machine: Machine, enrolled?: readonly Certificate[]): Promise<void> {
  const fetched = await getBundle(machine);
  const bundle = bundleOf(fetched);
  const { fresh, faults: notRenewed } =
    enrolled === undefined ? await renewWhenDue(machine, fetched) : { fresh: enrolled, faults: [] };
  await makeDirectories(machine);
  const isEnrolment = await machine.state.isEnrolmentOpen();
  const { changes, faults: notChanged } = await planChanges(machine, bundle, { fresh, isEnrolment });
  const notTaken = await install(machine, changes);
  const faults = [...notRenewed, ...notChanged, ...notTaken];
  if (fresh !== undefined && (await arePlaced(machine, fresh)))
    await machine.state.settleEnrolment('installed');
  if (fetched.kind === 'new') faults.push(...(await conclude(machine, bundle, faults)));
  else sayKept(machine, bundle, fetched.why);
  assertFaultless(machine, faults);
}

/** @throws UsherCommandError `unreachable` when there is nothing to go on with. */
export function bundleOf(fetched: Fetched): MachineBundle {
  if (fetched.bundle !== undefined) return fetched.bundle;
  throw fetched.kind === 'kept' ? fetched.why : new TypeError('a new bundle is one');
}

/** Why certificates shall be renewed now, if they shall. */
export async function renewalReason(machine: Machine, bundle: MachineBundle): Promise<string | undefined> {
  if (await machine.state.isEnrolmentOpen()) return 'the enrolment was interrupted';
  const wanted = orRefuseBundle(() => wantedCertificates(bundle));
  return reasonToRenew(await placedCertificates(machine), wanted, machine.surroundings.now());
}

function wantedCertificates({ files }: MachineBundle): WantedCertificates {
  const terms = { names: wantedNames(files), hostCas: wantedHostCas(files) };
  return files.revoked_keys === undefined ? terms : { ...terms, revoked: decodeKrl(files.revoked_keys) };
}

/** A host that gets no certificates any more still learns who is revoked. */
async function renewWhenDue(machine: Machine, fetched: Fetched): Promise<Renewal> {
  if (fetched.kind === 'kept') return NO_RENEWAL;
  const reason = await renewalReason(machine, fetched.bundle);
  if (reason === undefined) return NO_RENEWAL;
  try {
    const fresh = await renew(machine);
    say(machine.surroundings, `host certificates were renewed: ${reason}`);
    return { fresh, faults: [] };
  } catch (error) {
    if (!(error instanceof UsherCommandError)) throw error;
    return { fresh: undefined, faults: [`the host certificates were not renewed: ${error.message}`] };
  }
}

async function arePlaced(machine: Machine, fresh: readonly Certificate[]): Promise<boolean> {
  const placed = await placedCertificates(machine);
  return fresh.every((certificate, index) => {
    const found = placed[index];
    return found !== undefined && certificateText(found) === certificateText(certificate);
  });
}

async function makeDirectories({ files, settings }: Machine): Promise<void> {
  for (const directory of [settings.directory, `${settings.directory}/principals`])
    await files.makeDirectory(directory, DIRECTORY_MODE);
}

/** @returns what was found wrong on the way. */
async function conclude(
  machine: Machine,
  bundle: MachineBundle,
  faults: readonly string[],
): Promise<readonly string[]> {
  const { state, surroundings } = machine;
  await state.saveBundle(bundle.signed, bundle.archive);
  say(surroundings, `this host has bundle ${bundle.statement.number} of ${bundle.statement.authority}`);
  const ignored = await whatSshdIgnores(surroundings, machine.settings);
  for (const problem of ignored) warn(surroundings, problem);
  return reportHost(machine, bundle, [...faults, ...ignored]);
}

/** @throws UsherCommandError `unreachable` when nobody knows any more who is revoked. */
function sayKept({ surroundings }: Machine, { statement }: MachineBundle, why: UsherCommandError): void {
  const { number, freshUntil } = statement;
  const isFresh = surroundings.now() < freshUntil;
  if (isFresh) warn(surroundings, `${why.message}; bundle ${number} is good until ${formatTime(freshUntil)}`);
  else
    throw new UsherCommandError(
      'unreachable',
      `${why.message}; bundle ${number} is stale since ${formatTime(freshUntil)}`,
      { cause: why, hint: 'sshd goes on with it; whoever was revoked since can still log in' },
    );
}

/** @throws UsherCommandError `sync-incomplete` for what was left as it is */
function assertFaultless({ surroundings }: Machine, [first, ...others]: readonly string[]): void {
  for (const fault of others) warn(surroundings, fault);
  if (first !== undefined)
    throw new UsherCommandError('sync-incomplete', first, { hint: 'everything else was installed' });
}
