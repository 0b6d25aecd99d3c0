/** The bundle: the authority's CA keys and log key, signed by the key that was pinned at enrolment. */

import { Value } from 'typebox/value';
import type { BundleReply } from '../../src/http/contract/bundle.ts';
import { Bundle } from '../../src/http/contract/bundle.ts';
import type { VerifierKey } from '../../src/log/note-key.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { BUNDLE_NAMESPACE } from '../../src/ssh/bundle-namespace.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint, parsePublicKeyLine, samePublicKey } from '../../src/ssh/public-key.ts';
import { UsherCommandError } from '../error.ts';
import { acceptNewest } from './newest.ts';
import type { Pins } from './pinned-signature.ts';
import { openPinned } from './pinned-signature.ts';

export interface CaSigner {
  readonly person: string;
  /** Of a FIDO credential, which is reached without an SSH key file. */
  readonly credentialId?: string;
}

export interface CaKey {
  readonly purpose: string;
  readonly key: PublicKey;
  readonly state: 'coming' | 'active' | 'retired' | 'offline';
  /** The person whose security key it is; none when the authority itself signs. */
  readonly signer?: CaSigner;
}

/** A bundle whose signature and contents were checked. */
export interface VerifiedBundle {
  readonly reply: BundleReply;
  /** What WebAuthn credentials of this authority are made for. */
  readonly rpId: string;
  /** The key that signed it. */
  readonly bundleKey: PublicKey;
  readonly number: number;
  readonly freshUntil: number;
  readonly caKeys: readonly CaKey[];
  readonly logKey: VerifierKey;
  /** What to pin from now on. */
  readonly pins: Pins;
}

/**
 * Verifies signature, authority and form. Time and number are checked by `acceptBundle`, since a stored bundle may be old.
 * @throws UsherCommandError `bundle-refused`
 */
export function verifyBundle(reply: BundleReply, origin: string, pins: Pins): VerifiedBundle {
  const { statement, signer: bundleKey } = openPinned(reply, BUNDLE_NAMESPACE, pins, 'the bundle');
  const signer = fingerprint(bundleKey);
  const bundle = parseStatement(statement);
  if (bundle.authority !== origin) throw refused(`the bundle is of ${bundle.authority}, not of ${origin}`);
  const announced = fingerprint(parseLine(bundle.bundleKey));
  return {
    reply,
    rpId: bundle.rpId,
    bundleKey,
    number: bundle.number,
    freshUntil: bundle.freshUntil,
    caKeys: bundle.caKeys.map(({ key, ...others }) => ({ ...others, key: parseLine(key) })),
    logKey: parseLogKey(bundle.logKey),
    pins: signer === announced ? { bundleKey: signer } : { bundleKey: signer, nextBundleKey: announced },
  };
}

/** @throws UsherCommandError `bundle-refused` */
export function acceptBundle(fetched: VerifiedBundle, seen: VerifiedBundle | undefined, now: number): void {
  acceptNewest(fetched, seen, now, 'the bundle');
}

/** Whether new certificates of this purpose may be signed by this key. */
export function isActiveCaKey(bundle: VerifiedBundle, purpose: string, key: PublicKey): boolean {
  return bundle.caKeys.some(
    (ca) => ca.purpose === purpose && ca.state === 'active' && samePublicKey(ca.key, key),
  );
}

function parseStatement(statement: Uint8Array): Bundle {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(statement));
    if (Value.Check(Bundle, value)) return value;
  } catch (cause) {
    throw refused('the bundle is not JSON', cause);
  }
  throw refused('the bundle does not have the form that this usher knows');
}

function parseLine(line: string): PublicKey {
  try {
    return parsePublicKeyLine(line).key;
  } catch (cause) {
    throw refused('a key in the bundle can not be read', cause);
  }
}

function parseLogKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text);
  } catch (cause) {
    throw refused('the log key in the bundle can not be read', cause);
  }
}

function refused(message: string, cause?: unknown): UsherCommandError {
  return new UsherCommandError('bundle-refused', message, cause === undefined ? {} : { cause });
}
