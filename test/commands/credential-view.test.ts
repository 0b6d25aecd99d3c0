import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/authority/records.ts';
import { credentialLine } from '../../src/commands/credential-view.ts';
import { printableLines } from '../../src/ssh/printable.ts';

const CREDENTIAL: Credential = {
  id: 'AAAA',
  person: 'alice',
  kind: 'webauthn',
  publicKey: new Uint8Array(),
  rpId: 'ca.example.org',
  counter: 0,
  attestedBy: [],
  source: 'enrolled',
  label: 'blue key',
  createdAt: 1_800_000_000,
};

describe('a credential in the list', () => {
  it('is one line, whatever its label says', () => {
    const label = 'x\nbob  ssh-sk  SHA256:forged\u001b]0;title\u0007\u202e';
    expect(credentialLine({ ...CREDENTIAL, label })).toBe(
      'alice  webauthn  AAAA  since 2027-01-15T08:00:00Z  x?bob  ssh-sk  SHA256:forged?]0;title??',
    );
  });

  it('says when it was removed', () => {
    const line = credentialLine({ ...CREDENTIAL, removedAt: 1_800_000_060 });
    expect(line).toBe('alice  webauthn  AAAA  removed 2027-01-15T08:01:00Z  blue key');
  });
});

it('text of several lines keeps them, and nothing else that steers a terminal', () => {
  expect(printableLines('two faults:\n  line 1: \u001b[2J\r\n  line 2')).toBe(
    'two faults:\n  line 1: ?[2J?\n  line 2',
  );
});
