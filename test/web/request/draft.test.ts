import { describe, expect, it } from 'vitest';
import { encodeDraft, flagOption, valueOption } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { SshError } from '../../../src/ssh/error.ts';
import { keyCode } from '../../../src/ssh/key-code.ts';
import { fingerprint } from '../../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../../src/ssh/serial.ts';
import { reviewDrafts } from '../../../web/request/draft.ts';
import { ReviewFault } from '../../../web/request/fault.ts';
import { bytes, DRAFTED_AT, fieldsOf, REQUEST_ID, sudoFieldsOf } from '../review-reply.ts';

function review(...drafts: readonly CertificateFields[]) {
  return reviewDrafts(drafts.map(encodeDraft), 'alice', REQUEST_ID);
}

function faultOf(...drafts: readonly CertificateFields[]): string {
  try {
    review(...drafts);
  } catch (fault) {
    if (fault instanceof ReviewFault) return fault.code;
    throw fault;
  }
  return 'none';
}

const securityKey = (fill: number) =>
  ({ type: 'sk-ssh-ed25519@openssh.com', point: bytes(32, fill), application: 'ssh:' }) as const;

describe('a draft is not shown when', () => {
  it('it is for another request', () => {
    expect(faultOf(fieldsOf({ keyId: `login:alice:${'A'.repeat(22)}` }))).toBe('other-request');
    expect(faultOf(sudoFieldsOf({ keyId: `sudo:alice:${'A'.repeat(22)}` }))).toBe('other-request');
  });

  it('it is made out to another person', () => {
    expect(faultOf(fieldsOf({ keyId: `login:mallory:${REQUEST_ID}` }))).toBe('other-person');
    expect(faultOf(fieldsOf({ keyId: `login:alice:${REQUEST_ID}:more` }))).toBe('other-person');
    expect(faultOf(sudoFieldsOf({ keyId: `sudo:mallory:${REQUEST_ID}` }))).toBe('other-person');
  });

  it('it is one of several, and only this one is made out to another person', () => {
    expect(faultOf(fieldsOf(), fieldsOf({ keyId: `login:mallory:${REQUEST_ID}` }))).toBe('other-person');
  });

  it('it is for a purpose that the pages have no words for', () => {
    expect(faultOf(fieldsOf({ keyId: `builder:alice:${REQUEST_ID}` }))).toBe('other-purpose');
    expect(faultOf(fieldsOf({ keyId: `toString:alice:${REQUEST_ID}` }))).toBe('other-purpose');
    expect(faultOf(fieldsOf({ type: 'host', criticalOptions: [], extensions: [] }))).toBe('other-purpose');
  });

  it('it has a serial of an offline key', () => {
    expect(faultOf(fieldsOf({ serial: LEAST_RANDOM_SERIAL - 1n }))).toBe('bad-draft');
    expect(faultOf(sudoFieldsOf({ serial: 1n }))).toBe('bad-draft');
  });

  it('it is no draft', () => {
    const draft = encodeDraft(sudoFieldsOf());
    for (const bad of [draft.slice(0, -1), Uint8Array.of(...draft, 0), new Uint8Array()])
      expect(() => reviewDrafts([bad], 'alice', REQUEST_ID)).toThrow(SshError);
  });
});

describe('a sign-in is not shown when', () => {
  it.each([
    [['alice@web1', 'sudoer@web1']],
    [['sudoer']],
    [['nix-builder@build1']],
    [['web1.example.org']],
    [['alice', 'sudoer']],
  ])('its principals are %j', (principals) => {
    expect(faultOf(fieldsOf({ principals }))).toBe('other-purpose');
  });

  it('it carries an option that a sign-in never has', () => {
    expect(faultOf(fieldsOf({ criticalOptions: [valueOption('force-command', 'true')] }))).toBe(
      'other-purpose',
    );
  });

  it('it has the serial of another draft: what is told once must be one certificate', () => {
    const others = { type: 'ssh-ed25519', point: bytes(32, 4) } as const;
    expect(faultOf(fieldsOf(), fieldsOf({ authority: others }))).toBe('bad-draft');
    expect(faultOf(fieldsOf(), sudoFieldsOf({ serial: fieldsOf().serial }))).toBe('bad-draft');
  });
});

