/**
 * A private key's fields on the wire, as ssh-agent messages and openssh-key-v1 files share them (OpenSSH: sshkey.c,
 * `sshkey_private_serialize`). These bytes are secret: they go into an agent or a file of mode 0600, nowhere else.
 */
import { base64urlnopad } from '@scure/base';
import type { PrivateKey, SecurityKeyFile } from './private-key.ts';
import type { PublicKey } from './public-key.ts';
import { writePublicKeyFields } from './public-key.ts';
import type { WireWriter } from './wire.ts';

/** What follows the type name for a plain key. */
export function writePrivateKeyFields(key: PrivateKey | SecurityKeyFile, writer: WireWriter): void {
  // The private form of an RSA key begins with n, e; the public form is e, n.
  if (key.publicKey.type === 'ssh-rsa') writer.mpint(key.publicKey.modulus).mpint(key.publicKey.exponent);
  else writePublicKeyFields(key.publicKey, writer);
  writeSecretFields(key, writer);
}

/** What follows the certificate for a certified key: mostly what the certificate does not tell already. */
export function writeCertifiedKeyFields(key: PrivateKey | SecurityKeyFile, writer: WireWriter): void {
  writeRepeatedFields(key.publicKey, writer);
  writeSecretFields(key, writer);
}

function writeRepeatedFields(key: PublicKey, writer: WireWriter): void {
  if (key.type === 'ssh-ed25519' || key.type === 'sk-ssh-ed25519@openssh.com') writer.string(key.point);
  if ('application' in key) writer.string(key.application);
}

function writeSecretFields(key: PrivateKey | SecurityKeyFile, writer: WireWriter): void {
  if ('keyHandle' in key) writer.byte(key.flags).string(key.keyHandle).string('');
  else writeNumbers(key, writer);
}

function writeNumbers({ publicKey, object }: PrivateKey, writer: WireWriter): void {
  const { d, qi, p, q } = object.export({ format: 'jwk' });
  if (publicKey.type === 'ssh-ed25519') writer.string(Uint8Array.of(...number(d), ...publicKey.point));
  else if (publicKey.type === 'ssh-rsa')
    writer.mpint(number(d)).mpint(number(qi)).mpint(number(p)).mpint(number(q));
  else writer.mpint(number(d));
}

function number(text: string | undefined): Uint8Array {
  if (text === undefined) throw new TypeError('this is not a private key');
  return base64urlnopad.decode(text);
}
