import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import { RIGHTS } from '../../src/policy/roster.ts';
import { sampleRoster } from '../../src/policy/sample.ts';
import { MAKER_A } from './roots.ts';
import { asks, faultsOf, NOW, OTHER_SK_LINE, rosterOf, SK_LINE } from './rosters.ts';
import { asksSudo } from './sudo-rosters.ts';

describe('the sample roster', () => {
  it('has no faults', () => {
    expect(parseRoster(sampleRoster()).faults).toBeUndefined();
    expect(parseRoster(sampleRoster('bob_2')).faults).toBeUndefined();
  });

  it('lets its person sign in everywhere for 20 hours', () => {
    const decision = decide(
      rosterOf(sampleRoster('bob')),
      'bob',
      asks({ logins: ['bob'], hosts: ['*'] }),
      NOW,
    );
    expect(decision).toMatchObject({ kind: 'grant', terms: { principals: ['bob'], lifetime: 72_000 } });
  });

  it('lets its person have sudo on each host for an hour, and not everywhere at once', () => {
    const roster = rosterOf(sampleRoster('bob'));
    const decision = decide(roster, 'bob', asksSudo({ login: 'bob' }), NOW);
    expect(decision).toMatchObject({
      kind: 'grant',
      terms: { principals: ['bob', 'sudoer@web1'], lifetime: 3600 },
    });
    expect(decide(roster, 'bob', asksSudo({ login: 'bob', hosts: ['*'] }), NOW)).toMatchObject({
      code: 'host-not-allowed',
    });
  });

  it('lets its person do all that can be done to the authority', () => {
    expect(rosterOf(sampleRoster('bob')).roles.get('keeper')?.manage).toEqual(new Set(RIGHTS));
  });

  it('has no faults either when what stands in comments is put in force', () => {
    const fields =
      /^( *)# (?=(until|security_keys|source_addresses|touch|attestation|approvals|approvers|sudo_name|sudo_ca):| {2}[^u])/;
    const text = sampleRoster()
      .split('\n')
      .map((line) => line.replace(fields, '$1'))
      .join('\n')
      .replace('people:\n', 'people:\n  bob: { logins: [bob], roles: [lead] }\n')
      .replace('roles:\n', 'roles:\n  lead: {}\n')
      .replace('person: alice', 'person: bob')
      .replace(/sk-ssh-ed25519@openssh.com AAAA\.\.\. \S+laptop/, SK_LINE)
      .replace(/sk-ssh-ed25519@openssh.com AAAA\.\.\. \S+safe/, OTHER_SK_LINE)
      .replace(/ +-----BEGIN CERTIFICATE-----\n +\.\.\./, MAKER_A.replaceAll(/^(?=.)/gm, '            '));
    expect(faultsOf(text)).toEqual([]);
    const roster = rosterOf(text);
    expect(roster.people.get('alice')?.until).toBe(1_814_313_600);
    expect(roster.people.get('alice')?.securityKeys.length).toBe(1);
    expect(roster.roles.get('engineer')?.login?.sourceAddresses?.length).toBe(2);
    expect(roster.roles.get('engineer')?.touch.attestation.required).toBe(true);
    expect(roster.roles.get('engineer')?.sudo).toMatchObject({ approvals: 1, approvers: ['lead'] });
    expect(roster.roles.get('keeper')?.touch.userVerification).toBe(true);
    expect(roster.sudoNames.get('web-1')?.name).toBe('web1');
    expect(roster.sudoCa).toMatchObject([{ person: 'bob', state: 'active' }]);
  });
});
