import { describe, expect, it } from 'vitest';
import { accessOf } from '../../src/policy/access.ts';
import { NOW, rosterOf } from './rosters.ts';
import { SUDO_COMPANY } from './sudo-rosters.ts';

const roster = rosterOf(SUDO_COMPANY);
const sudoOf = (name: string, text = SUDO_COMPANY) => accessOf(rosterOf(text), name, NOW)?.sudo;

describe('of sudo, there is', () => {
  it('nothing to say for people without it', () => {
    expect(accessOf(roster, 'carol', NOW)).toMatchObject({ hosts: ['web'] });
    expect(accessOf(roster, 'carol', NOW)).not.toHaveProperty('sudo');
    for (const name of ['nobody', 'former', 'mallory']) expect(accessOf(roster, name, NOW)).toBeUndefined();
  });

  it('nothing under "*" of no host', () => {
    const text = "{people: {a: {logins: [a], roles: [r]}}, roles: {r: {sudo: {hosts: '*'}}}}";
    expect(accessOf(rosterOf(text), 'a', NOW)).toBeUndefined();
  });

  it('groups and hosts, and what hosts are called for sudo', () => {
    expect(sudoOf('ann')).toEqual({
      everywhere: false,
      hosts: ['web', 'db1'],
      names: { web2: 'web-2' },
      defaultLifetime: 1800,
      maxLifetime: 14_400,
      approvals: 0,
      reasonRequired: false,
      securityKeysOnly: false,
    });
  });

  it('"*" where each host of the roster is given', () => {
    expect(sudoOf('eve')).toMatchObject({ everywhere: true, hosts: ['*'], names: { web2: 'web-2' } });
  });

  it('access without a place to sign in to', () => {
    expect(accessOf(roster, 'gus', NOW)).toMatchObject({
      logins: ['gus'],
      hosts: [],
      sudo: { everywhere: true, hosts: ['web1'], names: {} },
    });
  });

  it('everywhere without any host', () => {
    const text =
      "{people: {a: {logins: [a], roles: [r]}}, roles: {r: {sudo: {hosts: '*', everywhere: true}}}}";
    expect(sudoOf('a', text)).toMatchObject({ everywhere: true, hosts: ['*'], names: {} });
  });

  it('of several roles the strictest of each rule', () => {
    expect(sudoOf('ben')).toEqual({
      everywhere: false,
      hosts: ['web', 'db1'],
      names: { web2: 'web-2' },
      defaultLifetime: 3600,
      maxLifetime: 3600,
      approvals: 2,
      reasonRequired: true,
      securityKeysOnly: true,
    });
  });

  it('no role that excludes an earlier one', () => {
    expect(sudoOf('fay')).toMatchObject({ hosts: ['mail1'], approvals: 1, securityKeysOnly: false });
  });

  it('no host that an earlier, excluding role has within a group', () => {
    // web1 is given by "mail" first, and "database" excludes it: of the group only web2 is left.
    const text = SUDO_COMPANY.replace('hosts: [mail1], approvals', 'hosts: [web1], approvals').replace(
      'roles: [mail, database]',
      'roles: [database, mail, web]',
    );
    expect(sudoOf('fay', text)).toMatchObject({ hosts: ['db1', 'web2'], approvals: 2 });
  });

  it('nothing that too few people can approve any more', () => {
    const text = SUDO_COMPANY.replace('roles: [lead] }', 'roles: [lead], until: 2027-01-15T08:00:00Z }');
    expect(sudoOf('ben', text)).toMatchObject({ hosts: ['web'], approvals: 1 });
  });

  it('no more time than the access lasts', () => {
    const until = roster.people.get('guest')?.until ?? 0;
    expect(accessOf(roster, 'guest', until - 300)?.sudo).toMatchObject({
      defaultLifetime: 300,
      maxLifetime: 300,
    });
  });

  it('no more than 255 names', () => {
    const names = Array.from({ length: 300 }, (_, index) => `h${index}`);
    const text = `{people: {a: {logins: [a], roles: [r]}}, roles: {r: {sudo: {hosts: [${names.join(', ')}]}}}, hosts: {${names.map((name) => `${name}: {sudo_name: s-${name}}`).join(', ')}}}`;
    expect(sudoOf('a', text)?.hosts.length).toBe(255);
    expect(Object.keys(sudoOf('a', text)?.names ?? {}).length).toBe(255);
  });
});
