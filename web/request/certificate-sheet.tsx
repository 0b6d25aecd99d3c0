/** One certificate to be: a sentence for the eye, every field of the draft below it. */
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { momentInWords } from '../words.ts';
import type { ReviewedCertificate } from './draft.ts';
import { LoginBounds, LoginStatement, LongLoginLists } from './login-words.tsx';
import { LongSudoList, SudoBounds, SudoStatement } from './sudo-words.tsx';

export interface CertificateSheetProps {
  readonly person: string;
  readonly certificate: ReviewedCertificate;
}

export function CertificateSheet({ person, certificate }: CertificateSheetProps) {
  return (
    <article class="sheet" aria-label={`Certificate for ${person}: ${certificate.purpose}`}>
      {certificate.purpose === 'login' ? (
        <LoginStatement person={person} certificate={certificate} />
      ) : (
        <SudoStatement person={person} certificate={certificate} />
      )}
      <Facts certificate={certificate} />
      <Rest certificate={certificate} />
    </article>
  );
}

function Facts({ certificate }: Pick<CertificateSheetProps, 'certificate'>) {
  const isLogin = certificate.purpose === 'login';
  return (
    <Ledger>
      {isLogin ? <LongLoginLists access={certificate.access} /> : <LongSudoList hosts={certificate.hosts} />}
      <Entry label="Good until">{momentInWords(certificate.validBefore)}</Entry>
      <Entry label="For key">
        {certificate.key.words}
        <Fingerprint value={certificate.key.fingerprint} />
      </Entry>
      {isLogin ? <LoginBounds certificate={certificate} /> : <SudoBounds />}
      <SignedBy certificate={certificate} />
    </Ledger>
  );
}

/** Several keys: whoever has one of them signs. */
function SignedBy({ certificate: { purpose, authorities } }: Pick<CertificateSheetProps, 'certificate'>) {
  return (
    <Entry label={authorities.length === 1 ? 'Signed by' : 'Signed by one of'}>
      {authorities.map(({ words, fingerprint }) => (
        <div key={fingerprint}>
          {purpose} CA, {words}
          <Fingerprint value={fingerprint} />
        </div>
      ))}
    </Entry>
  );
}

function Rest({ certificate }: Pick<CertificateSheetProps, 'certificate'>) {
  const extensions = certificate.purpose === 'login' ? certificate.extensions : [];
  return (
    <details>
      <summary>Every field of the draft</summary>
      <Ledger>
        <Entry label="Purpose">{certificate.purpose}</Entry>
        <Entry label="Principals">
          <code>{certificate.principals.join(' ')}</code>
        </Entry>
        <Entry label="Good from">{momentInWords(certificate.validAfter)}</Entry>
        <Entry label="Extensions">
          <code>{extensions.join(' ') || 'none'}</code>
        </Entry>
        <Entry label="Key id">
          <code>{certificate.keyId}</code>
        </Entry>
        <Entry label="Serial">
          <code>{certificate.serial}</code>
        </Entry>
      </Ledger>
    </details>
  );
}
