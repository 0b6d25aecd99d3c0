import { describe, expect, it } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import { sampleRoster } from '../../src/policy/sample.ts';
import { MAKER_A } from './roots.ts';
import { asks, faultsOf, NOW, rosterOf, SK_LINE } from './rosters.ts';

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

  it('has no faults either when what stands in comments is put in force', () => {
    const text = sampleRoster()
      .split('\n')
      .map((line) =>
        line.replace(/^( +)# (?=(until|security_keys|source_addresses|attestation): ?| {2})/, '$1'),
      )
      .join('\n')
      .replace(/sk-ssh-ed25519@openssh.com AAAA\.\.\..*/, SK_LINE)
      .replace(/ +-----BEGIN CERTIFICATE-----\n +\.\.\./, MAKER_A.replaceAll(/^(?=.)/gm, '            '));
    expect(faultsOf(text)).toEqual([]);
    const roster = rosterOf(text);
    expect(roster.people.get('alice')?.until).toBe(1_814_313_600);
    expect(roster.people.get('alice')?.securityKeys.length).toBe(1);
    expect(roster.roles.get('engineer')?.login?.sourceAddresses?.length).toBe(2);
    expect(roster.roles.get('engineer')?.touch.attestation.required).toBe(true);
  });
});
