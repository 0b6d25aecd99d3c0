import { describe, expect, it } from 'vitest';
import { checkPam } from '../../cli/doctor/host/pam.ts';
import type { PamAnswer } from '../../cli/doctor/host/pam-run.ts';
import { runAuth } from '../../cli/doctor/host/pam-run.ts';
import { modulesOf, readAuthStack } from '../../cli/doctor/host/pam-stack.ts';
import { formatPam } from '../../src/fleet/pam.ts';
import type { Tree } from './support/host-tree.ts';
import { hostTree } from './support/host-tree.ts';

const USSH = 'auth sufficient pam_ussh.so ca_file=/ca authorized_principals=sudoer@web1';
const DENY_LIST = 'auth requisite pam_listfile.so item=user sense=deny file=/denied onerr=fail';
/** As Debian has it. */
const COMMON_AUTH = `auth	[success=1 default=ignore]	pam_unix.so nullok
# here's the fallback if no module succeeds
auth	requisite			pam_deny.so
auth	required			pam_permit.so
`;
const GOOD_AUTH = `${DENY_LIST}\n${USSH}\n@include common-auth\n`;
const GOOD = `#%PAM-1.0\n${DENY_LIST}\n${USSH}\n@include common-auth\n@include common-account\n`;

function check(sudo: string, more: Tree = {}) {
  const files = hostTree({
    '/etc/pam.d/sudo': sudo,
    '/etc/pam.d/sudo-i': GOOD,
    '/etc/pam.d/common-auth': COMMON_AUTH,
    '/etc/pam.d/common-account': 'account required pam_permit.so\n',
    ...more,
  });
  // What is said of sudo-i, which is good, is not what these tests are about.
  return checkPam(files).checks.filter(({ message }) => !message.startsWith('sudo-i:'));
}

const verdicts = (...given: Parameters<typeof check>) =>
  check(...given).map(({ id, verdict }) => `${verdict} ${id}`);

