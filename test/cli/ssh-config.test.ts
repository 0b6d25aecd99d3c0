import { describe, expect, it } from 'vitest';
import { formatStanza } from '../../cli/ssh-config.ts';

const STANZA = {
  authority: 'ca.example.org',
  origin: 'https://ca.example.org',
  hosts: ['web1', '*.example.org'],
  auto: false,
};

describe('the stanza for ssh_config', () => {
  it.each([
    ['web1"; rm -rf ~"'],
    ['web1\n  ProxyCommand sh'],
    ['a b'],
    ['%h'],
    [''],
    ['web1,web2'],
    ['$(id)'],
  ])('refuses the pattern %j', (host) => {
    expect(() => formatStanza({ ...STANZA, hosts: [host] })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });

  it.each([['x"; id; "'], ['a b'], ['$(id)'], ['a%h']])(
    'refuses an authority that a shell would read: %j',
    (authority) => {
      expect(() => formatStanza({ ...STANZA, authority })).toThrow(
        expect.objectContaining({ code: 'usage' }),
      );
    },
  );

  it('asks for the certificate each time, and can get one when there is none', () => {
    const [, match] = formatStanza(STANZA).split('\n');
    expect(match).toBe(
      'Match host web1,*.example.org exec "usher status --quiet --authority ca.example.org"',
    );
    const [, auto] = formatStanza({ ...STANZA, authority: 'localhost:8022', auto: true }).split('\n');
    expect(auto).toBe(
      'Match host web1,*.example.org exec "usher status --quiet --authority localhost:8022 || usher login --authority localhost:8022"',
    );
  });
});
