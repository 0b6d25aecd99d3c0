import { describe, expect, it } from 'vitest';
import { parseAssertion } from '../../src/fido/assertion.ts';
import { assertionFromSshSignature } from '../../src/fido/ssh-assertion.ts';
import { sshSignatureOf } from '../../src/fido/ssh-signature.ts';
import { verifySignature } from '../../src/ssh/signature.ts';
import { codeOf } from '../support/code-of.ts';
import { generateSecurityKey } from '../support/keys.ts';

const DATA = new TextEncoder().encode('a draft');

describe.each(['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const)(
  'the answer of a credential that is the key %s',
  (type) => {
    const key = generateSecurityKey(type, 'ssh:ca');
    const answer = () => parseAssertion(assertionFromSshSignature(key.publicKey, key.sign(DATA), DATA));

    it('is its SSH signature over what was hashed', () => {
      const signature = sshSignatureOf(key.publicKey, answer());
      expect(verifySignature(key.publicKey, signature, DATA)).toMatchObject({
        valid: true,
        securityKey: { userPresent: true, counter: 7 },
      });
    });

    it('for another application is refused', () => {
      const other = { ...key.publicKey, application: 'ssh:other' };
      expect(codeOf(() => sshSignatureOf(other, answer()))).toBe('rp-mismatch');
    });

    it('with extensions is refused: they are signed, and have no place', () => {
      const { authenticatorData, signature } = answer();
      const extended = { signature, authenticatorData: Uint8Array.of(...authenticatorData, 0xa0) };
      expect(codeOf(() => sshSignatureOf(key.publicKey, extended))).toBe('malformed');
    });

    it('with a signature of another form is refused', () => {
      const cut = { ...answer(), signature: new Uint8Array(63) };
      expect(codeOf(() => sshSignatureOf(key.publicKey, cut))).toBe('malformed');
    });
  },
);
