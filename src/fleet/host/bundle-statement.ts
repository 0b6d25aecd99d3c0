/** What the authority says of the files of one host, signed with the bundle key; and whether the host may take them over. */
import type { PublicKey } from '../../ssh/public-key.ts';
import { samePublicKey } from '../../ssh/public-key.ts';
import { FleetError } from '../error.ts';
import {
  assertOneSpelling,
  badDocument,
  checkAuthority,
  checkHash,
  checkHost,
  checkTime,
  formatDocument,
  parseWhole,
  readDocument,
} from './document.ts';
import { MAX_ARCHIVE_BYTES } from './file-limits.ts';
import { openSignedByOne } from './signed-document.ts';

export const HOST_BUNDLE_NAMESPACE = 'usher-host-bundle';

export interface BundleStatement {
  readonly authority: string;
  readonly host: string;
  /** Never smaller than in the one before. */
  readonly number: number;
  /** Unix seconds. */
  readonly madeAt: number;
  readonly freshUntil: number;
  /** SHA-256 in hex of the archive. */
  readonly filesHash: string;
  readonly filesSize: number;
}

const FIRST_LINE = 'usher host bundle v1';
const MAX_CHARACTERS = 1024;
export const MAX_SIGNED_BUNDLE_CHARACTERS = 8192;
/** In seconds. Numbers are times, and each of many changes within a second takes one more; more than this would keep later ones out for long. */
export const MAX_AHEAD_SECONDS = 3600;

/** The text to sign. @throws FleetError `bad-document` */
export function formatBundleStatement(statement: BundleStatement): string {
  if (statement.filesSize > MAX_ARCHIVE_BYTES)
    throw badDocument(`its files have more than ${MAX_ARCHIVE_BYTES} bytes`);
  return formatDocument(FIRST_LINE, [
    ['authority', checkAuthority(statement.authority)],
    ['host', checkHost(statement.host)],
    ['number', String(statement.number)],
    ['made-at', String(checkTime(statement.madeAt))],
    ['fresh-until', String(checkTime(statement.freshUntil))],
    ['files-sha256', checkHash(statement.filesHash)],
    ['files-size', String(statement.filesSize)],
  ]);
}

/** @param bundleKey the key that the host pinned. @throws FleetError `bad-document`, `bad-signature`, `not-trusted` */
export function openBundleStatement(signed: string, bundleKey: PublicKey): BundleStatement {
  if (signed.length > MAX_SIGNED_BUNDLE_CHARACTERS)
    throw badDocument(`it has more than ${MAX_SIGNED_BUNDLE_CHARACTERS} characters`);
  const { text, signer } = openSignedByOne(signed, HOST_BUNDLE_NAMESPACE);
  if (!samePublicKey(signer, bundleKey))
    throw new FleetError(
      'not-trusted',
      'the bundle is signed by another key than the one that this host pinned',
    );
  return parseStatement(text);
}

function parseStatement(text: string): BundleStatement {
  const fields = readDocument(text, FIRST_LINE, MAX_CHARACTERS);
  const statement: BundleStatement = {
    authority: fields.one('authority'),
    host: fields.one('host'),
    number: parseWhole(fields.one('number')),
    madeAt: parseWhole(fields.one('made-at')),
    freshUntil: parseWhole(fields.one('fresh-until')),
    filesHash: fields.one('files-sha256'),
    filesSize: parseWhole(fields.one('files-size')),
  };
  assertOneSpelling(text, formatBundleStatement(statement));
  return statement;
}

/** What a host knows when a bundle comes. */
export interface BundleExpectation {
  readonly authority: string;
  readonly host: string;
  /** Of the bundle that it took over last; 0: none. */
  readonly number: number;
  readonly now: number;
}

/** @throws FleetError `other-authority`, `other-host`, `old-statement`, `made-in-the-future`, `stale-bundle` */
export function acceptBundle(statement: BundleStatement, expected: BundleExpectation): void {
  if (statement.authority !== expected.authority)
    throw new FleetError(
      'other-authority',
      `the bundle is of ${statement.authority}, not of ${expected.authority}`,
    );
  if (statement.host !== expected.host)
    throw new FleetError('other-host', `the bundle is for ${statement.host}, not for ${expected.host}`);
  if (statement.number < expected.number)
    throw new FleetError(
      'old-statement',
      `the bundle has number ${statement.number}, and this host has number ${expected.number} already`,
    );
  // Numbers are times: one far ahead would be the last that the host takes.
  if (Math.max(statement.number, statement.madeAt) > expected.now + MAX_AHEAD_SECONDS)
    throw new FleetError(
      'made-in-the-future',
      'the bundle was made in the future: look at the clock of this host',
    );
  if (expected.now >= statement.freshUntil)
    throw new FleetError('stale-bundle', 'the bundle is no longer fresh: look at the clock of this host');
}
