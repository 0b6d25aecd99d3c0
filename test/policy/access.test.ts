import { expect, it } from 'vitest';
import { accessOf } from '../../src/policy/access.ts';
import { COMPANY, NOW, rosterOf } from './rosters.ts';

const roster = rosterOf(COMPANY);

it.each(['mallory', 'carol', 'nobody', '__proto__'])('%s has no access', (name) => {
  expect(accessOf(roster, name, NOW)).toBeUndefined();
});

it('nobody has access when less than the shortest certificate is left of it', () => {
  const until = roster.people.get('guest')?.until ?? 0;
  expect(accessOf(roster, 'guest', until - 300)).toMatchObject({ defaultLifetime: 300, maxLifetime: 300 });
  expect(accessOf(roster, 'guest', until - 299)).toBeUndefined();
});

it.each([
  ['keeps the authority', 'r: {manage: [hosts]}', 'r'],
  ['approves', 'r: {}, s: {sudo: {hosts: "*", approvals: 1, approvers: [r]}}', 'r'],
])('who only %s has access to nothing, and can enrol a security key', (_, roles, role) => {
  const text = `{people: {a: {logins: [a], roles: [${role}]}, b: {logins: [b], roles: []}}, roles: {${roles}}, hosts: {h: {}}}`;
  expect(accessOf(rosterOf(text), 'a', NOW)).toMatchObject({ logins: ['a'], hosts: [] });
  expect(accessOf(rosterOf(text), 'a', NOW)?.sudo).toBeUndefined();
  expect(accessOf(rosterOf(text), 'b', NOW)).toBeUndefined();
});

it('"*" stands for every host', () => {
  expect(accessOf(roster, 'alice', NOW)).toEqual({
    logins: ['alice', 'deploy'],
    hosts: ['*'],
    defaultLifetime: 28_800,
    maxLifetime: 43_200,
  });
});

it('of several roles the strictest lifetime counts', () => {
  expect(accessOf(roster, 'bob', NOW)).toEqual({
    logins: ['bob'],
    hosts: ['web', 'db1'],
    defaultLifetime: 3600,
    maxLifetime: 7200,
  });
});

it('lifetimes end where the access ends', () => {
  expect(accessOf(roster, 'guest', NOW)).toMatchObject({ defaultLifetime: 3600, maxLifetime: 3600 });
});

it('a role that excludes an earlier one is left out', () => {
  const text = COMPANY.replace('roles: [web, tokyo]', 'roles: [web, tokyo, database]');
  expect(accessOf(rosterOf(text), 'dave', NOW)?.hosts).toEqual(['web', 'db1']);
});

it('a host that a named group holds is not named again', () => {
  const text =
    '{people: {a: {logins: [a], roles: [r]}}, roles: {r: {login: {hosts: [h1, g, h2]}}}, hosts: {h1: {groups: [g]}, h2: {}}}';
  expect(accessOf(rosterOf(text), 'a', NOW)?.hosts).toEqual(['g', 'h2']);
});

it('more principals than a certificate holds are left out', () => {
  const hosts = Array.from({ length: 200 }, (_, index) => `h${index}`);
  const text = `{people: {a: {logins: [a, b], roles: [r]}}, roles: {r: {login: {hosts: [${hosts.join(', ')}]}}}, hosts: {${hosts.map((host) => `${host}: {}`).join(', ')}}}`;
  expect(accessOf(rosterOf(text), 'a', NOW)?.hosts).toEqual(hosts.slice(0, 128));
});
