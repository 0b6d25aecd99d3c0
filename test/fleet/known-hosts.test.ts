import { describe, expect, it } from 'vitest';
import type { KnownHosts } from '../../src/fleet/known-hosts.ts';
import { formatKnownHosts } from '../../src/fleet/known-hosts.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { generateKey } from '../support/keys.ts';

const [CA, NEXT, STOLEN] = [key(), key(), key()];
const WEB1 = { name: 'web1', names: ['web1.example.org', '192.0.2.7'] };

function key() {
  return generateKey('ssh-ed25519').publicKey;
}

function lines(changes: Partial<KnownHosts>): readonly string[] {
  const text = formatKnownHosts({ hosts: [WEB1], caKeys: [CA], revokedCaKeys: [], ...changes });
  expect(text).toMatch(/^([\x20-\x7e]+\n)*$/);
  return text.split('\n').slice(0, -1);
}

describe('known_hosts', () => {
  it.each([
    ['a wildcard', '*'],
    ['a wildcard within', 'web*.example.org'],
    ['one character of any kind', 'web?'],
    ['a negation', '!web1'],
    ['a blank', 'web1 web2'],
    ['a comma', 'web1,web2'],
    ['a line end', 'web1\n@cert-authority'],
    ['a hashed name', '|1|abc|def'],
    ['nothing', ''],
  ])('refuses a name with %s', (_what, name) => {
    const hosts = [{ name: 'web1', names: ['web1.example.org', name] }];
    expect(() => lines({ hosts })).toThrow(expect.objectContaining({ code: 'bad-value' }));
  });

  it('refuses a key that is revoked and counts: "@revoked" would cut off every host', () => {
    expect(() => lines({ revokedCaKeys: [CA] })).toThrow(expect.objectContaining({ code: 'shared-ca-key' }));
  });

  it('has a line for each host and CA key, by the names of the roster and no others', () => {
    const web2 = { name: 'web2', names: ['web2.example.org'] };
    expect(lines({ hosts: [WEB1, web2], caKeys: [CA, NEXT] })).toEqual([
      `@cert-authority web1.example.org,192.0.2.7 ${formatPublicKeyLine(CA, 'usher-host-ca')}`,
      `@cert-authority web1.example.org,192.0.2.7 ${formatPublicKeyLine(NEXT, 'usher-host-ca')}`,
      `@cert-authority web2.example.org ${formatPublicKeyLine(CA, 'usher-host-ca')}`,
      `@cert-authority web2.example.org ${formatPublicKeyLine(NEXT, 'usher-host-ca')}`,
    ]);
  });

  it('marks revoked CA keys for every host', () => {
    expect(lines({ hosts: [], revokedCaKeys: [STOLEN] })).toEqual([
      `@revoked * ${formatPublicKeyLine(STOLEN, 'usher-host-ca')}`,
    ]);
  });

  it('has nothing where there is no CA key', () => {
    expect(lines({ caKeys: [] })).toEqual([]);
  });

  it.each([1, 60, 1000])('splits %i names over lines of bounded length, and loses none', (count) => {
    const names = Array.from({ length: count }, (_, index) => `${index}-${'x'.repeat(40)}.example.org`);
    const written = lines({ hosts: [{ name: 'web1', names }] });
    const lists = written.map((line) => line.split(' ')[1] ?? '');
    expect(Math.max(...lists.map((list) => list.length))).toBeLessThanOrEqual(1000);
    expect(lists.flatMap((list) => list.split(','))).toEqual(names);
  });
});
