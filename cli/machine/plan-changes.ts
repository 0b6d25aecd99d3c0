/** The whole of what a run will change, decided before it changes anything. */
import { hostFiles } from '../../src/fleet/host-facts.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { samePublicKey } from '../../src/ssh/public-key.ts';
import type { MachineBundle } from './bundle.ts';
import { keptFiles } from './bundle.ts';
import { certificateText, faultOfCertificate, placedCertificates, sameNames } from './certificates.ts';
import { readPlain, toBytes } from './files.ts';
import { certificatePath } from './host-keys.ts';
import { checkKrl } from './krl.ts';
import type { Machine } from './machine.ts';
import type { FileChange, WantedFile } from './plan.ts';
import { changesTo, removals, wantedDropIn, wantedFiles, wantedHostCas, wantedNames } from './plan.ts';
import { orRefuseBundle } from './refusal.ts';
import { nextSudoCa } from './sudo-ca.ts';

interface PlanOptions {
  /** Certificates that the host just got. */
  readonly fresh: readonly Certificate[] | undefined;
  /** They come from a new enrolment: whatever was there before counts no more. */
  readonly isEnrolment: boolean;
}

interface PlannedChanges {
  readonly changes: readonly FileChange[];
  /** What stays as it is although the bundle says otherwise, in words. */
  readonly faults: readonly string[];
}

interface Wanted<T> {
  readonly wanted: T;
  readonly faults: readonly string[];
}

/** @throws UsherCommandError `bundle-refused` */
export async function planChanges(
  machine: Machine,
  bundle: MachineBundle,
  options: PlanOptions,
): Promise<PlannedChanges> {
  const { files, settings } = machine;
  const sudoCa = await wantedSudoCa(machine, bundle);
  const wanted = orRefuseBundle(() => wantedFiles(settings, bundle.files, sudoCa.wanted));
  await checkKrls(machine, bundle, options);
  const certificates = await wantedCertificates(machine, bundle, options);
  // Without all the files that it names the lines for sshd are not written.
  const dropIn = certificates.wanted.length === machine.keys.length ? wantedDropIn(settings) : undefined;
  const changes = [
    ...(await changesTo(files, [...wanted, ...certificates.wanted])),
    ...(await removals(files, settings.directory, wanted)),
    ...(await changesTo(files, dropIn === undefined ? [] : [dropIn])),
  ];
  return { changes, faults: [...sudoCa.faults, ...certificates.faults] };
}

/** undefined: as it is. */
async function wantedSudoCa(
  machine: Machine,
  bundle: MachineBundle,
): Promise<Wanted<Uint8Array | undefined>> {
  const { files, settings } = machine;
  const placed = await files.read(hostFiles(settings.directory).sudoCa);
  const next = nextSudoCa(bundle.files, placed, (await keptFiles(machine))['sudo_ca.pub']);
  return next.kind === 'file'
    ? { wanted: next.contents, faults: [] }
    : { wanted: undefined, faults: [next.reason] };
}

async function checkKrls(
  { files, settings, surroundings }: Machine,
  bundle: MachineBundle,
  { isEnrolment }: PlanOptions,
): Promise<void> {
  const { revokedKeys, revokedBuilderKeys } = hostFiles(settings.directory);
  for (const [name, path] of [
    ['revoked_keys', revokedKeys],
    ['revoked_builder_keys', revokedBuilderKeys],
  ] as const) {
    const krl = bundle.files[name];
    if (krl === undefined) continue;
    const placed = await readPlain(files, path);
    // What is in place was checked when it came.
    if (placed !== undefined && Buffer.from(placed).equals(krl)) continue;
    await checkKrl(surroundings, name, krl, isEnrolment ? undefined : placed);
  }
}

/** The new certificate of each key, or the one that is in place. */
async function wantedCertificates(
  machine: Machine,
  { files }: MachineBundle,
  { fresh, isEnrolment }: PlanOptions,
): Promise<Wanted<readonly WantedFile[]>> {
  const placed = await placedCertificates(machine);
  const terms = orRefuseBundle(() => ({ names: wantedNames(files), hostCas: wantedHostCas(files) }));
  const faults: string[] = [];
  const wanted = machine.keys.flatMap(({ path: keyPath }, index) => {
    const path = certificatePath(machine.settings.directory, keyPath);
    const [before, next] = [placed[index], fresh?.[index]];
    const fault =
      next && (faultOfCertificate(next, terms) ?? (isEnrolment ? undefined : faultBeside(next, before)));
    if (fault !== undefined) faults.push(`the new certificate for ${keyPath} ${fault}`);
    const certificate = fault === undefined ? (next ?? before) : before;
    if (certificate === undefined) return [];
    return [{ path, contents: toBytes(certificateText(certificate)), needsReload: true }];
  });
  return { wanted, faults };
}

/** One with other names, or by another CA key, may be all that is still believed, however long it lasts. */
function faultBeside(next: Certificate, before: Certificate | undefined): string | undefined {
  if (before === undefined) return undefined;
  const [{ validBefore, principals, authority }, placed] = [next.fields, before.fields];
  const isAlike = sameNames(principals, placed.principals) && samePublicKey(authority, placed.authority);
  return isAlike && validBefore < placed.validBefore ? 'would end before the one in place' : undefined;
}