describe('a certificate for sudo is not shown when', () => {
  it.each([
    [['alice']],
    [['sudoer']],
    [['sudoer', 'alice']],
    [['sudoer@web1', 'alice']],
    [['alice@web1', 'sudoer@web1']],
    [['alice', 'sudoer', 'sudoer@web1']],
    [['alice', 'sudoer@web1', 'sudoer']],
    [['alice', 'bob', 'sudoer@web1']],
    [['alice', 'sudoer@web1', 'alice@web1']],
    [['alice', 'sudoer@web1.']],
    [['nix-builder', 'sudoer@web1']],
    [['web1.example.org', 'sudoer@web1']],
  ])('its principals are %j', (principals) => {
    expect(faultOf(sudoFieldsOf({ principals }))).toBe('other-purpose');
  });

  it('it has an option or an extension', () => {
    const criticalOptions = [valueOption('source-address', '10.0.0.0/8')];
    expect(faultOf(sudoFieldsOf({ criticalOptions }))).toBe('other-purpose');
    expect(faultOf(sudoFieldsOf({ extensions: [flagOption('permit-pty')] }))).toBe('other-purpose');
  });

  it('it is the second one of a request', () => {
    expect(faultOf(sudoFieldsOf(), sudoFieldsOf({ serial: LEAST_RANDOM_SERIAL + 5n }))).toBe('bad-draft');
  });

  it.each<[string, Partial<CertificateFields>]>([
    ['another key', { subject: { type: 'ssh-ed25519', point: bytes(32, 8) } }],
    ['more hosts', { principals: ['alice', 'sudoer@web1', 'sudoer@web2', 'sudoer@db1'] }],
    ['every host', { principals: ['alice', 'sudoer'] }],
    ['a later end', { validBefore: BigInt(DRAFTED_AT + 3_601) }],
    ['another nonce', { nonce: bytes(32, 2) }],
  ])('an alternative of it is for %s', (_what, changes) => {
    const authority = securityKey(5);
    expect(faultOf(sudoFieldsOf(), sudoFieldsOf({ authority, ...changes }))).toBe('bad-draft');
    const third = sudoFieldsOf({ authority: securityKey(6), ...changes });
    expect(faultOf(sudoFieldsOf(), sudoFieldsOf({ authority }), third)).toBe('bad-draft');
  });

  it('two alternatives of it wait for the same CA key', () => {
    expect(faultOf(sudoFieldsOf(), sudoFieldsOf())).toBe('bad-draft');
  });
});

describe('a draft that is good', () => {
  it('to sign in says who gets in as whom, where, for how long, with which key', () => {
    const { subject, authority } = fieldsOf();
    expect(review(fieldsOf())).toEqual([
      {
        purpose: 'login',
        access: [
          { logins: ['alice'], hosts: ['web1', 'web2'] },
          { logins: ['deploy'], hosts: ['web1'] },
        ],
        principals: ['alice@web1', 'alice@web2', 'deploy@web1'],
        lifetime: 72_000,
        validAfter: DRAFTED_AT - 300,
        validBefore: DRAFTED_AT + 72_000,
        key: { words: 'Ed25519, not in a security key', fingerprint: fingerprint(subject) },
        keyCode: keyCode(subject),
        authorities: [{ words: 'Ed25519', fingerprint: fingerprint(authority) }],
        extensions: ['permit-agent-forwarding', 'permit-pty'],
        sourceAddresses: ['10.0.0.0/8', '2001:db8::/32'],
        keyId: `login:alice:${REQUEST_ID}`,
        serial: (LEAST_RANDOM_SERIAL + 4_711n).toString(),
      },
    ]);
  });

  it('says so when a login is good on every host, also beside narrower ones', () => {
    expect(review(fieldsOf({ principals: ['alice', 'alice@web1', 'deploy@web1'] }))).toMatchObject([
      {
        access: [
          { logins: ['alice'], hosts: 'every host' },
          { logins: ['deploy'], hosts: ['web1'] },
        ],
      },
    ]);
  });

  it('for sudo says who becomes root, and where', () => {
    const { subject, authority } = sudoFieldsOf();
    expect(review(sudoFieldsOf())).toEqual([
      {
        purpose: 'sudo',
        login: 'alice',
        hosts: ['web1', 'web2'],
        principals: ['alice', 'sudoer@web1', 'sudoer@web2'],
        lifetime: 3_600,
        validAfter: DRAFTED_AT - 300,
        validBefore: DRAFTED_AT + 3_600,
        key: { words: 'Ed25519, not in a security key', fingerprint: fingerprint(subject) },
        keyCode: keyCode(subject),
        authorities: [{ words: 'Ed25519', fingerprint: fingerprint(authority) }],
        keyId: `sudo:alice:${REQUEST_ID}`,
        serial: (LEAST_RANDOM_SERIAL + 4_712n).toString(),
      },
    ]);
  });

  it('for sudo on every host says so', () => {
    expect(review(sudoFieldsOf({ principals: ['alice', 'sudoer'] }))).toMatchObject([
      { login: 'alice', hosts: 'every host' },
    ]);
  });

  it('stands once for all its alternatives, with each CA key', () => {
    const authorities = [securityKey(5), securityKey(6)];
    const shown = review(...authorities.map((authority) => sudoFieldsOf({ authority })));
    expect(shown).toHaveLength(1);
    expect(shown[0]?.authorities).toEqual(
      authorities.map((key) => ({ words: 'Ed25519 in a security key', fingerprint: fingerprint(key) })),
    );
  });

  it('stands beside others in their order', () => {
    expect(review(sudoFieldsOf(), fieldsOf()).map(({ purpose }) => purpose)).toEqual(['sudo', 'login']);
  });
});
