/**
 * The digest that a touch signs: authority, command and page each compute it from what they show. Runs in browsers too.
 *
 *   string  "usher touch v1"
 *   string  origin of the authority
 *   string  kind of the action
 *   string  request id
 *   string  nonce (32 bytes, random, by the authority)
 *   uint64  expires at (Unix seconds)
 *   kind "issue":              string  draft hashes = string(32)..., the SHA-256 of each draft, in order
 *   kind "issue-with-reason":  string  draft hashes, as above
 *                              string  reason
 *   kinds "approve", "reject": string  digest of somebody else's request (32 bytes), whose id and nonce stand above
 *   kind "enroll":             string  person
 *                              string  credential id
 *                              string  public key (COSE for webauthn, SSH blob for ssh-sk)
 *                              string  invite id
 *   kinds of acts:             string  parameters, as `ssh/act.ts` encodes them
 *
 * in the data types of RFC 4251, section 5; the digest is SHA-256 over all of it.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Act } from '../ssh/act.ts';
import { actParameters } from '../ssh/act.ts';
import { WireWriter } from '../ssh/wire.ts';
import { FidoError } from './error.ts';

/** What somebody else's touch says to a request. */
export type Answer = 'approve' | 'reject';

export type TouchAction =
  | { readonly kind: 'issue'; readonly draftHashes: readonly Uint8Array[] }
  | {
      readonly kind: 'issue-with-reason';
      readonly draftHashes: readonly Uint8Array[];
      readonly reason: string;
    }
  | { readonly kind: Answer; readonly requestDigest: Uint8Array }
  | Act
  | {
      readonly kind: 'enroll';
      readonly person: string;
      readonly credentialId: string;
      readonly publicKey: Uint8Array;
      readonly inviteId: string;
    };

export interface TouchStatement {
  /** As browsers write it: scheme, host, and the port if it is not the scheme's own. */
  readonly origin: string;
  readonly action: TouchAction;
  readonly requestId: string;
  /** 32 bytes. */
  readonly nonce: Uint8Array;
  /** Unix seconds. */
  readonly expiresAt: number;
}

const HASH_BYTES = 32;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_CHARACTERS = 8;

/**
 * @returns 32 bytes, the WebAuthn challenge.
 * @throws FidoError('malformed') for a statement that can not be: an empty list of drafts, a hash or nonce of another size.
 */
export function touchDigest(statement: TouchStatement): Uint8Array {
  const writer = new WireWriter()
    .string('usher touch v1')
    .string(statement.origin)
    .string(statement.action.kind)
    .string(statement.requestId)
    .string(hashSized(statement.nonce, 'the nonce'))
    .uint64(unixSeconds(statement.expiresAt));
  writeAction(statement.action, writer);
  return sha256(writer.bytes());
}

/** The one action that asks for these drafts. @param reason empty when none was given */
export function issueAction(draftHashes: readonly Uint8Array[], reason: string): TouchAction {
  return reason === '' ? { kind: 'issue', draftHashes } : { kind: 'issue-with-reason', draftHashes, reason };
}

/** What a terminal shows and a person types into the page of another machine: 40 bits of the digest, "ABCD-EFGH". */
export function touchCode(digest: Uint8Array): string {
  const hash = sha256(
    new WireWriter().string('usher code v1').string(hashSized(digest, 'the digest')).bytes(),
  );
  const bits = hash.subarray(0, 5).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const characters = Array.from({ length: CODE_CHARACTERS }, (_, index) => {
    const shift = BigInt(5 * (CODE_CHARACTERS - 1 - index));
    return CROCKFORD[Number((bits >> shift) & 31n)] ?? '';
  });
  return `${characters.slice(0, 4).join('')}-${characters.slice(4).join('')}`;
}

/** A code as people type it, in the one form that is compared: Crockford's rules for case, blanks and lookalikes. */
export function normalizeCode(text: string): string {
  return text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

function writeAction(action: TouchAction, writer: WireWriter): void {
  switch (action.kind) {
    case 'issue':
      writer.string(draftHashList(action.draftHashes));
      return;
    case 'issue-with-reason':
      // Without one there is "issue": two digests for one request would be two things to touch.
      if (action.reason === '') throw new FidoError('malformed', 'a reason is not empty');
      writer.string(draftHashList(action.draftHashes)).string(action.reason);
      return;
    case 'approve':
    case 'reject':
      writer.string(hashSized(action.requestDigest, 'the digest of the request'));
      return;
    case 'enroll':
      writer
        .string(action.person)
        .string(action.credentialId)
        .string(action.publicKey)
        .string(action.inviteId);
      return;
    case 'invite-host':
    case 'revoke':
    case 'stage-ca':
    case 'activate-ca':
    case 'retire-ca':
    case 'revoke-ca':
      writer.string(actParameters(action));
      return;
    default:
      // A kind that an older page does not know must not become a digest that leaves its parameters out.
      throw new FidoError('malformed', `unknown action ${JSON.stringify(action satisfies never)}`);
  }
}

function draftHashList(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) throw new FidoError('malformed', 'a touch covers at least one draft');
  const writer = new WireWriter();
  for (const hash of hashes) writer.string(hashSized(hash, 'a draft hash'));
  return writer.bytes();
}

function hashSized(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length !== HASH_BYTES)
    throw new FidoError('malformed', `${what} has ${HASH_BYTES} bytes, not ${bytes.length}`);
  return bytes;
}

function unixSeconds(time: number): bigint {
  if (!Number.isSafeInteger(time) || time < 0)
    throw new FidoError('malformed', 'a time is a whole number of Unix seconds');
  return BigInt(time);
}
