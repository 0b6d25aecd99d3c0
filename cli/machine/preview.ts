/** `usher host sync --dry-run`: what a sync would change, as `diff -u` shows it. Nothing is changed, nor asked of the authority that counts. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { SshError } from '../../src/ssh/error.ts';
import { decodeKrl, isKrl } from '../../src/ssh/krl-read.ts';
import { say, warn, writeData } from '../terminal.ts';
import { getBundle } from './bundle.ts';
import type { FoundFile } from './files.ts';
import type { Machine } from './machine.ts';
import type { FileChange } from './plan.ts';
import { planChanges } from './plan-changes.ts';
import { refused } from './refusal.ts';
import { bundleOf, renewalReason } from './sync.ts';

const NOTHING = '/dev/null';

/** @throws UsherCommandError when a sync would refuse something */
export async function previewSync(machine: Machine): Promise<void> {
  const { surroundings } = machine;
  const fetched = await getBundle(machine);
  const bundle = bundleOf(fetched);
  if (fetched.kind === 'kept') warn(surroundings, `${fetched.why.message}; this is the bundle it had last`);
  const reason = await renewalReason(machine, bundle);
  if (reason !== undefined) say(surroundings, `host certificates would be renewed: ${reason}`);
  const { changes, faults } = await planChanges(machine, bundle, { fresh: undefined, isEnrolment: false });
  for (const change of changes) writeData(surroundings, patchOf(change).trimEnd());
  const many = changes.length === 1 ? '1 file' : `${changes.length} files`;
  say(surroundings, `bundle ${bundle.statement.number} would change ${many}; none was touched`);
  const [fault] = faults;
  if (fault !== undefined) throw refused(fault);
}

function patchOf({ path, before, after }: FileChange): string {
  const [old, next] = [
    before === undefined ? '' : textOfFound(before),
    after === undefined ? '' : textOf(after),
  ];
  // Else only its mode or owner changes, which has no lines.
  if (old === next && before !== undefined && after !== undefined) return `mode of ${path}`;
  const names = [before === undefined ? NOTHING : path, after === undefined ? NOTHING : path] as const;
  return createTwoFilesPatch(...names, old, next, undefined, undefined, { headerOptions: FILE_HEADERS_ONLY });
}

function textOfFound(found: FoundFile): string {
  return found.kind === 'plain' ? textOf(found.contents) : 'no plain file\n';
}

/** Lists of revoked keys in words: their bytes say nothing to people. */
function textOf(contents: Uint8Array): string {
  if (!isKrl(contents)) return new TextDecoder().decode(contents);
  try {
    const { number, certificates, sha256Fingerprints } = decodeKrl(contents);
    const runs = certificates.reduce((sum, { serials }) => sum + serials.runs, 0);
    return `KRL version ${number}\n${runs} runs of serials\n${sha256Fingerprints.length} keys\n`;
  } catch (error) {
    if (error instanceof SshError) return 'a KRL that can not be read\n';
    throw error;
  }
}
