import { describe, expect, it } from 'vitest';
import { rosterDiff } from '../../src/policy/diff.ts';
import { formatRosterDiff } from '../../src/policy/diff-text.ts';
import { rosterOf, SK_LINE } from './rosters.ts';
import { SUDO_COMPANY, TOUCH_CA } from './sudo-rosters.ts';

type Replacement = readonly [from: string, to: string];

function changed(text: string, ...replacements: readonly Replacement[]): string {
  return replacements.reduce((changing, [from, to]) => {
    expect(changing).toContain(from);
    return changing.replace(from, to);
  }, text);
}

function diffOf(before: string, after: string): string {
  return formatRosterDiff(rosterDiff(rosterOf(before), rosterOf(after)));
}

const diff = (...replacements: readonly Replacement[]) =>
  diffOf(SUDO_COMPANY, changed(SUDO_COMPANY, ...replacements));
const diffBack = (...replacements: readonly Replacement[]) =>
  diffOf(changed(SUDO_COMPANY, ...replacements), SUDO_COMPANY);

describe('of sudo, rosterDiff finds nothing', () => {
  it('in a role renamed, the order of approvers, a sudo name written out', () => {
    const text = diff(
      ['roles: [web, database]', 'roles: [www, database]'],
      ['  web:\n', '  www:\n'],
      ['approvers: [lead, security]', 'approvers: [security, lead]'],
      ['  db1: {}', '  db1: { sudo_name: db1 }'],
    );
    expect(text).toBe('nobody gains or loses anything\n');
  });

  it('in a new host for those who have each anyway', () => {
    expect(diff(['  db1: {}', '  db1: {}\n  new1: {}'])).toBe('nobody gains or loses anything\n');
  });
});

