/** A refusal of the authority: what, what to do, and the code that the documentation lists. */
import type { Refusal } from './api.ts';
import { Entry, Ledger } from './ledger.tsx';
import { asSentence, lifetimeInWords, listInWords } from './words.ts';

export function RefusalText({ refusal }: { readonly refusal: Refusal }) {
  return (
    <>
      <p>{asSentence(refusal.detail ?? refusal.title)}</p>
      {refusal.access !== undefined && <AccessLedger access={refusal.access} />}
      <p class="code-line">
        Code <code>{refusal.code}</code>
      </p>
    </>
  );
}

export interface AccessProps {
  readonly access: {
    readonly logins: readonly string[];
    readonly hosts: readonly string[];
    readonly defaultLifetime: number;
    readonly maxLifetime: number;
  };
}

/** What a person may ask for. */
export function AccessLedger({ access }: AccessProps) {
  const everywhere = access.hosts.includes('*');
  return (
    <Ledger>
      <Entry label="Accounts">{listInWords(access.logins)}</Entry>
      <Entry label="Hosts and groups">{everywhere ? 'every host' : listInWords(access.hosts)}</Entry>
      <Entry label="For">
        {lifetimeInWords(access.defaultLifetime)}, at most {lifetimeInWords(access.maxLifetime)}
      </Entry>
    </Ledger>
  );
}
