import { describe, expect, it } from 'vitest';
import { formatStanza, formatTrustStanza } from '../../cli/ssh-config.ts';

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

describe('the stanza by which ssh checks hosts', () => {
  const FILES = { knownHosts: '/state/known_hosts', revokedHostKeys: '/state/revoked' };

  it.each([['web1\n  ProxyCommand sh'], ['a b'], ['']])('refuses the pattern %j', (host) => {
    expect(() => formatTrustStanza([host], [], FILES)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('holds whether or not there is a certificate, and names those that are reached by another name', () => {
    const hosts = [
      { name: 'web1', names: ['web1.example.org'] },
      { name: 'db.example.org', names: ['db.example.org'] },
    ];
    expect(formatTrustStanza(['web1', '*.example.org'], hosts, FILES).split('\n')).toEqual([
      'Host web1',
      '    HostKeyAlias web1.example.org',
      '# Hosts show certificates: nobody compares fingerprints.',
      'Host web1 *.example.org',
      '    StrictHostKeyChecking yes',
      '    UserKnownHostsFile ~/.ssh/known_hosts "/state/known_hosts"',
      '    RevokedHostKeys "/state/revoked"',
    ]);
  });
});
