/** How the authority says that its CA keys stand, and what hosts reported of them. */
import { CaKeysReply } from '../../src/http/contract/ca-keys.ts';
import { SshError } from '../../src/ssh/error.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { requireLogin } from '../agent/login-entry.ts';
import { UsherCommandError } from '../error.ts';
import type { Enrolled } from './enrolled.ts';
import { signGet } from './signed-call.ts';

/** `name` is its fingerprint. */
export type ListedCaKey = CaKeysReply['keys'][number] & { readonly name: string };
export type ListedHost = CaKeysReply['hosts'][number];

export interface CaKeyList {
  readonly keys: readonly ListedCaKey[];
  readonly hosts: readonly ListedHost[];
}

const TARGET = '/v1/ca-keys';

export async function fetchCaKeys(enrolled: Enrolled): Promise<CaKeyList> {
  const entry = await requireLogin(enrolled);
  const { keys, hosts } = await enrolled.client.get(
    TARGET,
    CaKeysReply,
    await signGet(enrolled, entry, TARGET),
  );
  return { keys: keys.map((key) => ({ ...key, name: fingerprintOf(key.key) })), hosts };
}

function fingerprintOf(line: string): string {
  try {
    return fingerprint(parsePublicKeyLine(line).key);
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw new UsherCommandError('bad-reply', 'a CA key in the reply can not be read', { cause });
  }
}
