/**
 * Touch by an `sk` SSH key: it signs the clientDataJSON itself, which makes its signature a WebAuthn assertion. The key is used
 * from its file, through a private agent; never through SSH_AUTH_SOCK, which may be forwarded.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { buildClientData } from '../../src/fido/client-data.ts';
import { assertionFromSshSignature } from '../../src/fido/ssh-assertion.ts';
import type { SshOffer } from '../../src/http/contract/enrolments.ts';
import type { SecurityKeyFile } from '../../src/ssh/private-key.ts';
import { encodePublicKey, isSecurityKey } from '../../src/ssh/public-key.ts';
import { readIfThere } from '../atomic-file.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import { loadSecurityKey, signWithSecurityKey } from '../issue/subject.ts';
import type { Surroundings } from '../surroundings.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import { say } from '../terminal.ts';
import { runInteractively } from './run.ts';
import type { RegisterQuestion, TouchWay } from './way.ts';

/** PROTOCOL.u2f, SSH_SK_USER_VERIFICATION_REQD: makes the agent ask the authenticator for the PIN or finger too. */
const VERIFY_USER = 0x04;

interface SshKeyOptions {
  /** The file of the private key, as ssh-keygen wrote it; it is made at enrolment when it is not there. */
  readonly file: string;
  /** The library that talks to the authenticator; OpenSSH's own when undefined. */
  readonly provider: string | undefined;
}

export function sshKeyWay(surroundings: Surroundings, options: SshKeyOptions): TouchWay {
  return {
    name: 'ssh-key',
    touch: async ({ digest, origin, userVerification }) => {
      const key = await loadSecurityKey(options.file);
      if (!isSecurityKey(key.publicKey)) throw notASecurityKey(options.file);
      const clientData = buildClientData('webauthn.get', digest, origin);
      const used = userVerification === 'required' ? { ...key, flags: key.flags | VERIFY_USER } : key;
      const signature = await signWithSecurityKey(surroundings, used, clientData, options.provider);
      return assertionFromSshSignature(key.publicKey, signature, clientData);
    },
    register: async (question) => {
      if ((await readIfThere(options.file, 65_536)) === undefined)
        return makeKey(surroundings, options, question);
      return offerOf(await loadSecurityKey(options.file));
    },
  };
}

/** A new key. The challenge file is a clientDataJSON, so that what the maker says of the key can be verified (src/fido). */
async function makeKey(
  surroundings: Surroundings,
  { file, provider }: SshKeyOptions,
  question: RegisterQuestion,
): Promise<SshOffer> {
  const clientData = buildClientData('webauthn.create', decodeBytes(question.nonce), question.origin);
  return withTemporaryDirectory(undefined, async (directory) => {
    const [challenge, attestation] = [join(directory, 'challenge'), join(directory, 'attestation')];
    await writeFile(challenge, clientData, { mode: 0o600 });
    say(surroundings, `making ${file}: touch your security key`);
    const args = keygenArguments(question, file, provider, challenge, attestation);
    await runInteractively(surroundings, 'ssh-keygen', args);
    const offer = offerOf(await loadSecurityKey(file));
    // Which model the key is concerns nobody who does not ask for it.
    if (question.attestation !== 'direct') return offer;
    const statement = encode(new Uint8Array(await readFile(attestation)));
    return { ...offer, attestation: { clientDataJSON: encode(clientData), statement } };
  });
}

function offerOf({ publicKey, comment }: SecurityKeyFile): SshOffer {
  const label = comment.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64);
  return { kind: 'ssh-sk', label, publicKey: encode(encodePublicKey(publicKey)) };
}

function keygenArguments(
  question: RegisterQuestion,
  file: string,
  provider: string | undefined,
  challenge: string,
  attestation: string,
): readonly string[] {
  return [
    ...['-q', '-t', 'ed25519-sk', '-N', '', '-f', file],
    ...['-C', `${question.person}@${hostname()}`],
    // An application of this authority's own: no other one can use the key's signatures.
    ...['-O', `application=ssh:${new URL(question.origin).hostname}`],
    ...['-O', `challenge=${challenge}`, '-O', `write-attestation=${attestation}`],
    ...(question.userVerification === 'required' ? ['-O', 'verify-required'] : []),
    ...(provider === undefined ? [] : ['-w', provider]),
  ];
}

function encode(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

function notASecurityKey(file: string): UsherCommandError {
  return new UsherCommandError('key-file', `${file} is not the file of a security key`);
}
