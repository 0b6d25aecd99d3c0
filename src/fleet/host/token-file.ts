/** What `usher host invite` writes and `usher host enroll` reads: the token, and what the host pins. */
import type { PublicKey } from '../../ssh/public-key.ts';
import { formatPublicKeyLine } from '../../ssh/public-key.ts';
import {
  assertOneSpelling,
  checkAuthority,
  checkHost,
  checkTime,
  formatDocument,
  parseKey,
  parseWhole,
  readDocument,
} from './document.ts';
import { checkSecret } from './secret.ts';

export interface TokenFile {
  readonly authority: string;
  readonly host: string;
  /** Signs every bundle. */
  readonly bundleKey: PublicKey;
  readonly token: string;
  /** Unix seconds. */
  readonly until: number;
}

const FIRST_LINE = 'usher host token v1';
const MAX_CHARACTERS = 4096;

/** @throws FleetError `bad-document` for anything that `parseTokenFile` would refuse. */
export function formatTokenFile({ authority, host, bundleKey, token, until }: TokenFile): string {
  return formatDocument(FIRST_LINE, [
    ['authority', checkAuthority(authority)],
    ['host', checkHost(host)],
    ['bundle-key', formatPublicKeyLine(bundleKey)],
    ['token', checkSecret(token)],
    ['until', String(checkTime(until))],
  ]);
}

/** @throws FleetError `bad-document` */
export function parseTokenFile(text: string): TokenFile {
  const fields = readDocument(text, FIRST_LINE, MAX_CHARACTERS);
  const file: TokenFile = {
    authority: fields.one('authority'),
    host: fields.one('host'),
    bundleKey: parseKey(fields.one('bundle-key')),
    token: fields.one('token'),
    until: parseWhole(fields.one('until')),
  };
  assertOneSpelling(text, formatTokenFile(file));
  return file;
}
