/**
 * Go's golang.org/x/crypto/ssh as a judge of certificates: it is what pam-ussh uses. The program is test/interop/xcrypto/main.go; it is built once a
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

export interface Xcrypto extends AsyncDisposable {
  /** The answers, in the order of the cases. */
  ask(cases: readonly XcryptoCase[]): Promise<readonly XcryptoAnswer[]>;
  stop(): Promise<void>;
}

/** Compiles the program (some seconds) and returns a way to ask it. */
export async function startXcrypto(): Promise<Xcrypto> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-test-xcrypto-'));
  const stop = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const binary = join(directory, 'xcrypto');
  const source = join(import.meta.dirname, '../interop/xcrypto/main.go');
  const env = {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOCACHE: join(directory, 'cache'),
    GOFLAGS: '',
  };
  await runOrThrow(program('go'), ['build', '-o', binary, source], { env, timeout: 300_000 });
  const ask = async (cases: readonly XcryptoCase[]): Promise<readonly XcryptoAnswer[]> => {
    const input = cases.map((one) => `${JSON.stringify(asJson(one))}\n`).join('');
    const output = await runOrThrow(binary, [], { input });
    // The program answers each line with one of this shape (main.go, type answer).
    const answers = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as XcryptoAnswer);
    if (answers.length !== cases.length || answers.some(({ id }, index) => id !== cases[index]?.id))
      throw new Error('x/crypto did not answer every case');
    return answers;
  };
  return { ask, stop, [Symbol.asyncDispose]: stop };
}

function asJson(one: XcryptoCase) {
  return {
    ...one,
    certificate: base64.encode(one.certificate),
    authorities: one.authorities.map((key) => base64.encode(encodePublicKey(key))),
    revokedSerials: (one.revokedSerials ?? []).map(String),
  };
}
