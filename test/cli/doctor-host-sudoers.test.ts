import { describe, expect, it } from 'vitest';
import type { HostUser } from '../../cli/doctor/host/files.ts';
import { judgeSudoers } from '../../cli/doctor/host/sudoers.ts';
import type { SudoDefault, SudoersFacts } from '../../cli/doctor/host/sudoers-facts.ts';
import { cvtsudoersArguments, parseCvtsudoers, parseSudoList } from '../../cli/doctor/host/sudoers-facts.ts';
import { readSudoers } from '../../cli/doctor/host/sudoers-text.ts';
import { hostTree } from './support/host-tree.ts';

const ALICE: HostUser = {
  name: 'alice',
  uid: 1000,
  groups: [
    { name: 'alice', gid: 1000 },
    { name: 'sudo', gid: 27 },
  ],
};
const GOOD: readonly SudoDefault[] = [
  { name: 'timestamp_timeout', value: '0', holds: 'always' },
  { name: 'noninteractive_auth', value: true, holds: 'always' },
];

function judge(defaults: readonly SudoDefault[], facts: Partial<SudoersFacts> = {}) {
  return judgeSudoers({ hasRule: true, isFree: false, ...facts, defaults: [...GOOD, ...defaults] }, ALICE);
}

const always = (name: string, value: SudoDefault['value']): SudoDefault => ({ name, value, holds: 'always' });
const perhaps = (name: string, value: SudoDefault['value']): SudoDefault => ({
  name,
  value,
  holds: 'perhaps',
});

describe('sudoers', () => {
  it('is good where it asks each time, and only PAM', () => {
    expect(judge([])).toMatchObject([{ id: 'host.sudoers', verdict: 'ok' }]);
  });

  it.each(['targetpw', 'rootpw', 'runaspw'])('fails with %s, for whatever command', (name) => {
    expect(judge([always(name, true)])).toMatchObject([
      { verdict: 'fail', message: expect.stringContaining(name) },
    ]);
    expect(judge([perhaps(name, true)])).toMatchObject([{ verdict: 'fail' }]);
    expect(judge([always(name, true), always(name, false)])).toMatchObject([{ verdict: 'ok' }]);
  });

  it.each([
    ['five minutes', [always('timestamp_timeout', '5')], 'for 5 minutes'],
    ['for ever', [always('timestamp_timeout', '-1')], 'until the next start'],
    ['for a command only', [perhaps('timestamp_timeout', '5')], 'remembers'],
    ["by sudo's own default", [always('timestamp_timeout', true)], 'some minutes'],
  ])('is warned of when it remembers: %s', (_situation, defaults, said) => {
    expect(judge(defaults)).toMatchObject([{ verdict: 'warn', message: expect.stringContaining(said) }]);
  });

  it('is good where it remembers, but not for the person', () => {
    const mine = { name: 'timestamp_timeout', value: '0', holds: 'for-user' } as const;
    expect(judge([always('timestamp_timeout', '15'), mine])).toMatchObject([{ verdict: 'ok' }]);
  });

  it.each([
    [always('env_keep', ['LANG', 'SSH_AUTH_SOCK'])],
    [always('env_keep', ['SSH_*'])],
    [always('env_keep', ['SSH_AUTH_SOCK=/run/*'])],
    [always('env_check', ['SSH_AUTH_SOCK'])],
    [perhaps('env_keep', ['SSH_AUTH_SOCK'])],
    [always('env_reset', false)],
  ])('is warned of when the agent is handed on: %j', (setting) => {
    expect(judge([setting])).toMatchObject([{ verdict: 'warn', message: expect.stringMatching(/agent/) }]);
  });

  it('does not mind other variables', () => {
    expect(judge([always('env_keep', ['SSH_CONNECTION', 'SSH_AUTH'])])).toMatchObject([{ verdict: 'ok' }]);
  });

  it('is warned of where no certificate is asked for', () => {
    expect(judge([], { isFree: true })).toMatchObject([
      { verdict: 'warn', message: expect.stringContaining('NOPASSWD') },
    ]);
    expect(judge([always('authenticate', false)])).toMatchObject([{ verdict: 'warn' }]);
    expect(judge([always('noninteractive_auth', false)])).toMatchObject([
      { verdict: 'warn', message: expect.stringContaining('sudo -n') },
    ]);
  });

  it('is warned of where no rule is for the person', () => {
    expect(judge([], { hasRule: false })).toMatchObject([
      { verdict: 'warn', message: expect.stringContaining('no rule lets alice') },
    ]);
    const everybody = { defaults: GOOD, hasRule: undefined, isFree: false };
    expect(judgeSudoers(everybody, undefined)).toMatchObject([
      { verdict: 'ok', message: expect.stringContaining('--user NAME') },
    ]);
  });
});