describe('the lines of PAM', () => {
  it('with the password behind them, or a refusal, are good', () => {
    expect(verdicts(GOOD)).toEqual(['ok host.pam-line', 'ok host.sudo_denied']);
    expect(check(GOOD)[0]?.message).toContain('is asked for the password');
    const strict = check(`${DENY_LIST}\n${USSH}\nauth required pam_deny.so\n`);
    expect(strict.map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
    expect(strict[0]?.message).toContain('who has none is refused');
  });

  it('that usher exports are good', () => {
    const facts = { sudoName: 'web1', everywhere: true, directory: '/etc/ssh/usher' };
    const lines = `${formatPam(facts)}@include common-auth\n`;
    expect(verdicts(lines, { '/etc/pam.d/sudo-i': lines })).toEqual([
      'ok host.pam-line',
      'ok host.sudo_denied',
    ]);
  });

  it.each([
    ['nothing follows the deny list, whose success then counts', `${DENY_LIST}\n${USSH}\n`],
    ['pam_permit follows', `${DENY_LIST}\n${USSH}\nauth required pam_permit.so\n`],
    [
      'pam_permit is enough by itself',
      `${DENY_LIST}\nauth sufficient pam_permit.so\n${USSH}\n@include common-auth\n`,
    ],
    [
      'the jump goes past the refusal',
      `${DENY_LIST}\nauth [default=1] pam_ussh.so\nauth required pam_deny.so\nauth required pam_permit.so\n`,
    ],
  ])('let everybody in where %s', (_situation, lines) => {
    expect(check(lines)).toContainEqual(
      expect.objectContaining({
        id: 'host.pam-line',
        verdict: 'fail',
        message: expect.stringContaining('no certificate and no password passes'),
      }),
    );
  });

  it.each([
    ['there is no pam_ussh.so', `${DENY_LIST}\n@include common-auth\n`, 'no line with pam_ussh.so'],
    ['something refuses before', `auth requisite pam_deny.so\n${USSH}\n`, 'never reached'],
    ['a line is no line', `auth sometimes pam_ussh.so\n${USSH}\n`, 'is no line of PAM'],
    ['what is included is missing', `${USSH}\n@include absent\n`, 'includes absent'],
    ['it includes itself', `@include sudo\n`, 'can not be read'],
    ['it includes itself twice', `@include sudo\n@include sudo\n`, 'more than 512 files'],
  ])('fail where %s', (_situation, lines, message) => {
    expect(check(lines)).toContainEqual(
      expect.objectContaining({
        id: 'host.pam-line',
        verdict: 'fail',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('are warned of where a password is asked for all the same', () => {
    expect(
      check(`${DENY_LIST}\nauth sufficient pam_unix.so\n${USSH}\nauth required pam_deny.so\n`),
    ).toContainEqual(
      expect.objectContaining({ verdict: 'warn', message: expect.stringContaining('asks before') }),
    );
    expect(
      check(`${DENY_LIST}\n${USSH.replace('sufficient', 'required')}\n@include common-auth\n`),
    ).toContainEqual(
      expect.objectContaining({ verdict: 'warn', message: expect.stringContaining('is not enough') }),
    );
  });

  it.each([
    ['su', 'fail'],
    ['su-l', 'fail'],
    ['login', 'warn'],
  ])('in %s: %s', (service, verdict) => {
    expect(verdicts(GOOD, { [`/etc/pam.d/${service}`]: `${USSH}\n` })).toContain(`${verdict} host.pam-line`);
    expect(verdicts(GOOD, { [`/etc/pam.d/${service}`]: '@include common-auth\n' })).not.toContain(
      `${verdict} host.pam-line`,
    );
  });

  it('of a service that includes more than anybody reads are not known, and that fails', () => {
    const twice = (name: string) => `@include ${name}\n@include ${name}\n`;
    const chain = Array.from({ length: 30 }, (_, index) => [
      `/etc/pam.d/part${index}`,
      twice(`part${index + 1}`),
    ]);
    const more = {
      ...Object.fromEntries(chain),
      '/etc/pam.d/part30': '',
      '/etc/pam.d/su': `${twice('part0')}${USSH}\n`,
    };
    expect(check(GOOD, more)).toContainEqual(
      expect.objectContaining({
        verdict: 'fail',
        message: expect.stringContaining('su includes more than 512'),
      }),
    );
  });

  it('in what su includes are found, too', () => {
    const more = {
      '/etc/pam.d/su': '@include common-auth\n',
      '/etc/pam.d/common-auth': `${USSH}\n${COMMON_AUTH}`,
    };
    expect(check(GOOD, more)).toContainEqual(
      expect.objectContaining({ verdict: 'fail', message: expect.stringContaining("somebody else's agent") }),
    );
  });

  it('are looked for in sudo and sudo-i, and where the system keeps its own', () => {
    expect(checkPam(hostTree({})).checks).toMatchObject([{ id: 'host.pam-line', verdict: 'fail' }]);
    const one = checkPam(hostTree({ '/usr/lib/pam.d/sudo': `${USSH}\nauth required pam_deny.so\n` }));
    expect(one.modules).toMatchObject([{ place: '/usr/lib/pam.d/sudo:1' }]);
    expect(
      checkPam(
        hostTree({
          '/etc/pam.d/sudo': GOOD,
          '/etc/pam.d/sudo-i': '',
          '/etc/pam.d/common-auth': COMMON_AUTH,
          '/etc/pam.d/common-account': '',
        }),
      ).checks,
    ).toContainEqual(
      expect.objectContaining({
        id: 'host.pam-line',
        verdict: 'warn',
        message: expect.stringContaining('"sudo -i"'),
      }),
    );
  });
});

describe('the list of who is denied', () => {
  it.each([
    ['there is none', `${USSH}\n@include common-auth\n`, 'warn'],
    ['it comes behind the certificate', `${USSH}\n${DENY_LIST}\n@include common-auth\n`, 'fail'],
    [
      'its answer does not count',
      `${DENY_LIST.replace('requisite', 'optional')}\n${USSH}\n@include common-auth\n`,
      'fail',
    ],
    [
      'without the file everybody passes',
      `${DENY_LIST.replace('onerr=fail', 'onerr=succeed')}\n${USSH}\n@include common-auth\n`,
      'fail',
    ],
    [
      'something stands before it',
      `auth required pam_env.so\n${DENY_LIST}\n${USSH}\n@include common-auth\n`,
      'warn',
    ],
  ])('%s', (_situation, lines, verdict) => {
    expect(verdicts(lines, { '/etc/pam.d/sudo-i': lines })).toContain(`${verdict} host.sudo_denied`);
  });

  it('is required as well as requisite', () => {
    expect(verdicts(GOOD.replace('requisite', 'required'))).toEqual([
      'ok host.pam-line',
      'ok host.sudo_denied',
    ]);
  });
});

describe('sudo and sudo -i', () => {
  const STRICT = `${DENY_LIST}\n${USSH}\nauth required pam_deny.so\n`;
  const failures = (sudo: string, login: string) =>
    checkPam(
      hostTree({
        '/etc/pam.d/sudo': sudo,
        '/etc/pam.d/sudo-i': login,
        '/etc/pam.d/common-auth': COMMON_AUTH,
      }),
    )
      .checks.filter(({ verdict }) => verdict === 'fail')
      .map(({ id, message }) => `${id} ${message}`);
  const PASSWORD = '@include common-auth\n';
  const LISTED = `${DENY_LIST}\n${PASSWORD}`;

  it.each([
    [
      '-i asks for the password alone, and does not see the list',
      GOOD_AUTH,
      PASSWORD,
      ['host.sudo_denied sudo-i: who'],
    ],
    ['-i lets everybody pass', GOOD_AUTH, 'auth required pam_permit.so\n', ['host.sudo_denied sudo-i: who']],
    [
      '-i has a list of its own',
      GOOD_AUTH,
      GOOD_AUTH.replace('/denied', '/others'),
      ['host.sudo_denied sudo-i: who', 'host.sudo_denied sudo: who'],
    ],
    ['-i takes a password, sudo does not', STRICT, LISTED, ['host.pam-line sudo-i: a password is enough']],
    [
      '-i takes anything',
      STRICT,
      PASSWORD,
      ['host.sudo_denied sudo-i: who', 'host.pam-line sudo-i: a password is enough'],
    ],
  ])('fail where %s', (_situation, sudo, login, expected) => {
    const found = failures(sudo, login);
    expect(found).toHaveLength(expected.length);
    for (const each of expected) expect(found).toContainEqual(expect.stringContaining(each));
  });

  it('fail where -i has no line of its own, so that those of "other" hold, which take a password', () => {
    const files = hostTree({
      '/etc/pam.d/sudo': STRICT,
      '/etc/pam.d/sudo-i': 'account required pam_permit.so\n',
      '/etc/pam.d/other': PASSWORD,
      '/etc/pam.d/common-auth': COMMON_AUTH,
    });
    const failed = checkPam(files).checks.filter(({ verdict }) => verdict === 'fail');
    expect(failed.map(({ id }) => id)).toEqual(['host.sudo_denied', 'host.pam-line']);
  });

  it('fail where sudo itself is the way around', () => {
    expect(failures(PASSWORD, STRICT)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('host.sudo_denied sudo: who is on the list of /etc/pam.d/sudo-i:1 passes'),
        expect.stringContaining('host.pam-line sudo: a password is enough here, and sudo-i takes'),
      ]),
    );
  });

  it.each([
    ['both are wired alike', STRICT, STRICT],
    ['one includes the other', STRICT, '@include sudo\n'],
    ['-i refuses everybody', STRICT, 'auth required pam_deny.so\n'],
    ['neither has the list, and both take a password', `${USSH}\n${PASSWORD}`, PASSWORD],
  ])('are good where %s', (_situation, sudo, login) => {
    expect(failures(sudo, login)).toEqual([]);
  });
});

describe('the files of PAM', () => {
  it('have comments, continued lines, quiet lines and arguments in brackets', () => {
    const sudo =
      '-auth  [success=ok \\\n default=bad] pam_x.so a [b c\\] d] # why\naccount required pam_y.so\nAUTH Required /lib/pam_z.so\n';
    const stack = readAuthStack(hostTree({ '/etc/pam.d/sudo': sudo }), 'sudo');
    expect(modulesOf(stack?.steps ?? [])).toMatchObject([
      { path: 'pam_x.so', arguments: ['a', 'b c] d'], place: '/etc/pam.d/sudo:1' },
      { path: '/lib/pam_z.so', place: '/etc/pam.d/sudo:4', controlText: 'Required' },
    ]);
  });
});

describe('libpam', () => {
  const stackOf = (text: string) =>
    readAuthStack(hostTree({ '/etc/pam.d/sudo': text, '/etc/pam.d/inner': INNER }), 'sudo')?.steps ?? [];
  const INNER = 'auth sufficient yes.so\nauth required no.so\n';
  /** The module's name is its answer. */
  const ANSWERS: Readonly<Record<string, PamAnswer>> = {
    'yes.so': 'success',
    'no.so': 'auth_err',
    'pass.so': 'ignore',
  };

  it.each([
    ['nothing', '', false],
    ['only modules that do not count', 'auth required pass.so\n', false],
    ['a failure before a sufficient success', 'auth required no.so\nauth sufficient yes.so\n', false],
    ['a success before a sufficient failure', 'auth required yes.so\nauth sufficient no.so\n', true],
    ['a jump to the end', 'auth [success=1 default=ignore] yes.so\nauth requisite no.so\n', false],
    [
      'a jump over the refusal',
      'auth [success=1 default=ignore] yes.so\nauth requisite no.so\nauth required yes.so\n',
      true,
    ],
    [
      'a jump beyond the end',
      'auth required yes.so\nauth [success=2] yes.so\nauth required pass.so\n',
      false,
    ],
    ['done in a substack, and nothing behind it', 'auth substack inner\n', true],
    ['done in a substack, and a refusal behind it', 'auth substack inner\nauth required no.so\n', false],
    ['done in what is included', 'auth include inner\nauth required no.so\n', true],
    ['a reset', 'auth required no.so\nauth [default=reset] pass.so\nauth required yes.so\n', true],
    ['an answer that the control does not name', 'auth [ignore=ok] yes.so\n', false],
  ])('makes of %s: %s -> %s', (_situation, text, success) => {
    expect(runAuth(stackOf(text), ({ path }) => ANSWERS[path] ?? 'ignore').success).toBe(success);
  });
});
