/** One certificate to be: a sentence for the eye, every field of the draft below it. */
import { Fragment } from 'preact';
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import {
  briefListInWords,
  extensionInWords,
  isBrief,
  lifetimeInWords,
  listInWords,
  momentInWords,
} from '../words.ts';
import type { LoginAccess, ReviewedCertificate } from './draft.ts';

export interface CertificateSheetProps {
  readonly person: string;
  readonly certificate: ReviewedCertificate;
}

export function CertificateSheet({ person, certificate }: CertificateSheetProps) {
  return (
    <article class="sheet" aria-label={`Certificate for ${person}`}>
      <Statement person={person} certificate={certificate} />
      <Ledger>
        <LongLists access={certificate.access} />
        <Entry label="Good until">{momentInWords(certificate.validBefore)}</Entry>
        <Entry label="For key">
          {certificate.key.words}
          <Fingerprint value={certificate.key.fingerprint} />
        </Entry>
        <Entry label="Allows">{allowed(certificate.extensions)}</Entry>
        <Entry label="Usable from">
          {certificate.sourceAddresses.length === 0 ? (
            'any address'
          ) : (
            <code>{certificate.sourceAddresses.join(', ')}</code>
          )}
        </Entry>
        <Entry label="Signed by">
          login CA, {certificate.authority.words}
          <Fingerprint value={certificate.authority.fingerprint} />
        </Entry>
      </Ledger>
      <Rest certificate={certificate} />
    </article>
  );
}

function Statement({ person, certificate }: CertificateSheetProps) {
  return (
    <p class="statement">
      <strong>{person}</strong> signs in{' '}
      {certificate.access.map((access, index) => (
        <span key={access.logins.join()}>
          {index > 0 && ', and '}
          as <strong>{briefListInWords(access.logins, 'accounts')}</strong> on{' '}
          <strong>{hostsInWords(access)}</strong>
        </span>
      ))}
      , for <strong>{lifetimeInWords(certificate.lifetime)}</strong>.
    </p>
  );
}

/** What the sentence only counts. */
function LongLists({ access }: { readonly access: readonly LoginAccess[] }) {
  return (
    <>
      {access.map(({ logins, hosts }) => (
        <Fragment key={logins.join()}>
          {!isBrief(logins) && <Entry label="Accounts">{listInWords(logins)}</Entry>}
          {hosts !== 'every host' && !isBrief(hosts) && (
            <Entry label={access.length === 1 ? 'Hosts and groups' : `As ${listInWords(logins)} on`}>
              {listInWords(hosts)}
            </Entry>
          )}
        </Fragment>
      ))}
    </>
  );
}

function Rest({ certificate }: { readonly certificate: ReviewedCertificate }) {
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
          <code>{certificate.extensions.join(' ') || 'none'}</code>
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

function hostsInWords({ hosts }: LoginAccess): string {
  return hosts === 'every host' ? hosts : briefListInWords(hosts, 'hosts and groups');
}

function allowed(extensions: readonly string[]): string {
  return extensions.length === 0
    ? 'commands only, no terminal'
    : listInWords(extensions.map(extensionInWords));
}