describe('what sudoers includes', () => {
  const read = (tree: Parameters<typeof hostTree>[0]) => readSudoers(hostTree(tree), 'web1.example.org');

  it('is read in its place, in order, and without what editors leave', () => {
    const { text, unread } = read({
      '/etc/sudoers':
        'a\n@includedir /etc/sudoers.d\n#include "/etc/with blank"\n@include local.%h\n@include /etc/b\\ c\nz\n',
      '/etc/sudoers.d/2': 'two\n',
      '/etc/sudoers.d/10': 'ten\n#1000 ALL=ALL\n# includedir is a word here\n',
      '/etc/sudoers.d/x~': 'old\n',
      '/etc/sudoers.d/x.dpkg-old': 'old\n',
      '/etc/with blank': 'blank\n',
      '/etc/local.web1': 'local\n',
      '/etc/b c': 'escaped\n',
    });
    expect(unread).toEqual([]);
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines).toEqual([
      'a',
      'ten',
      '#1000 ALL=ALL',
      '# includedir is a word here',
      'two',
      'blank',
      'local',
      'escaped',
      'z',
    ]);
  });

  it('and can not be read is said, also when it includes itself', () => {
    expect(read({}).unread).toEqual(['open /etc/sudoers: no such file or directory']);
    expect(read({ '/etc/sudoers': '@include /etc/absent\n' }).unread).toHaveLength(1);
    expect(read({ '/etc/sudoers': '@include /etc/sudoers\n' })).toMatchObject({
      unread: [expect.stringContaining('/etc/sudoers')],
      cut: undefined,
    });
  });

  it('ends after 512 files, which is said, when it includes itself twice', () => {
    const { cut } = read({ '/etc/sudoers': '@include /etc/sudoers\n@include /etc/sudoers\n' });
    expect(cut).toContain('more than 512 files');
  });
});

describe('the words of cvtsudoers', () => {
  it('are asked for one person and their groups', () => {
    expect(cvtsudoersArguments(undefined)).toEqual(['-f', 'json', '-e', '-']);
    expect(cvtsudoersArguments(ALICE)).toContain('user=alice,group=alice,group=sudo');
  });

  it('say whom a setting is for', () => {
    const bound = (member: object) => ({ Binding: [member], Options: [{ rootpw: true }] });
    const json = JSON.stringify({
      Defaults: [
        { Options: [{ rootpw: false }] },
        bound({ username: 'alice' }),
        bound({ usergroup: 'sudo' }),
        bound({ username: 'bob' }),
        bound({ username: 'root' }),
        bound({ command: '/bin/ls' }),
        bound({ hostname: 'web1' }),
      ],
    });
    const holds = (user: HostUser | undefined) =>
      parseCvtsudoers(json, user)?.defaults.map((each) => each.holds);
    expect(holds(ALICE)).toEqual(['always', 'for-user', 'for-user', 'perhaps', 'perhaps', 'perhaps']);
    expect(holds(undefined)).toEqual(['always', ...Array.from({ length: 6 }, () => 'perhaps')]);
  });

  it('are nothing when no rule is left, and refused when they are something else', () => {
    expect(parseCvtsudoers('', ALICE)).toMatchObject({ hasRule: false, defaults: [] });
    expect(parseCvtsudoers('[]', ALICE)).toBeUndefined();
    expect(parseCvtsudoers('nonsense', ALICE)).toBeUndefined();
    expect(parseCvtsudoers('{"User_Specs": [{}]}', ALICE)).toBeUndefined();
  });
});

describe('the words of sudo -l', () => {
  it('are settings and rules', () => {
    const text = `Matching Defaults entries for alice on web1:
    env_reset, !mail_badpass, secure_path=/usr/sbin\\:/usr/bin, timestamp_timeout=0, env_keep+="A
    SSH_AUTH_SOCK"

User alice may run the following commands on web1:
    (ALL : ALL) ALL
    (root) NOPASSWD: /bin/ls
`;
    const facts = parseSudoList(text);
    expect(facts).toMatchObject({ hasRule: true, isFree: true });
    expect(facts?.defaults).toContainEqual(always('timestamp_timeout', '0'));
    expect(facts?.defaults).toContainEqual(always('mail_badpass', false));
  });

  it('say that there is no rule, or nothing at all', () => {
    const none = 'Sorry, user alice may not run sudo on web1.\n';
    expect(parseSudoList(none)).toMatchObject({ hasRule: false });
    expect(parseSudoList('User bob is not allowed to run sudo on web1.\n')).toMatchObject({ hasRule: false });
    expect(parseSudoList('sudo: a password is required\n')).toBeUndefined();
  });
});
