/** Statements about a keyless sudo CA for tests, signed by security keys in software. */
import type { SignedStatement } from '../../src/fleet/signed-statement.ts';
import { joinStatement, openStatement, SUDO_CA_NAMESPACE } from '../../src/fleet/signed-statement.ts';
import type { StatedKey, SudoCaStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { formatStatement } from '../../src/fleet/sudo-ca-statement.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodeSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import type { TestSigner } from '../support/keys.ts';
import { generateKey, generateSecurityKey } from '../support/keys.ts';

export const ORIGIN = 'https://ca.example.org';

export const CAROL = generateSecurityKey('sk-ssh-ed25519@openssh.com');
export const DAVE = generateSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com');
export const GONE = generateSecurityKey('sk-ssh-ed25519@openssh.com');
/** A key in a file, kept for emergencies. */
export const GLASS = plainSigner();

export function plainSigner(): TestSigner {
  const key = generateKey('ssh-ed25519');
  return { publicKey: key.publicKey, sign: (message) => signMessage(key, message) };
}

export const stated = (
  key: PublicKey,
  state: StatedKey['state'] = 'active',
  holder = 'carol',
): StatedKey => ({
  key,
  state,
  holder,
});

export const STATEMENT: SudoCaStatement = {
  authority: ORIGIN,
  number: 7,
  madeAt: 1_800_000_000,
  everywhere: true,
  keys: [
    stated(CAROL.publicKey),
    stated(DAVE.publicKey, 'coming', 'dave'),
    stated(GONE.publicKey, 'retired', 'gone'),
    stated(GLASS.publicKey, 'offline', 'vault'),
  ],
};

interface SigningChanges {
  readonly namespace?: string;
  /** What is signed instead of the text. */
  readonly text?: string;
  /** Whose key the signature names, whoever made it. */
  readonly named?: PublicKey;
}

/** The text of a signed statement, whether or not anybody would take it. */
export function signedText(
  statement: SudoCaStatement,
  signer: TestSigner,
  changes: SigningChanges = {},
): string {
  const text = formatStatement(statement);
  const { namespace = SUDO_CA_NAMESPACE, named = signer.publicKey } = changes;
  const message = new TextEncoder().encode(changes.text ?? text);
  const signature = signer.sign(sshsigPreimage(namespace, message));
  return joinStatement(text, encodeSshsig(named, namespace, signature));
}

export function sign(statement: SudoCaStatement, signer: TestSigner = CAROL): SignedStatement {
  return openStatement(signedText(statement, signer));
}
