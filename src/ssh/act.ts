/**
 * Acts: what a person does to the authority itself with a touch, and what of it the touch covers. The parameters have one
 * encoding, which is part of the digest and stands in the log. This file runs in browsers too.
 *
 *   invite-host    string host | string token hash (32 bytes)
 *   revoke         string kind of target | string target | string reason
 *   stage-ca       string purpose | string fingerprint, or empty: the authority makes a new key
 *   activate-ca    string purpose | string fingerprint | string of strings: hosts that may lack the key
 *   retire-ca      string purpose | string fingerprint
 *   revoke-ca      string purpose | string fingerprint | string reason
 *
 * in the data types of RFC 4251, section 5.
 */
import { SshError } from './error.ts';
import { isFingerprint } from './public-key.ts';
import { isReason, MAX_REASON_LENGTH } from './reason.ts';
import { WireReader, WireWriter } from './wire.ts';

export const TARGET_KINDS = ['serial', 'person', 'key', 'machine', 'credential'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];

/** What is revoked: a serial in decimal, a person or host of the roster, a key by its fingerprint, a credential by its id. */
export interface RevocationTarget {
  readonly kind: TargetKind;
  readonly name: string;
}

export type Act =
  | { readonly kind: 'invite-host'; readonly host: string; readonly tokenHash: Uint8Array }
  | { readonly kind: 'revoke'; readonly target: RevocationTarget; readonly reason: string }
  | { readonly kind: 'stage-ca'; readonly purpose: string; readonly key: string }
  | {
      readonly kind: 'activate-ca';
      readonly purpose: string;
      readonly key: string;
      /** Names of hosts, ascending: it is done although they do not trust the key yet. */
      readonly evenWithout: readonly string[];
    }
  | { readonly kind: 'retire-ca'; readonly purpose: string; readonly key: string }
  | { readonly kind: 'revoke-ca'; readonly purpose: string; readonly key: string; readonly reason: string };

export type ActKind = Act['kind'];

export const ACT_KINDS = [
  'invite-host',
  'revoke',
  'stage-ca',
  'activate-ca',
  'retire-ca',
  'revoke-ca',
] as const satisfies readonly ActKind[];

/** Of everything together: a name is at most 255 characters, and so many hosts may be named. */
const MAX_HOSTS = 256;
const NAME = /^[\x21-\x7e]{1,1400}$/;
const WORD = /^[a-z]{1,32}$/;
const SERIAL = /^[1-9][0-9]{0,19}$/;
const HASH_BYTES = 32;

/** @throws SshError `bad-act` for one that `decodeAct` would refuse. */
export function actParameters(act: Act): Uint8Array {
  checkAct(act);
  const writer = new WireWriter();
  switch (act.kind) {
    case 'invite-host':
      return writer.string(act.host).string(act.tokenHash).bytes();
    case 'revoke':
      return writer.string(act.target.kind).string(act.target.name).string(act.reason).bytes();
    case 'stage-ca':
    case 'retire-ca':
      return writer.string(act.purpose).string(act.key).bytes();
    case 'activate-ca':
      return writer.string(act.purpose).string(act.key).string(nameList(act.evenWithout)).bytes();
    case 'revoke-ca':
      return writer.string(act.purpose).string(act.key).string(act.reason).bytes();
    default:
      throw new TypeError(`unknown act ${JSON.stringify(act satisfies never)}`);
  }
}

/** The only value that has these parameters. @throws SshError */
export function decodeAct(kind: string, parameters: Uint8Array): Act {
  const known = ACT_KINDS.find((each) => each === kind);
  if (known === undefined) throw badAct(`"${kind.slice(0, 32)}" is no act`);
  const reader = new WireReader(parameters);
  const act = readAct(known, reader);
  reader.end('the act');
  checkAct(act);
  return act;
}

function readAct(kind: ActKind, reader: WireReader): Act {
  switch (kind) {
    case 'invite-host':
      return { kind, host: reader.text(), tokenHash: reader.string() };
    case 'revoke':
      return {
        kind,
        target: { kind: targetKind(reader.text()), name: reader.text() },
        reason: reader.text(),
      };
    case 'stage-ca':
    case 'retire-ca':
      return { kind, purpose: reader.text(), key: reader.text() };
    case 'activate-ca':
      return {
        kind,
        purpose: reader.text(),
        key: reader.text(),
        evenWithout: readNames(reader.string()),
      };
    case 'revoke-ca':
      return { kind, purpose: reader.text(), key: reader.text(), reason: reader.text() };
  }
}

function checkAct(act: Act): void {
  switch (act.kind) {
    case 'invite-host':
      assertName(act.host);
      if (act.tokenHash.length !== HASH_BYTES) throw badAct('the hash of a token has 32 bytes');
      return;
    case 'revoke':
      checkTarget(act.target);
      assertReason(act.reason);
      return;
    case 'stage-ca':
      assertWord(act.purpose);
      if (act.key !== '') assertFingerprint(act.key);
      return;
    case 'activate-ca':
      assertKeyOf(act);
      checkNames(act.evenWithout);
      return;
    case 'retire-ca':
      assertKeyOf(act);
      return;
    case 'revoke-ca':
      assertKeyOf(act);
      assertReason(act.reason);
      return;
  }
}

function checkTarget({ kind, name }: RevocationTarget): void {
  targetKind(kind);
  assertName(name);
  if (kind === 'key') assertFingerprint(name);
  if (kind === 'serial' && (!SERIAL.test(name) || BigInt(name) > 0xffff_ffff_ffff_ffffn))
    throw badAct(`"${name}" is no serial: a number from 1 to 2^64 - 1`);
}

function targetKind(text: string): TargetKind {
  const kind = TARGET_KINDS.find((each) => each === text);
  if (kind === undefined) throw badAct(`"${text.slice(0, 32)}" can not be revoked`);
  return kind;
}

function assertKeyOf({ purpose, key }: { readonly purpose: string; readonly key: string }): void {
  assertWord(purpose);
  assertFingerprint(key);
}

function assertName(name: string): void {
  if (!NAME.test(name)) throw badAct('a name is 1 to 1400 printable characters without blanks');
}

function assertWord(word: string): void {
  if (!WORD.test(word)) throw badAct(`"${word.slice(0, 32)}" is no purpose`);
}

function assertFingerprint(text: string): void {
  if (!isFingerprint(text)) throw badAct('a key is named by its fingerprint: SHA256: and 43 characters');
}

/** Revocations are looked at years later: why is never left open. */
function assertReason(reason: string): void {
  if (reason === '' || !isReason(reason))
    throw badAct(`a reason is needed: at most ${MAX_REASON_LENGTH} printable characters of ASCII`);
}

function checkNames(names: readonly string[]): void {
  if (names.length > MAX_HOSTS) throw badAct(`at most ${MAX_HOSTS} hosts can be named`);
  names.forEach((name, index) => {
    assertName(name);
    if (index > 0 && name <= (names[index - 1] ?? '')) throw badAct('hosts are named once, in order');
  });
}

function nameList(names: readonly string[]): Uint8Array {
  const writer = new WireWriter();
  for (const name of names) writer.string(name);
  return writer.bytes();
}

function readNames(bytes: Uint8Array): readonly string[] {
  const reader = new WireReader(bytes);
  const names: string[] = [];
  while (reader.remaining > 0 && names.length <= MAX_HOSTS) names.push(reader.text());
  return names;
}

function badAct(message: string): SshError {
  return new SshError('bad-act', message);
}