describe('of sudo, rosterDiff names', () => {
  it('the role that is gained and the one that is lost', () => {
    const role: Replacement = ['roles: [signer]', 'roles: [web]'];
    expect(diff(role)).toMatchInlineSnapshot(`
      "gus
        + sudo as gus at web
        + sudo: 2h, at most 1d at web
        + sudo with 1 approval by lead, security at web
        + sudo: 2h, at most 1d at web1 (was 1h, at most 1d)
        - sudo as gus at EVERY HOST AT ONCE
        - sudo without approval at web1 (now with 1 approval by lead, security)
        - sudo without a reason at web1
        - sudo: touches without user verification at web1
      "
    `);
    expect(diffBack(role)).toMatchInlineSnapshot(`
      "gus
        + sudo as gus at EVERY HOST AT ONCE
        + sudo: 1h, at most 1d at EVERY HOST AT ONCE
        + sudo without approval at EVERY HOST AT ONCE
        + sudo without approval at web1 (was with 1 approval by lead, security)
        + sudo without a reason at web1
        + sudo: touches without user verification at web1
        - sudo as gus at web
        - sudo: 2h, at most 1d at web1 (now 1h, at most 1d)
      "
    `);
  });

  it('a login that comes with it', () => {
    expect(diff(['logins: [ann, deploy]', 'logins: [ann, root]'])).toMatchInlineSnapshot(`
      "ann
        + root
        + sudo as root at db1, web
        - deploy
        - sudo as deploy at db1, web
      "
    `);
  });

  it('the principal of every host', () => {
    const everywhere: Replacement = [
      'hosts: [web, db1], lifetime',
      'hosts: [web, db1], everywhere: true, lifetime',
    ];
    expect(diff(everywhere)).toMatchInlineSnapshot(`
      "ann
        + sudo as ann, deploy at EVERY HOST AT ONCE
        + sudo: 30m, at most 4h at EVERY HOST AT ONCE
        + sudo without approval at EVERY HOST AT ONCE
      former
        + sudo as former at EVERY HOST AT ONCE
        + sudo: 30m, at most 4h at EVERY HOST AT ONCE
        + sudo without approval at EVERY HOST AT ONCE
      guest
        + sudo as guest at EVERY HOST AT ONCE
        + sudo: 30m, at most 4h at EVERY HOST AT ONCE
        + sudo without approval at EVERY HOST AT ONCE
      "
    `);
    expect(diffBack(everywhere)).toMatchInlineSnapshot(`
      "ann
        - sudo as ann, deploy at EVERY HOST AT ONCE
      former
        - sudo as former at EVERY HOST AT ONCE
      guest
        - sudo as guest at EVERY HOST AT ONCE
      "
    `);
  });

  it('each host and the principal of every host in one line', () => {
    expect(diff(['roles: [signer]', 'roles: [operator]'])).toMatchInlineSnapshot(`
      "gus
        + sudo as gus everywhere
        + sudo: 5m, at most 10m everywhere
        + sudo without approval everywhere
        - sudo: 1h, at most 1d at EVERY HOST AT ONCE, web1 (now 5m, at most 10m)
      "
    `);
  });

  it('approvals that are needed no more, or by other people', () => {
    const fewer: Replacement = ['approvals: 2, approvers: [lead], ', 'approvals: 1, approvers: [lead], '];
    expect(diff(fewer)).toMatchInlineSnapshot(`
      "ben
        + sudo with 1 approval by lead at db1 (was with 2 approvals by lead)
      fay
        + sudo with 1 approval by lead at db1 (was with 2 approvals by lead)
      "
    `);
    expect(diffBack(fewer)).toMatchInlineSnapshot(`
      "ben
        - sudo with 1 approval by lead at db1 (now with 2 approvals by lead)
      fay
        - sudo with 1 approval by lead at db1 (now with 2 approvals by lead)
      "
    `);
    const none: Replacement = ['approvals: 1, approvers: [security]', 'approvals: 0'];
    expect(diff(none)).toMatchInlineSnapshot(`
      "dan
        - may approve sudo at mail1
      eve
        - may approve sudo at mail1
      fay
        + sudo without approval at mail1 (was with 1 approval by security)
      "
    `);
    expect(diffBack(none)).toMatchInlineSnapshot(`
      "dan
        + may approve sudo at mail1
      eve
        + may approve sudo at mail1
      fay
        - sudo without approval at mail1 (now with 1 approval by security)
      "
    `);
    const others: Replacement = [
      'approvals: 2, approvers: [lead], ',
      'approvals: 2, approvers: [security], ',
    ];
    expect(diff(others)).toMatchInlineSnapshot(`
      "ben
        + sudo with 2 approvals by security at db1 (was with 2 approvals by lead)
        - sudo with 2 approvals by lead at db1 (now with 2 approvals by security)
      carol
        - may approve sudo at db1
      eve
        + may approve sudo at db1
      fay
        + sudo with 2 approvals by security at db1 (was with 2 approvals by lead)
        - sudo with 2 approvals by lead at db1 (now with 2 approvals by security)
      former
        - may approve sudo at db1
      "
    `);
  });

  it('who may approve', () => {
    const role: Replacement = ['roles: [engineer] }', 'roles: [engineer, security] }'];
    expect(diff(role)).toMatchInlineSnapshot(`
      "ann
        + may approve sudo at mail1, web
      "
    `);
    expect(diffBack(role)).toMatchInlineSnapshot(`
      "ann
        - may approve sudo at mail1, web
      "
    `);
  });

  it('a reason, a security key, a touch and time that it needs no more', () => {
    const less: readonly Replacement[] = [
      ['reason: required, lifetime: 2h', 'lifetime: 2h, max_lifetime: 8h'],
      [', subject_keys: sk', ''],
      ['touch: { same_machine: true }', 'touch: {}'],
    ];
    expect(diff(...less)).toMatchInlineSnapshot(`
      "ben
        + sudo without a reason at web
        + sudo without a security key at db1
        + sudo: touches without the same machine at db1
        - sudo: 2h, at most 1d at web (now 2h, at most 8h)
      fay
        + sudo without a security key at db1
        + sudo: touches without the same machine at db1
      "
    `);
    expect(diffBack(...less)).toMatchInlineSnapshot(`
      "ben
        + sudo: 2h, at most 1d at web (was 2h, at most 8h)
        - sudo without a reason at web
        - sudo without a security key at db1
        - sudo: touches without the same machine at db1
      fay
        - sudo without a security key at db1
        - sudo: touches without the same machine at db1
      "
    `);
  });

  it('another name of a host, for everybody', () => {
    const name: Replacement = ['sudo_name: web-2', 'sudo_name: web-two'];
    expect(diff(name)).toMatchInlineSnapshot(`
      "! host web2 is sudoer@web-two now, no more sudoer@web-2: its PAM lines have to follow
      "
    `);
  });

  it('keys that sign for it, for everybody and for their owners', () => {
    const without = TOUCH_CA.replace(/sudo_ca:.*/s, '');
    expect(diffOf(without, TOUCH_CA)).toMatchInlineSnapshot(`
      "! SUDO is signed with the security keys of "sudo_ca" now, no more by the authority
      carol
        + A CA KEY FOR SUDO, ROOT ON EVERY HOST: SHA256:bsRHGt13vnzsF+3mZtE1tv4T6EZifUiRHHwqAVNmeqA k2
      dan
        + A CA KEY FOR SUDO, ROOT ON EVERY HOST: SHA256:00utOMUaF1+zBX//ijLBvqwTOR4+0Y9Rpec53Gjrnb8 e1
      "
    `);
    expect(diffOf(TOUCH_CA, without)).toMatchInlineSnapshot(`
      "! SUDO is signed by the authority now, no more with security keys of people
      carol
        - A CA KEY FOR SUDO, ROOT ON EVERY HOST: SHA256:bsRHGt13vnzsF+3mZtE1tv4T6EZifUiRHHwqAVNmeqA k2
      dan
        - A CA KEY FOR SUDO, ROOT ON EVERY HOST: SHA256:00utOMUaF1+zBX//ijLBvqwTOR4+0Y9Rpec53Gjrnb8 e1
      "
    `);
  });

  it('the state of such a key, and its exchange for another', () => {
    const third = TOUCH_CA.replace(
      'sudo_ca:\n',
      `sudo_ca:\n  - { person: ann, key: '${SK_LINE}', state: coming }\n`,
    );
    expect(diffOf(TOUCH_CA, third)).toMatchInlineSnapshot(`
      "ann
        + A CA KEY FOR SUDO, coming: SHA256:eIpywoIhzkv5ZXP7GDuh+3gRSon5gixvhuQ7A7DiUMI k1
      "
    `);
    expect(diffOf(third, third.replace('state: coming', 'state: active'))).toMatchInlineSnapshot(`
      "ann
        + A CA KEY FOR SUDO, ROOT ON EVERY HOST: SHA256:eIpywoIhzkv5ZXP7GDuh+3gRSon5gixvhuQ7A7DiUMI k1
        - A CA KEY FOR SUDO, coming: SHA256:eIpywoIhzkv5ZXP7GDuh+3gRSon5gixvhuQ7A7DiUMI k1
      "
    `);
  });
});

it('what one direction gains in sudo, the other loses', () => {
  const text = changed(
    SUDO_COMPANY,
    ['roles: [web, database]', 'roles: [mail, operator]'],
    ['lifetime: 30m', 'lifetime: 10m'],
    ['logins: [ann, deploy]', 'logins: [ann, root]'],
    ['approvals: 1, approvers: [security]', 'approvals: 0'],
    ['roles: [lead, security] }', 'roles: [lead] }'],
  );
  const lines = (all: string, sign: string) =>
    all
      .split('\n')
      .filter((line) => line.startsWith(`  ${sign}`) && !/\((was|now) /.test(line))
      .map((line) => line.slice(4));
  const [there, back] = [diffOf(SUDO_COMPANY, text), diffOf(text, SUDO_COMPANY)];
  expect(lines(there, '+').length).toBeGreaterThan(2);
  for (const [gain, loss] of [
    [there, back],
    [back, there],
  ] as const) {
    const sudo = lines(gain, '+').filter((line) => line.startsWith('sudo as') || line.startsWith('may'));
    expect(lines(loss, '-')).toEqual(expect.arrayContaining(sudo));
  }
});
