/** What is done to CA keys, in words. */
import type { ComponentChildren } from 'preact';
import type { Act } from '../../src/ssh/act.ts';
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { Notice } from '../notice.tsx';
import { briefListInWords, isBrief } from '../words.ts';
import { purposeInWords } from './words.ts';

type CaAct = Extract<Act, { readonly purpose: string }>;
type ActOf<Kind extends CaAct['kind']> = Extract<CaAct, { readonly kind: Kind }>;

interface CaWordsProps<Kind extends CaAct['kind'] = CaAct['kind']> {
  readonly person: string;
  readonly act: ActOf<Kind>;
}

export function CaStatement({ person, act }: CaWordsProps) {
  switch (act.kind) {
    case 'stage-ca':
      return <StageStatement person={person} act={act} />;
    case 'activate-ca':
      return <ActivateStatement person={person} act={act} />;
    case 'retire-ca':
      return <RetireStatement person={person} act={act} />;
    case 'revoke-ca':
      return <RevokeStatement person={person} act={act} />;
    default:
      return act satisfies never;
  }
}

function StageStatement({ person, act }: CaWordsProps<'stage-ca'>) {
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> publishes <strong>{keyFor(act, act.key === '' ? 'a new' : 'a')}</strong>.
      </p>
      <KeyLedger act={act}>
        {whoTrusts(act)} trust it from their {occasion(act)} on. It signs nothing until it is activated.
      </KeyLedger>
    </>
  );
}

function ActivateStatement({ person, act }: CaWordsProps<'activate-ca'>) {
  const { evenWithout } = act;
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> lets <strong>{keyFor(act)}</strong> sign, in place of the one that signs
        now.
      </p>
      {evenWithout.length > 0 && (
        <Notice tone="warning" title="Some hosts may not trust it yet">
          {briefListInWords(evenWithout, 'hosts, each named below,')} refuse what it signs until their next
          sync.
        </Notice>
      )}
      <KeyLedger act={act}>
        Every new certificate of this purpose is signed by it. What the one before signed counts until it
        ends.
        {evenWithout.length === 0 && ' It is refused as long as anybody lacks the key.'}
      </KeyLedger>
    </>
  );
}

function RetireStatement({ person, act }: CaWordsProps<'retire-ca'>) {
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> removes <strong>{keyFor(act)}</strong>, which signs no more.
      </p>
      <KeyLedger act={act}>
        {whoTrusts(act)} forget it with their {occasion(act)}. It is refused as long as anything counts that
        the key signed.
      </KeyLedger>
    </>
  );
}

function RevokeStatement({ person, act }: CaWordsProps<'revoke-ca'>) {
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> revokes{' '}
        <strong class="weighty">{keyFor(act)}, and all that it signed</strong>.
      </p>
      <Notice tone="warning" title="This can not be undone">
        {REVOKED[act.purpose] ?? 'Every certificate that it signed counts no more.'} If it is the key that
        signs now, nothing of this purpose is signed until another one is activated.
      </Notice>
      <KeyLedger act={act}>
        {whoTrusts(act)} refuse it from their {occasion(act)} on.
      </KeyLedger>
    </>
  );
}

const REVOKED: Readonly<Record<string, string>> = {
  login: 'Everybody who signed in with a certificate by this key is shut out until they sign in anew.',
  sudo: 'Everybody who has sudo through a certificate by this key loses it until they ask again.',
  builder: 'Every builder with a certificate by this key is shut out until it gets a new one.',
  host: 'Every host with a certificate by this key is refused by clients until it gets a new one.',
};

function KeyLedger({ act, children }: { readonly act: CaAct; readonly children: ComponentChildren }) {
  return (
    <Ledger>
      <Entry label="CA key">
        {act.key === '' ? 'a new one, which the authority makes' : <Fingerprint value={act.key} />}
      </Entry>
      {'evenWithout' in act && !isBrief(act.evenWithout) && (
        <Entry label="Even without">
          {act.evenWithout.map((host) => (
            <div key={host}>{host}</div>
          ))}
        </Entry>
      )}
      <Entry label="What follows">{children}</Entry>
    </Ledger>
  );
}

function keyFor({ purpose }: CaAct, article = 'a'): string {
  return `${article} CA key for ${purposeInWords(purpose)}`;
}

/** Certificates of hosts are looked at by clients, all others by hosts. */
function whoTrusts({ purpose }: CaAct): string {
  return purpose === 'host' ? 'Clients' : 'Hosts';
}

function occasion({ purpose }: CaAct): string {
  return purpose === 'host' ? 'next login' : 'next sync';
}
