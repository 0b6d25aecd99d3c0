import { describe, expect, it } from 'vitest';
import { rosterDiff } from '../../src/policy/diff.ts';
import { formatRosterDiff } from '../../src/policy/diff-text.ts';
import { COMPANY, OTHER_SK_LINE, rosterOf, SK_LINE } from './rosters.ts';

function changed(...replacements: readonly (readonly [from: string, to: string])[]): string {
  return replacements.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, COMPANY);
}

function diffTo(text: string, from = COMPANY): string {
  return formatRosterDiff(rosterDiff(rosterOf(from), rosterOf(text)));
}

describe('rosterDiff finds nothing', () => {
  it('between a roster and itself', () => {
    expect(rosterDiff(rosterOf(COMPANY), rosterOf(COMPANY))).toEqual({ changes: [], people: [] });
    expect(diffTo(COMPANY)).toBe('nobody gains or loses anything\n');
  });

  it('in comments, in order, in how a duration is written, in a role renamed', () => {
    const text = changed(
      ['lifetime: 8h, max', 'lifetime: 480m, max'],
      ['roles: [engineer]', 'roles: [staff]'],
      ['  engineer: {', '  # renamed\n  staff: {'],
      [
        'extensions: [permit-pty, permit-port-forwarding, permit-agent-forwarding]',
        'extensions: [permit-agent-forwarding, permit-port-forwarding, permit-pty]',
      ],
    );
    expect(diffTo(text)).toBe('nobody gains or loses anything\n');
  });

  it('in a new host for those who reach every host anyway', () => {
    expect(diffTo(changed(['  db1: {}', '  db1: {}\n  db2: {}']))).toBe('nobody gains or loses anything\n');
  });
});

