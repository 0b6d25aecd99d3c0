/**
 * Go's golang.org/x/crypto/ssh as a judge of certificates: it is what pam-ussh uses. The program is in test/interop/xcrypto; it is built once a
 * run of `startXcrypto`, into a directory that goes away with it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { base64 } from '@scure/base';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { program } from './parts.ts';
import { runOrThrow } from './run.ts';

/** What `haveParts` needs for `startXcrypto`. */
export const XCRYPTO_PARTS = {
  go: 'golang-go',
  '/usr/share/gocode/src/golang.org/x/crypto/ssh/certs.go': 'golang-golang-x-crypto-dev',
} as const;

export interface XcryptoCase {
  readonly id: string;
  readonly certificate: Uint8Array;
  readonly authorities: readonly PublicKey[];
  /** `user` as a Go server, `host` as a Go client, `any` as pam-ussh, which does not look at the type. */
  readonly as: 'user' | 'host' | 'any';
  /** Each of these must be accepted: the login, or the host's name. */
  readonly principals: readonly string[];
  /** When given, one of these must be a principal too (pam-ussh's `authorized_principals`). */
  readonly oneOf?: readonly string[];
  /** Unix time in seconds. */
  readonly time: number;
  /** Critical options that the caller says it enforces; pam-ussh enforces none. `source-address` always passes. */
  readonly supportedCriticalOptions?: readonly string[];
  readonly revokedSerials?: readonly bigint[];
}

export interface XcryptoAnswer {
  readonly id: string;
  readonly accepted: boolean;
  /** Why it was refused, in x/crypto's words; empty when it was not. */
  readonly reason: string;
}

/** An agent whose certificates are tried one after the other, as pam-ussh tries them. */
export interface XcryptoWalk {
  readonly id: string;
  /** Path of its socket. */
  readonly agent: string;
  /** What stands in the file of CA keys. */
  readonly authorityFile: Uint8Array;
  readonly user: string;
  /** One of these must be a principal, besides the user; without any, the user is enough. */
  readonly wanted: readonly string[];
  /** Unix time in seconds. */
  readonly time: number;
  /** In milliseconds: an agent that takes longer hangs. */
  readonly patience: number;
}

export interface XcryptoWalked {
  readonly outcome: 'success' | 'refused' | 'panic' | 'hang';
  /** In the words of pam-ussh. */
  readonly log: readonly string[];
}

export interface Xcrypto extends AsyncDisposable {
  /** The answers, in the order of the cases. */
  ask(cases: readonly XcryptoCase[]): Promise<readonly XcryptoAnswer[]>;
  walk(walks: readonly XcryptoWalk[]): Promise<readonly XcryptoWalked[]>;
  stop(): Promise<void>;
}

/** Compiles the program (some seconds) and returns a way to ask it. */
export async function startXcrypto(): Promise<Xcrypto> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-xcrypto-'));
  const stop = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const binary = join(directory, 'xcrypto');
  const cwd = join(import.meta.dirname, '../interop/xcrypto');
  const env = {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOCACHE: join(directory, 'cache'),
    GOFLAGS: '',
  };
  await runOrThrow(program('go'), ['build', '-o', binary, '.'], { cwd, env, timeout: 300_000 });
  const ask = (cases: readonly XcryptoCase[]) => answersOf(binary, cases.map(asJson));
  const walk = async (walks: readonly XcryptoWalk[]): Promise<readonly XcryptoWalked[]> =>
    (await answersOf(binary, walks.map(walkAsJson))).flatMap(({ walk: walked }) => walked ?? []);
  return { ask, walk, stop, [Symbol.asyncDispose]: stop };
}

/** What the program answers each line with (main.go, type answer). */
interface Answer extends XcryptoAnswer {
  readonly walk?: XcryptoWalked;
}

async function answersOf(
  binary: string,
  cases: readonly { readonly id: string }[],
): Promise<readonly Answer[]> {
  const input = cases.map((one) => `${JSON.stringify(one)}\n`).join('');
  const output = await runOrThrow(binary, [], { input });
  const lines = output.trim().split('\n');
  const answers = lines.map((line) => JSON.parse(line) as Answer);
  if (answers.length !== cases.length || answers.some(({ id }, index) => id !== cases[index]?.id))
    throw new Error('x/crypto did not answer every case');
  return answers;
}

function walkAsJson({ id, ...walk }: XcryptoWalk) {
  return { id, walk: { ...walk, authorityFile: base64.encode(walk.authorityFile) } };
}

function asJson(one: XcryptoCase) {
  return {
    ...one,
    certificate: base64.encode(one.certificate),
    authorities: one.authorities.map((key) => base64.encode(encodePublicKey(key))),
    revokedSerials: (one.revokedSerials ?? []).map(String),
  };
}
