/** A revocation, in words. */
import type { ComponentChildren } from 'preact';
import type { Act, RevocationTarget } from '../../src/ssh/act.ts';
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';

interface RevokeWordsProps {
  readonly person: string;
  readonly act: Extract<Act, { kind: 'revoke' }>;
}

export function RevokeStatement({ person, act: { target } }: RevokeWordsProps) {
  const { what, label, name, follows } = wordsOf(target);
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> revokes <strong>{what}</strong>.
      </p>
      <Ledger>
        <Entry label={label}>{name}</Entry>
        <Entry label="What follows">
          {follows}
          {target.kind === 'machine' ? 'Clients refuse' : 'Hosts refuse'} what is revoked from their next{' '}
          {target.kind === 'machine' ? 'login' : 'sync'} on. Nothing takes it back.
        </Entry>
      </Ledger>
    </>
  );
}

interface TargetWords {
  readonly what: string;
  readonly label: string;
  readonly name: ComponentChildren;
  /** Sentences, with a blank behind them. */
  readonly follows: string;
}

function wordsOf({ kind, name }: RevocationTarget): TargetWords {
  const code = <code>{name}</code>;
  switch (kind) {
    case 'serial':
      return {
        what: 'one certificate; if a host shows it, the host is locked too',
        label: 'Serial',
        name: code,
        follows: '',
      };
    case 'person':
      return {
        what: `every certificate of ${name}`,
        label: 'Person',
        name: code,
        follows: `For sign-in and for sudo. ${name} can ask for new ones as long as the roster gives any. `,
      };
    case 'key':
      return {
        what: 'a key, and every certificate for it',
        label: 'Key',
        name: <Fingerprint value={name} />,
        follows: 'It gets no certificate any more, and touches for nobody. ',
      };
    case 'machine':
      return {
        what: `every certificate of ${name}, and locks it`,
        label: 'Machine',
        name: code,
        follows: 'It gets nothing until it enrols with a new token. ',
      };
    case 'credential':
      return {
        what: 'a security key or passkey, and every certificate that it was touched for',
        label: 'Credential',
        name: name.startsWith('SHA256:') ? <Fingerprint value={name} /> : code,
        follows: 'It touches for nobody any more. ',
      };
    default:
      return kind satisfies never;
  }
}
