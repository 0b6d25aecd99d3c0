/**
 * `ca_file`, as x/crypto's ParseAuthorizedKey reads it: on each line the word behind the first blank is a key or, when it is none, the second word
 * behind options that are ignored. Whatever is no key is skipped without a word, except behind the last key.
 */
import type { Finding } from './finding.ts';
import type { GoCertificate } from './go-certificate.ts';
import { parseGoIdentity } from './go-certificate.ts';
import type { GoKey } from './go-key.ts';
import { goText } from './go-text.ts';

export interface CaFileKey {
  /** A certificate there is a CA only for old x/crypto, and never what was meant. */
  readonly key: GoKey | GoCertificate;
  readonly comment: string;
  /** From 1. */
  readonly line: number;
}

export interface CaFile {
  readonly keys: readonly CaFileKey[];
  readonly log: readonly string[];
  readonly findings: readonly Finding[];
}

const SKIPPED = 'skipping bad public key: ssh: no key found';
/** What Go's bytes.TrimSpace takes away; unlike JavaScript's, it leaves a byte order mark. */
const AROUND =
  /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;
/** A word, quoted blanks included, and what follows its blanks. An escaped quote does not end what is quoted. */
const OPTIONS_AND_REST = /^((?:[^ \t"]|(?<=\\)"|(?<!\\)"(?:[^"]|(?<=\\)")*(?<!\\)")*)[ \t]+(.*)$/s;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function parseCaFile(bytes: Uint8Array): CaFile {
  const lines = goText(bytes).split('\n').map(readLine);
  const keys = lines.flatMap((line, index) => (line.kind === 'key' ? [{ ...line, line: index + 1 }] : []));
  return { keys, log: isRestSkipped(bytes, lines) ? [SKIPPED] : [], findings: findingsOf(lines) };
}

type Line =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'skipped'; readonly reason: string }
  | {
      readonly kind: 'key';
      readonly key: GoKey | GoCertificate;
      readonly comment: string;
      readonly hasOptions: boolean;
    };

function readLine(whole: string): Line {
  const [untilReturn = ''] = whole.split('\r');
  const line = trim(untilReturn);
  if (line === '' || line.startsWith('#')) return { kind: 'nothing' };
  const direct = keyBehindFirstWord(line);
  if (direct !== undefined) return { kind: 'key', ...direct, hasOptions: false };
  const behindOptions = keyBehindFirstWord(OPTIONS_AND_REST.exec(line)?.[2] ?? '');
  if (behindOptions !== undefined) return { kind: 'key', ...behindOptions, hasOptions: true };
  return { kind: 'skipped', reason: reasonOf(line) };
}

/** The first word, the type, is not even looked at. */
function keyBehindFirstWord(text: string) {
  const blank = text.search(/[ \t]/);
  if (blank < 0) return undefined;
  const [encoded = ''] = trim(text.slice(blank)).split(/[ \t]/);
  if (!BASE64.test(encoded)) return undefined;
  const key = parseGoIdentity(Buffer.from(encoded, 'base64'));
  if (key.kind === 'unreadable') return undefined;
  return { key, comment: trim(trim(text.slice(blank)).slice(encoded.length)) };
}

function trim(text: string): string {
  return text.replaceAll(AROUND, '');
}

function reasonOf(line: string): string {
  if (line.startsWith('@')) return 'pam-ussh does not know markers such as @cert-authority';
  if (/^(-----|---- )BEGIN/.test(line)) return 'pam-ussh does not read PEM, PKCS8 or RFC 4716';
  return 'there is no key that x/crypto reads';
}

/** It goes on behind each key until nothing is left; what is left without a key is what it logs, once. */
function isRestSkipped(bytes: Uint8Array, lines: readonly Line[]): boolean {
  const last = lines.findLastIndex(({ kind }) => kind === 'key');
  const ends = last === lines.length - 1 || (last === lines.length - 2 && bytes.at(-1) === 0x0a);
  return last < 0 || !ends;
}

function findingsOf(lines: readonly Line[]): readonly Finding[] {
  const found = lines.flatMap(findingsOfLine);
  if (lines.some(({ kind }) => kind === 'key')) return found;
  const none = finding(
    'error',
    'no CA key is read from it',
    'put one line of a .pub file into it for each CA key',
  );
  return [none, ...found];
}

function findingsOfLine(line: Line, index: number): readonly Finding[] {
  const place = `line ${index + 1}`;
  switch (line.kind) {
    case 'nothing':
      return [];
    case 'skipped':
      return [
        finding('warning', `${place} is skipped: ${line.reason}`, 'write it as in a .pub file, or remove it'),
      ];
    case 'key':
      return findingsOfKey(line.key, line.hasOptions, place);
    default:
      return line satisfies never;
  }
}

function findingsOfKey(key: GoKey | GoCertificate, hasOptions: boolean, place: string): readonly Finding[] {
  if (key.kind === 'certificate')
    return [finding('error', `${place} is a certificate, no CA key`, 'put the .pub file of the CA there')];
  if (!hasOptions) return [];
  const sentence = `the options on ${place} are ignored: the key may sign for everybody from everywhere`;
  return [finding('warning', sentence, 'remove them, so that nobody relies on them')];
}

function finding(level: Finding['level'], sentence: string, hint: string): Finding {
  return { check: 'host.ca_file', level, sentence, hint };
}
