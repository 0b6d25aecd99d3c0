import { describe, expect, it } from 'vitest';
import { parseInvite } from '../../cli/enrolment/invite.ts';
import { UsherCommandError } from '../../cli/error.ts';

const SECRET = 's'.repeat(43);
const KEY = `${'k_'.repeat(21)}A`;
const ADDRESS = `https://ca.example.org/enroll#alice.${SECRET}.${KEY}`;

describe('the address of an invite', () => {
  it.each([
    ['is cut', ADDRESS.slice(0, -1)],
    ['has no fragment', 'https://ca.example.org/enroll'],
    ['has its secret in the path', `https://ca.example.org/enroll/alice.${SECRET}.${KEY}`],
    ['has its secret in the query', `https://ca.example.org/enroll?#alice.${SECRET}.${KEY}&x`],
    ['is of another page', ADDRESS.replace('enroll', 'touch')],
    ['has no person', `https://ca.example.org/enroll#.${SECRET}.${KEY}`],
    ['goes over plain HTTP to another machine', ADDRESS.replace('https', 'http')],
    [
      'goes over plain HTTP to an address of this machine',
      ADDRESS.replace('https://ca.example.org', 'http://127.0.0.1'),
    ],
    ['has another scheme', ADDRESS.replace('https', 'ftp')],
    ['is no address', 'alice'],
    ['has a fingerprint with stray bits', `${ADDRESS.slice(0, -1)}B`],
  ])('is refused when it %s, and the message does not repeat the secret', (_situation, address) => {
    const refusal = caught(() => parseInvite(address));
    expect(refusal).toMatchObject({ code: 'usage' });
    expect(`${refusal.message} ${refusal.hint}`).not.toContain(SECRET);
  });

  it('names authority, person, secret and the key to pin', () => {
    expect(parseInvite(` ${ADDRESS}\n`)).toEqual({
      origin: 'https://ca.example.org',
      person: 'alice',
      secret: SECRET,
      bundleKey: `SHA256:${KEY.replaceAll('_', '/')}`,
    });
  });

  it('may name a person with dots, and an authority on this machine without TLS', () => {
    const address = `http://localhost:8022/enroll#a.b-c.d.${SECRET}.${KEY}`;
    expect(parseInvite(address)).toMatchObject({ person: 'a.b-c.d', origin: 'http://localhost:8022' });
  });
});

function caught(action: () => unknown): UsherCommandError {
  try {
    action();
  } catch (error) {
    if (error instanceof UsherCommandError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}
