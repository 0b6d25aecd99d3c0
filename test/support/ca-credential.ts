/** A CA key that is a FIDO credential, made by the real fido2-cred. */
import { base64urlnopad } from '@scure/base';
import { parseAttestationObject } from '../../src/fido/attested-credential.ts';
import { securityKeyOfCose } from '../../src/fido/cose.ts';
import { credInput, parseCredOutput } from '../../src/fido/fido2-tools.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { runOrThrow } from './run.ts';
import type { VirtualKey } from './virtual-key.ts';
import { VIRTUAL_KEY_PARTS } from './virtual-key.ts';

/** What `haveParts` needs for it, and to sign with it. */
export const CREDENTIAL_PARTS = {
  ...VIRTUAL_KEY_PARTS,
  ...{ 'fido2-cred': 'fido2-tools', 'fido2-assert': 'fido2-tools', 'fido2-token': 'fido2-tools' },
} as const;

/** As its owner makes it: a credential whose RP id begins as OpenSSH's applications do. */
export async function makeCaCredential(
  key: VirtualKey,
  application: string,
): Promise<{ line: string; credentialId: string }> {
  const clientDataJSON = new TextEncoder().encode('{}');
  const input = credInput(clientDataJSON, application, 'bob', new Uint8Array(32));
  const stdout = await runOrThrow('fido2-cred', ['-M', key.device, 'es256'], { input });
  const made = parseCredOutput(stdout, { clientDataJSON, rpId: application, algorithm: 'es256' });
  const { publicKey } = parseAttestationObject(base64urlnopad.decode(made.attestationObject));
  const line = formatPublicKeyLine(securityKeyOfCose(publicKey, application));
  return { line, credentialId: made.credentialId };
}
