import { describe, expect, it } from 'vitest';
import { formatHostStanza, hostKeyAlias, trustSettings } from '../../src/fleet/ssh-config.ts';

const FILES = { knownHosts: '/home/alice/.local/state/usher/known_hosts', revokedHostKeys: '/state/revoked' };
const WEB1 = { name: 'web1', names: ['web1.example.org', '192.0.2.7'] };

describe('what ssh checks host certificates with', () => {
  it.each(['relative', '/home/%h', '/home/$USER', '/a"b', '/a\nHost *', '/a\\b', "/a'b"])(
    'refuses the path %j, which ssh would read as something else',
    (path) => {
      const refused = expect.objectContaining({ code: 'bad-value' });
      expect(() => trustSettings({ ...FILES, knownHosts: path })).toThrow(refused);
      expect(() => trustSettings({ ...FILES, revokedHostKeys: path })).toThrow(refused);
    },
  );

  it.each(['*', 'web1 *', 'web1\nHost *', '!web1'])('refuses the name %j', (name) => {
    const refused = expect.objectContaining({ code: 'bad-value' });
    expect(() => formatHostStanza({ name, names: ['web1.example.org'] }, FILES)).toThrow(refused);
    expect(() => formatHostStanza({ name: 'web1', names: ['x', name] }, FILES)).toThrow(refused);
    expect(() => hostKeyAlias({ name: 'web1', names: [name] })).toThrow(refused);
  });

  it('keeps the file of the person first: ssh writes there', () => {
    expect(trustSettings({ ...FILES, knownHosts: '/a b/known_hosts' })).toEqual([
      'StrictHostKeyChecking yes',
      'UserKnownHostsFile ~/.ssh/known_hosts "/a b/known_hosts"',
      'RevokedHostKeys "/state/revoked"',
    ]);
  });

  it('has an alias only where the name that is typed is not in the certificate', () => {
    expect(hostKeyAlias(WEB1)).toBe('web1.example.org');
    expect(hostKeyAlias({ name: 'web1', names: ['web1.example.org', 'web1'] })).toBeUndefined();
    expect(hostKeyAlias({ name: 'web1', names: [] })).toBeUndefined();
  });

  it('lets nothing but the certificate count for one host', () => {
    expect(formatHostStanza(WEB1, FILES).split('\n').slice(1)).toEqual([
      'Host web1 web1.example.org 192.0.2.7',
      '    HostKeyAlias web1.example.org',
      '    StrictHostKeyChecking yes',
      '    UserKnownHostsFile "/home/alice/.local/state/usher/known_hosts"',
      '    GlobalKnownHostsFile /dev/null',
      '    RevokedHostKeys "/state/revoked"',
      '',
    ]);
  });
});
