import { describe, expect, it } from 'vitest';
import type { MachineSettings } from '../../../cli/machine/settings.ts';
import { checkSettings, formatSettings, parseSettings } from '../../../cli/machine/settings.ts';
import { generateKey } from '../../support/keys.ts';

const SETTINGS: MachineSettings = {
  authority: 'https://ca.example.org',
  host: 'web1',
  bundleKey: generateKey('ssh-ed25519').publicKey,
  directory: '/etc/ssh/usher',
  hostKeys: ['/etc/ssh/ssh_host_ed25519_key', '/etc/ssh/ssh_host_rsa_key'],
  sshd: '/usr/sbin/sshd',
  sshdConfig: '/etc/ssh/sshd_config',
  dropIn: '/etc/ssh/sshd_config.d/20-usher.conf',
  reload: 'systemctl reload ssh',
  authLog: 'journal',
  pamUssh: '/usr/lib/security/pam_ussh.so',
};

it('reads what it writes', () => {
  expect(parseSettings(formatSettings(SETTINGS))).toEqual(SETTINGS);
  const { dropIn: _, ...without } = SETTINGS;
  expect(parseSettings(formatSettings(without))).toEqual(without);
});

describe('settings are refused', () => {
  const refusals: readonly (readonly [string, Partial<MachineSettings>])[] = [
    ['a path that sshd would split', { directory: '/etc/ssh/my usher' }],
    ['a path that sshd would expand', { sshdConfig: '/etc/ssh/%u' }],
    ['a path that leads elsewhere', { dropIn: '/etc/ssh/../cron.d/x' }],
    ['a relative path', { hostKeys: ['ssh_host_ed25519_key'] }],
    ['a path with an end of line', { pamUssh: '/usr/lib\nreload id' }],
    ['a command of two lines', { reload: 'true\nreload id' }],
    ['no host key', { hostKeys: [] }],
    ['keys whose certificates would have one name', { hostKeys: ['/a/key', '/b/key'] }],
    ['nine host keys', { hostKeys: Array.from({ length: 9 }, (_, index) => `/etc/ssh/key${index}`) }],
  ];

  it.each(refusals)('%s', (_title, change) => {
    expect(() => checkSettings({ ...SETTINGS, ...change })).toThrow();
  });

  it.each([
    ['a line of somebody else', (text: string) => `${text}allow everybody\n`],
    ['a line twice', (text: string) => `${text}host web2\n`],
    ['a line that is missing', (text: string) => text.replace(/^reload .*\n/m, '')],
    ['nothing', () => ''],
  ])('%s', (_title, change) => {
    expect(() => parseSettings(change(formatSettings(SETTINGS)))).toThrow(
      expect.objectContaining({ code: 'bad-settings' }),
    );
  });
});
