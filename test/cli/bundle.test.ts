import { base64urlnopad } from '@scure/base';
import { describe, expect, it } from 'vitest';
import { acceptBundle, isActiveCaKey, verifyBundle } from '../../cli/authority/bundle.ts';
import type { Pins } from '../../cli/authority/pinned-signature.ts';
import type { Bundle, BundleReply } from '../../src/http/contract/bundle.ts';
import { formatVerifierKey } from '../../src/log/note-key.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { generateKey } from '../support/keys.ts';

const NOW = 1_800_000_000;
const ORIGIN = 'https://ca.example.org';
const [OLD, NEW, CA, STRANGER] = [1, 2, 3, 4].map(() => generateKey('ssh-ed25519')) as [
  PrivateKey,
  PrivateKey,
  PrivateKey,
  PrivateKey,
];
const pin = (key: PrivateKey) => fingerprint(key.publicKey);

function bundle(changes: Partial<Bundle> = {}, signer = OLD, namespace = 'usher-bundle'): BundleReply {
  const statement = new TextEncoder().encode(
    JSON.stringify({
      authority: ORIGIN,
      rpId: 'ca.example.org',
      number: 7,
      madeAt: NOW,
      freshUntil: NOW + 3600,
      caKeys: [{ purpose: 'login', key: formatPublicKeyLine(CA.publicKey), state: 'active' }],
      logKey: formatVerifierKey({ name: 'ca.example.org', publicKey: new Uint8Array(32) }),
      bundleKey: formatPublicKeyLine(OLD.publicKey),
      ...changes,
    }),
  );
  const signature = signSshsig(signer, namespace, statement);
  return { statement: base64urlnopad.encode(statement), signature: base64urlnopad.encode(signature) };
}

const verify = (reply: BundleReply, pins: Pins = { bundleKey: pin(OLD) }) =>
  verifyBundle(reply, ORIGIN, pins);
const refused = (message: RegExp) =>
  expect.objectContaining({ code: 'bundle-refused', message: expect.stringMatching(message) });

describe('a bundle', () => {
  it.each<[string, BundleReply, RegExp]>([
    ['signed by a stranger', bundle({}, STRANGER), /not signed by the key you pinned/],
    ['signed for something else', bundle({}, OLD, 'usher-call'), /not signed by the key you pinned/],
    [
      'changed after it was signed',
      { ...bundle(), statement: bundle({ number: 8 }).statement },
      /not signed/,
    ],
    ['whose signature is cut', { ...bundle(), signature: bundle().signature.slice(0, 40) }, /malformed/],
    ['of another authority', bundle({ authority: 'https://evil.example' }), /is of https:\/\/evil.example/],
    ['with a field that nobody knows', bundle(Object.assign({ more: 1 })), /does not have the form/],
    [
      'with a key that can not be read',
      bundle({ caKeys: [{ purpose: 'login', key: 'ssh-ed25519 AAAA', state: 'active' }] }),
      /a key in the bundle/,
    ],
    ['without a log key', bundle({ logKey: 'x' }), /log key/],
  ])('%s is refused', (_situation, reply, message) => {
    expect(() => verify(reply)).toThrow(refused(message));
  });

  it('is refused when it is out of date, or older than the one seen last', () => {
    const seen = verify(bundle());
    expect(() => acceptBundle(verify(bundle({ freshUntil: NOW })), undefined, NOW)).toThrow(
      refused(/out of date/),
    );
    expect(() => acceptBundle(verify(bundle({ number: 6 })), seen, NOW)).toThrow(refused(/older than/));
    expect(() => acceptBundle(verify(bundle({ madeAt: NOW + 1 })), seen, NOW)).toThrow(
      refused(/two different versions of the bundle/),
    );
    expect(() => acceptBundle(verify(bundle()), seen, NOW)).not.toThrow();
    expect(() => acceptBundle(verify(bundle({ number: 8 })), seen, NOW)).not.toThrow();
  });

  it('lets only an active CA key of the purpose sign', () => {
    const keys = (purpose: 'login' | 'sudo', state: 'active' | 'coming' | 'retired' | 'offline') =>
      verify(bundle({ caKeys: [{ purpose, state, key: formatPublicKeyLine(CA.publicKey) }] }));
    expect(isActiveCaKey(keys('login', 'active'), 'login', CA.publicKey)).toBe(true);
    expect(isActiveCaKey(keys('login', 'coming'), 'login', CA.publicKey)).toBe(false);
    expect(isActiveCaKey(keys('login', 'retired'), 'login', CA.publicKey)).toBe(false);
    expect(isActiveCaKey(keys('login', 'offline'), 'login', CA.publicKey)).toBe(false);
    expect(isActiveCaKey(keys('sudo', 'offline'), 'sudo', CA.publicKey)).toBe(false);
    expect(isActiveCaKey(keys('sudo', 'active'), 'login', CA.publicKey)).toBe(false);
    expect(isActiveCaKey(keys('login', 'active'), 'login', STRANGER.publicKey)).toBe(false);
  });

  describe('that announces a new bundle key', () => {
    const announcement = bundle({ bundleKey: formatPublicKeyLine(NEW.publicKey) });
    const byNew = bundle({ number: 8, bundleKey: formatPublicKeyLine(NEW.publicKey) }, NEW);

    it('is believed when the pinned key signed it', () => {
      expect(verify(announcement).pins).toEqual({ bundleKey: pin(OLD), nextBundleKey: pin(NEW) });
    });

    it('makes the new key the pinned one as soon as that signs, and not before', () => {
      const { pins } = verify(announcement);
      expect(verify(byNew, pins).pins).toEqual({ bundleKey: pin(NEW) });
      expect(() => verify(byNew)).toThrow(refused(/not signed by the key you pinned/));
    });

    it('leaves the old key without any power once the new one is pinned', () => {
      expect(() => verify(bundle({ number: 9 }), { bundleKey: pin(NEW) })).toThrow(refused(/not signed/));
    });
  });
});
