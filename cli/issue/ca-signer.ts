/** A person's own CA key, where CA keys are security keys of people: it signs the draft itself. */
import { resolve } from 'node:path';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import { FidoError } from '../../src/fido/error.ts';
import { sshSignatureOf } from '../../src/fido/ssh-signature.ts';
import { inspectDraftSignature } from '../../src/ssh/certificate-signature.ts';
import type { PublicKey, SecurityPublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint, isSecurityKey, samePublicKey } from '../../src/ssh/public-key.ts';
import type { CaKey, VerifiedBundle } from '../authority/bundle.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { changeSettings } from '../authority/settings.ts';
import type { CheckedDraft } from '../check/draft-fields.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import type { WayOptions } from '../touch/choose.ts';
import { providerOf } from '../touch/choose.ts';
import { assertOver } from '../touch/security-key.ts';
import { loadSecurityKey, signWithSecurityKey } from './subject.ts';

export interface CaKeyOptions extends WayOptions {
  /** A file, or the word for a key that has none. */
  readonly caKey?: string;
}

export interface CaSigner {
  readonly key: PublicKey;
  readonly sign: (draft: Uint8Array, userVerification: UserVerification) => Promise<Uint8Array>;
}

type UserVerification = 'required' | 'discouraged';

/** The alternative that this key may sign, and the signature. */
export interface CaSignature {
  readonly draft: number;
  readonly signature: Uint8Array;
}

/** In place of a file: a FIDO credential that fido2-assert reaches. */
const CREDENTIAL = 'credential';
/** PROTOCOL.u2f, SSH_SK_USER_VERIFICATION_REQD. */
const VERIFY_USER = 0x04;

/** Whether sudo certificates of this authority are signed by keys of people. */
export function isSignedByPeople({ caKeys }: VerifiedBundle): boolean {
  return caKeys.some(({ purpose, state, signer }) => purpose === 'sudo' && state === 'active' && signer);
}

/** @throws UsherCommandError `key-file` unless it is an active CA key of this person. */
export async function openCaKey(
  enrolled: Enrolled,
  bundle: VerifiedBundle,
  options: CaKeyOptions,
): Promise<CaSigner> {
  const mine = bundle.caKeys.filter(
    ({ purpose, state, signer }) =>
      purpose === 'sudo' && state === 'active' && signer?.person === enrolled.settings.person,
  );
  const named = options.caKey ?? enrolled.settings.caKey ?? onlyCredential(mine);
  if (named === undefined)
    throw new UsherCommandError('usage', 'your CA key has to sign, and it is not known where it is', {
      hint: 'name the file of your security key once: --ca-key FILE',
    });
  return named === CREDENTIAL
    ? credentialSigner(enrolled, mine, options)
    : fileSigner(enrolled, mine, resolve(named), options);
}

/** So that it need not be named again. */
export async function rememberCaKey({ paths, name }: Enrolled, { caKey }: CaKeyOptions): Promise<void> {
  if (caKey === undefined) return;
  const kept = caKey === CREDENTIAL ? caKey : resolve(caKey);
  await changeSettings(paths, name, (current) => ({ ...current, caKey: kept }));
}

/** @throws UsherCommandError `draft-refused` when none of the drafts is for this key, `touch-failed` when it does not sign. */
export async function signDraft(
  signer: CaSigner,
  drafts: readonly CheckedDraft[],
  userVerification: UserVerification,
): Promise<CaSignature> {
  const draft = drafts.findIndex(({ fields }) => samePublicKey(fields.authority, signer.key));
  const chosen = drafts[draft];
  if (chosen === undefined)
    throw new UsherCommandError('draft-refused', 'none of the drafts is to be signed by your CA key', {
      hint: 'was the key added to the roster after it was asked for? Then it has to be asked for again',
    });
  const signature = await signer.sign(chosen.bytes, userVerification);
  const made = inspectDraftSignature(signer.key, chosen.bytes, signature);
  if (!made.valid || made.securityKey?.userPresent !== true)
    throw new UsherCommandError('touch-failed', 'your CA key made no good signature, or was not touched');
  return { draft, signature };
}

async function fileSigner(
  { surroundings }: Enrolled,
  mine: readonly CaKey[],
  file: string,
  options: CaKeyOptions,
): Promise<CaSigner> {
  const loaded = await loadSecurityKey(file);
  const { publicKey: key } = loaded;
  if (!mine.some((ca) => samePublicKey(ca.key, key)))
    throw new UsherCommandError('key-file', `${file} is no active CA key of yours (${fingerprint(key)})`, {
      hint: 'the roster names them (sudo_ca): ask the keeper of your fleet',
    });
  const provider = providerOf(surroundings, options);
  return {
    key,
    sign: (draft, userVerification) => {
      const used =
        userVerification === 'required' ? { ...loaded, flags: loaded.flags | VERIFY_USER } : loaded;
      return signWithSecurityKey(surroundings, used, draft, provider);
    },
  };
}

function credentialSigner(
  { surroundings }: Enrolled,
  mine: readonly CaKey[],
  options: CaKeyOptions,
): CaSigner {
  const found = mine.find(({ signer }) => signer?.credentialId !== undefined);
  const id = found?.signer?.credentialId;
  if (found === undefined || id === undefined || !isSecurityKey(found.key))
    throw new UsherCommandError('key-file', 'no active CA key of yours is a FIDO credential', {
      hint: 'name the file of your security key: --ca-key FILE',
    });
  const { key } = found;
  return {
    key,
    sign: (draft, userVerification) =>
      signWithCredential(surroundings, { key, id, device: options.device }, draft, userVerification),
  };
}

/** A FIDO credential that fido2-assert reaches, used as the SSH key that it is. */
interface KeyCredential {
  readonly key: SecurityPublicKey;
  /** In base64url. */
  readonly id: string;
  readonly device: string | undefined;
}

export async function signWithCredential(
  surroundings: Surroundings,
  { key, id, device }: KeyCredential,
  data: Uint8Array,
  userVerification: UserVerification,
): Promise<Uint8Array> {
  const question = { data, rpId: key.application, credentialIds: [id], userVerification };
  return signatureOf(key, await assertOver(surroundings, device, question));
}

function signatureOf(key: SecurityPublicKey, assertion: AssertionJson): Uint8Array {
  try {
    return sshSignatureOf(key, {
      authenticatorData: decodeBytes(assertion.authenticatorData),
      signature: decodeBytes(assertion.signature),
    });
  } catch (cause) {
    if (!(cause instanceof FidoError)) throw cause;
    throw new UsherCommandError(
      'touch-failed',
      `the security key did not sign as a CA key: ${cause.message}`,
      {
        cause,
      },
    );
  }
}

/** Who has but one key, without a file, need not name it. */
function onlyCredential(mine: readonly CaKey[]): string | undefined {
  return mine.length === 1 && mine[0]?.signer?.credentialId !== undefined ? CREDENTIAL : undefined;
}
