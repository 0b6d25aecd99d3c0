/** A certificate for sudo, in words. */
import { Entry } from '../ledger.tsx';
import { Notice } from '../notice.tsx';
import { briefListInWords, isBrief, lifetimeInWords, listInWords } from '../words.ts';
import type { ReviewedSudo } from './draft.ts';
import type { SudoTerms } from './sudo.ts';

interface SudoWordsProps {
  readonly person: string;
  readonly certificate: ReviewedSudo;
}

export function SudoStatement({ person, certificate }: SudoWordsProps) {
  const { hosts, login, lifetime } = certificate;
  const everywhere = hosts === 'every host';
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> gets{' '}
        <strong class={everywhere ? 'weighty' : ''}>
          root on {everywhere ? hosts : briefListInWords(hosts, 'hosts')}
        </strong>{' '}
        as <strong>{login}</strong> through sudo, for <strong>{lifetimeInWords(lifetime)}</strong>.
      </p>
      {everywhere && (
        <Notice tone="warning" title="Root on every host">
          Every host that trusts this CA takes it, now and later.
        </Notice>
      )}
    </>
  );
}

/** What the sentence only counts. */
export function LongSudoList({ hosts }: Pick<SudoTerms, 'hosts'>) {
  return hosts === 'every host' || isBrief(hosts) ? null : <Entry label="Hosts">{listInWords(hosts)}</Entry>;
}

export function SudoBounds() {
  return <Entry label="Allows">sudo, and nothing else: nobody can sign in with it</Entry>;
}
