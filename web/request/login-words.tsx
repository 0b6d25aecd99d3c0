/** A certificate to sign in with, in words. */
import { Fragment } from 'preact';
import { Entry } from '../ledger.tsx';
import { briefListInWords, extensionInWords, isBrief, lifetimeInWords, listInWords } from '../words.ts';
import type { ReviewedLogin } from './draft.ts';
import type { LoginAccess } from './login.ts';

interface LoginWordsProps {
  readonly person: string;
  readonly certificate: ReviewedLogin;
}

export function LoginStatement({ person, certificate }: LoginWordsProps) {
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
export function LongLoginLists({ access }: { readonly access: readonly LoginAccess[] }) {
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

export function LoginBounds({ certificate }: { readonly certificate: ReviewedLogin }) {
  return (
    <>
      <Entry label="Allows">{allowed(certificate.extensions)}</Entry>
      <Entry label="Usable from">
        {certificate.sourceAddresses.length === 0 ? (
          'any address'
        ) : (
          <code>{certificate.sourceAddresses.join(', ')}</code>
        )}
      </Entry>
    </>
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
