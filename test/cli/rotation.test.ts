import { describe, expect, it } from 'vitest';
import type { ListedCaKey, ListedHost } from '../../cli/authority/ca-keys.ts';
import type { Purpose } from '../../cli/ca/purpose.ts';
import { rotationOf } from '../../cli/ca/rotation.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;

function key(name: string, state: ListedCaKey['state'], changes: Partial<ListedCaKey> = {}): ListedCaKey {
  return { purpose: 'login', name, key: '', state, since: NOW - 60, certificates: 0, ...changes };
}

function host(name: string, trusts: readonly string[] | undefined, lockedAt?: number): ListedHost {
  const times = { enrolledAt: NOW, renewedAt: NOW, ...(lockedAt === undefined ? {} : { lockedAt }) };
  if (trusts === undefined) return { host: name, ...times };
  const told = { receivedAt: NOW, number: 1, openssh: '', pamUssh: '', shows: [], problems: [] };
  const keys = trusts.map((each) => ({ purpose: 'login', key: each }));
  return { host: name, ...times, report: { ...told, trusts: keys } };
}

const rotate = (
  keys: readonly ListedCaKey[],
  hosts: readonly ListedHost[] = [],
  purpose: Purpose = 'login',
) => rotationOf({ keys, hosts }, purpose, NOW);

describe('where the replacement of a CA key stands', () => {
  it('waits for hosts that lack the key, or never said that they have it', () => {
    const keys = [key('old', 'active'), key('new', 'coming')];
    const hosts = [host('web1', ['old', 'new']), host('web2', ['old']), host('web3', undefined)];
    const { keys: standing, next } = rotate(keys, hosts);
    expect(standing.map(({ key: { name }, hosts: who }) => [name, who])).toEqual([
      ['new', { having: ['web1'], lacking: ['web2', 'web3'] }],
      ['old', { having: ['web1', 'web2'], lacking: ['web3'] }],
    ]);
    expect(next).toBe(
      'when web2, web3 have it, too: usher ca rotate login --activate; or without them: --even-without web2 web3',
    );
  });

  it('a key of the same name for another purpose is not the one that is waited for', () => {
    const reported = host('web1', ['new']);
    const trusts = [{ purpose: 'sudo', key: 'new' }];
    const other = { ...reported, report: { ...reported.report, trusts } } as ListedHost;
    expect(rotate([key('new', 'coming')], [other]).next).toMatch(/^when web1 have it/);
  });

  it('does not wait for hosts that are locked', () => {
    const { next, locked } = rotate([key('new', 'coming')], [host('web1', ['new']), host('web2', [], NOW)]);
    expect({ next, locked }).toEqual({ next: 'usher ca rotate login --activate', locked: ['web2'] });
  });

  it('waits for clients, which learn of keys for hosts with their next login', () => {
    const coming = (publishedAt: number) => [
      key('old', 'active', { purpose: 'host' }),
      key('new', 'coming', { purpose: 'host', publishedAt }),
    ];
    expect(rotate(coming(NOW - DAY + 1), [host('web1', [])], 'host').next).toBe(
      'from 2027-01-15 08:00:01Z on, when every client has it: usher ca rotate host --activate',
    );
    expect(rotate(coming(NOW - DAY), [], 'host').next).toBe('usher ca rotate host --activate');
  });

  it('does not wait for clients where no key of hosts signs any more', () => {
    const keys = [
      key('new', 'coming', { purpose: 'host', publishedAt: NOW }),
      key('stolen', 'revoked', { purpose: 'host' }),
      key('other', 'active'),
    ];
    expect(rotate(keys, [], 'host').next).toBe('usher ca rotate host --activate');
  });

  it('waits for the last certificate of a retired key', () => {
    const keys = (certificates: number) => [key('new', 'active'), key('old', 'retired', { certificates })];
    expect(rotate(keys(2)).next).toMatch(/^when the 2 certificates of the retired key have ended: /);
    expect(rotate(keys(1)).next).toMatch(/^when the certificate of /);
    expect(rotate(keys(0)).next).toBe('usher ca rotate login --retire');
  });

  it('shows nothing of other purposes, nor of keys that are gone', () => {
    const others = [key('a', 'removed'), key('b', 'revoked'), key('c', 'active', { purpose: 'host' })];
    expect(rotate(others)).toMatchObject({ keys: [], next: expect.stringContaining('--stage') });
  });
});
