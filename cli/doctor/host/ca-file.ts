/** The CA keys that pam-ussh trusts: readable by the person, changed by root alone, and of no other purpose. */
import { base64 } from '@scure/base';
import type { CaFile } from '../../../src/pam-ussh/ca-file.ts';
import { parseCaFile } from '../../../src/pam-ussh/ca-file.ts';
import type { Check } from '../check.ts';
import { checkOf, failure, ok } from '../check.ts';
import type { HostFiles, HostUser, Owner } from './files.ts';
import { foreignHand, modeText, obstacle } from './files.ts';

/** A key that has another purpose, so that whoever gets a certificate from it must get no sudo. */
export interface OtherKey {
  readonly blob: Uint8Array;
  /** `the login CA (/etc/ssh/usher/login_ca.pub)`. */
  readonly what: string;
}

interface CaFileQuestion {
  readonly files: HostFiles;
  readonly path: string;
  readonly user: HostUser | undefined;
  readonly others: readonly OtherKey[];
}

export function checkCaFile({ files, path, user, others }: CaFileQuestion): readonly Check[] {
  const fact = files.read(path);
  const way = files.way(path);
  if (fact.kind === 'error' && way === undefined)
    return [
      failure('host.ca_file', fact.message, 'write the CA keys there: everybody is refused until then'),
    ];
  if (fact.kind === 'directory')
    return [failure('host.ca_file', `${path} is a directory`, 'name a file in ca_file=')];
  const access = [...unreadable(path, way ?? [], user), ...changeable(path, way ?? [])];
  if (fact.kind === 'error')
    return access.length > 0 ? access : [failure('host.ca_file', fact.message, 'chmod 644')];
  const file = parseCaFile(fact.bytes);
  const problems = [...access, ...file.findings.map(checkOf), ...mixedKeys(path, file, others)];
  if (problems.length > 0) return problems;
  return [ok('host.ca_file', `${path} holds ${file.keys.length} CA key${file.keys.length === 1 ? '' : 's'}`)];
}

/** pam-ussh reads the file as the person who calls sudo, not as root. */
function* unreadable(path: string, way: readonly Owner[], user: HostUser | undefined): Generator<Check> {
  const found = obstacle(way, user);
  if (found === undefined) return;
  const who = user?.name ?? 'everybody';
  const message = `${path} can not be read by ${who}: ${found.path} has mode ${modeText(found.mode)}`;
  const isFile = found === way.at(-1);
  yield failure(
    'host.ca_file',
    message,
    `chmod ${isFile ? '644' : 'a+x'} ${found.path}: pam-ussh reads it as the person`,
  );
}

function* changeable(path: string, way: readonly Owner[]): Generator<Check> {
  const found = foreignHand(way);
  if (found === undefined) return;
  const whose = found.uid === 0 ? `has mode ${modeText(found.mode)}` : `belongs to user ${found.uid}`;
  const hint = `chown root:root ${found.path}; chmod go-w ${found.path}: pam-ussh does not look at it`;
  yield failure('host.ca_file', `others than root may change ${path}: ${found.path} ${whose}`, hint);
}

/** pam-ussh takes host certificates, and login certificates that name a sudo principal: only a CA of its own keeps them out. */
function* mixedKeys(path: string, file: CaFile, others: readonly OtherKey[]): Generator<Check> {
  const known = new Map(others.map(({ blob, what }) => [base64.encode(blob), what]));
  for (const { key, line } of file.keys) {
    const what = known.get(base64.encode(key.blob));
    if (what !== undefined)
      yield failure(
        'host.ca_file',
        `line ${line} of ${path} is ${what}`,
        'take it out: sudo needs a CA key of its own',
      );
  }
}
