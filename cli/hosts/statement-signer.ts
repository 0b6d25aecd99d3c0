/** The key by which an approver signs a statement about a keyless sudo CA: a security key by file or credential, or one kept for emergencies. */
import type { SudoCaKey } from '../../src/policy/roster.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { isSecurityKey } from '../../src/ssh/public-key.ts';
import { encodeSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import { UsherCommandError } from '../error.ts';
import { signWithCredential } from '../issue/ca-signer.ts';
import { fileSubject, loadSecurityKey, signWithSecurityKey } from '../issue/subject.ts';
import type { Surroundings } from '../surroundings.ts';
import type { WayOptions } from '../touch/choose.ts';
import { providerOf } from '../touch/choose.ts';

interface StatementSigner {
  readonly publicKey: PublicKey;
  /** The SSHSIG blob over `message`. */
  readonly sign: (namespace: string, message: Uint8Array) => Promise<Uint8Array>;
}

export interface SignerOptions extends WayOptions {
  /** A file, or the word for a key that has none. */
  readonly key: string;
}

/** As with `--ca-key`. */
const CREDENTIAL = 'credential';

/** @param own the keys of the person in the roster. @throws UsherCommandError `key-file` */
export async function openStatementSigner(
  surroundings: Surroundings,
  options: SignerOptions,
  own: readonly SudoCaKey[],
): Promise<StatementSigner> {
  if (options.key === CREDENTIAL) return credentialSigner(surroundings, options, own);
  const provider = providerOf(surroundings, options);
  const subject = await fileSubject(surroundings, options.key, provider);
  if (!isSecurityKey(subject.publicKey)) return subject;
  const file = await loadSecurityKey(options.key);
  return touchedSigner(file.publicKey, (data) => signWithSecurityKey(surroundings, file, data, provider));
}

function credentialSigner(
  surroundings: Surroundings,
  { device }: SignerOptions,
  own: readonly SudoCaKey[],
): StatementSigner {
  const found = own.find(({ credentialId }) => credentialId !== undefined);
  if (found?.credentialId === undefined)
    throw new UsherCommandError('key-file', 'no CA key of yours in the roster is a FIDO credential', {
      hint: 'name the file of your security key: --key FILE',
    });
  const credential = { key: found.key, id: found.credentialId, device };
  // It decides who is root: whoever finds the key lying about shall not have it signed.
  return touchedSigner(found.key, (data) => signWithCredential(surroundings, credential, data, 'required'));
}

function touchedSigner(
  publicKey: PublicKey,
  signWithTouch: (data: Uint8Array) => Promise<Uint8Array>,
): StatementSigner {
  return {
    publicKey,
    sign: async (namespace, message) =>
      encodeSshsig(publicKey, namespace, await signWithTouch(sshsigPreimage(namespace, message))),
  };
}