describe('rosterDiff names', () => {
  it('a new person with all access', () => {
    expect(
      diffTo(
        changed([
          'people:\n',
          `people:\n  zoe: { logins: [zoe, root], roles: [web], security_keys: ['${OTHER_SK_LINE}'] }\n`,
        ]),
      ),
    ).toMatchInlineSnapshot(`
      "zoe is new
        + zoe@web, root@web
        + 20h, at most 1d at web
        + permit-agent-forwarding, permit-port-forwarding, permit-pty at web
        + from 10.0.0.0/8, 192.0.2.0/24 at web
        + security key SHA256:bsRHGt13vnzsF+3mZtE1tv4T6EZifUiRHHwqAVNmeqA k2
      "
    `);
  });

  it('a removed person', () => {
    const without = changed([
      `  alice: { logins: [alice, deploy], roles: [engineer], security_keys: ['${SK_LINE}'] }\n`,
      '',
    ]);
    expect(diffTo(without)).toMatchInlineSnapshot(`
      "alice is removed
        - alice, deploy
        - security key SHA256:eIpywoIhzkv5ZXP7GDuh+3gRSon5gixvhuQ7A7DiUMI k1
      "
    `);
  });

  it('a login gained and one lost', () => {
    expect(diffTo(changed(['logins: [bob]', 'logins: [robert]']))).toMatchInlineSnapshot(`
      "bob
        + robert@db1, robert@web
        - bob@db1, bob@web
      "
    `);
  });

  it('a role gained and one lost', () => {
    expect(diffTo(changed(['roles: [web, database]', 'roles: [web, tokyo]']))).toMatchInlineSnapshot(`
      "bob
        + bob@tokyo1
        + 20h, at most 1d at tokyo1
        + permit-agent-forwarding, permit-pty at tokyo1
        + from 2001:db8::/32 at tokyo1
        - bob@db1
      "
    `);
  });

  it('every host gained, hiding the hosts that it covers', () => {
    expect(
      diffTo(changed(['logins: [dave], roles: [web, tokyo]', 'logins: [dave], roles: [engineer]'])),
    ).toMatchInlineSnapshot(`
      "dave
        + dave
        + 8h, at most 12h everywhere
        + permit-agent-forwarding, permit-pty everywhere
        + from anywhere at web
        + from anywhere at tokyo1
        - 20h, at most 1d at web (now 8h, at most 12h)
        - permit-port-forwarding at web
        - 20h, at most 1d at tokyo1 (now 8h, at most 12h)
      "
    `);
  });

  it('a host that joins a group, for each who has the group', () => {
    expect(diffTo(changed(['  db1: {}', '  db1: {}\n  web3: { groups: [web] }']))).toMatchInlineSnapshot(`
      "bob
        + bob@web3
        + 20h, at most 1d at web3
        + permit-agent-forwarding, permit-port-forwarding, permit-pty at web3
        + from 10.0.0.0/8, 192.0.2.0/24 at web3
      dave
        + dave@web3
        + 20h, at most 1d at web3
        + permit-agent-forwarding, permit-port-forwarding, permit-pty at web3
        + from 10.0.0.0/8, 192.0.2.0/24 at web3
      guest
        + guest@web3
        + 20h, at most 1d at web3
        + permit-agent-forwarding, permit-port-forwarding, permit-pty at web3
        + from 10.0.0.0/8, 192.0.2.0/24 at web3
      "
    `);
  });

  it('a host that leaves', () => {
    expect(diffTo(changed(['  web2: { groups: [web] }\n', '']))).toMatchInlineSnapshot(`
      "bob
        - bob@web2
      dave
        - dave@web2
      guest
        - guest@web2
      "
    `);
  });

  it('longer and shorter lifetimes', () => {
    expect(
      diffTo(
        changed(
          ['lifetime: 8h, max_lifetime: 12h', 'lifetime: 8h, max_lifetime: 8h'],
          ['lifetime: 1h, max_lifetime: 2h', 'lifetime: 2h, max_lifetime: 2h'],
        ),
      ),
    ).toMatchInlineSnapshot(`
      "alice
        - 8h, at most 12h everywhere (now 8h, at most 8h)
      bob
        + 2h, at most 2h at db1 (was 1h, at most 2h)
      "
    `);
  });

  it('extensions and networks', () => {
    expect(
      diffTo(
        changed(
          [
            'extensions: [permit-pty, permit-port-forwarding, permit-agent-forwarding]',
            'extensions: [permit-pty, permit-X11-forwarding]',
          ],
          ['source_addresses: [10.0.0.0/8, 192.0.2.0/24]', 'source_addresses: [10.2.0.0/16, 192.0.0.0/16]'],
          ["source_addresses: ['2001:db8::/32']", 'max_lifetime: 1d'],
        ),
      ),
    ).toMatchInlineSnapshot(`
      "bob
        + permit-X11-forwarding at web
        + from 192.0.0.0/16 at web
        - permit-agent-forwarding, permit-port-forwarding at web
        - from 10.0.0.0/8 at web
      dave
        + permit-X11-forwarding at web
        + from 192.0.0.0/16 at web
        + from anywhere at tokyo1
        - permit-agent-forwarding, permit-port-forwarding at web
        - from 10.0.0.0/8 at web
      guest
        + permit-X11-forwarding at web
        + from 192.0.0.0/16 at web
        - permit-agent-forwarding, permit-port-forwarding at web
        - from 10.0.0.0/8 at web
      "
    `);
  });

  it('what touches need more, and less', () => {
    expect(
      diffTo(
        changed(
          ['user_verification: required, same_machine: true', 'user_verification: required'],
          ['max_lifetime: 12h } }', 'max_lifetime: 12h }, touch: { user_verification: required } }'],
          [
            'aaguids: [ee882879-721c-4913-9775-3dfcce97072a]',
            'aaguids: [ee882879-721c-4913-9775-3dfcce97072b]',
          ],
        ),
      ),
    ).toMatchInlineSnapshot(`
      "alice
        - touches without user verification everywhere
      bob
        + touches without the same machine at db1
      erin
        + security keys of model ee882879-721c-4913-9775-3dfcce97072b at db1
        - security keys of model ee882879-721c-4913-9775-3dfcce97072a at db1
      "
    `);
  });

  it('security keys by fingerprint, whatever their comment', () => {
    expect(diffTo(changed([SK_LINE, SK_LINE.replace(/k1$/, 'renamed')]))).toBe(
      'nobody gains or loses anything\n',
    );
    expect(diffTo(changed([SK_LINE, OTHER_SK_LINE]))).toMatchInlineSnapshot(`
      "alice
        + security key SHA256:bsRHGt13vnzsF+3mZtE1tv4T6EZifUiRHHwqAVNmeqA k2
        - security key SHA256:eIpywoIhzkv5ZXP7GDuh+3gRSon5gixvhuQ7A7DiUMI k1
      "
    `);
  });

  it('rights, and what touches for them need more, and less', () => {
    const keepers = changed(['auditor: { touch:', 'auditor: { manage: [hosts, revoke, ca], touch:']);
    expect(diffTo(keepers)).toMatchInlineSnapshot(`
      "carol
        + may invite hosts, revoke, REPLACE THE KEYS THAT SIGN
      "
    `);
    const easier = keepers.replace(
      ', ca], touch: { user_verification: required }',
      '], touch: { same_machine: true }',
    );
    expect(diffTo(easier, keepers)).toMatchInlineSnapshot(`
      "carol
        + "hosts": touches without user verification
        + "revoke": touches without user verification
        - may REPLACE THE KEYS THAT SIGN
        - "hosts": touches without the same machine
        - "revoke": touches without the same machine
      "
    `);
    expect(diffTo(COMPANY, keepers)).toMatchInlineSnapshot(`
      "carol
        - may invite hosts, revoke, REPLACE THE KEYS THAT SIGN
      "
    `);
  });

  it('rights of another role where the first one has no more', () => {
    const both = changed(
      ['logins: [carol], roles: [auditor]', 'logins: [carol], roles: [auditor, engineer]'],
      ['auditor: { touch:', 'auditor: { manage: [ca], touch:'],
      ['engineer: { login', 'engineer: { manage: [ca], login'],
    );
    expect(
      diffTo(both.replace('auditor: { manage: [ca], touch', 'auditor: { touch'), both),
    ).toMatchInlineSnapshot(`
      "carol
        + "ca": touches without user verification
      "
    `);
  });

  it('a later and an earlier end', () => {
    expect(
      diffTo(changed(['until: 2027-01-15T09:00:00Z', 'until: 2028-01-15T10:00:00+01:00'])),
    ).toMatchInlineSnapshot(`
      "guest
        + access until 2028-01-15T09:00:00Z (was until 2027-01-15T09:00:00Z)
      "
    `);
    expect(diffTo(changed([', until: 2027-01-15T09:00:00Z', '']))).toMatchInlineSnapshot(`
      "guest
        + access without end (was until 2027-01-15T09:00:00Z)
      "
    `);
    expect(
      diffTo(changed(['logins: [bob]', 'logins: [bob], until: 2027-01-15T09:00:00Z'])),
    ).toMatchInlineSnapshot(`
      "bob
        - access without end (now until 2027-01-15T09:00:00Z)
      "
    `);
  });
});

it('what one direction gains, the other loses', () => {
  const text = changed(
    ['roles: [web, database]', 'roles: [web, tokyo]'],
    ['lifetime: 8h', 'lifetime: 2h'],
    ['logins: [bob]', 'logins: [bob, root]'],
    ['  db1: {}', '  db1: {}\n  web3: { groups: [web] }'],
  );
  const lines = (diff: string, sign: string) =>
    diff.split('\n').filter((line) => line.startsWith(`  ${sign}`) && line.includes('@'));
  const [there, back] = [diffTo(text), diffTo(COMPANY, text)];
  const swap = (list: readonly string[]) => list.map((line) => line.slice(4));
  expect(swap(lines(there, '+'))).toEqual(swap(lines(back, '-')));
  expect(swap(lines(there, '-'))).toEqual(swap(lines(back, '+')));
});
