import { formatInviteAddress } from '../../src/ssh/invite-address.ts';
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { Screen } from '../screen.tsx';
import type { Done } from './state.ts';

export function DoneScreen({ state }: { readonly state: Done }) {
  const { invitation, address, label } = state;
  return (
    <Screen title="Enrolled" tone="good">
      <p class="lead">
        <strong>{label}</strong> now signs <strong>{invitation.person}</strong> in at{' '}
        {new URL(invitation.origin).host}.
      </p>
      <p>In a terminal, go on with:</p>
      <pre class="command">
        <code>usher login</code>
      </pre>
      <p>On a machine whose command does not know this authority yet, first:</p>
      <pre class="command">
        {/* The secret in it opens nothing any more; the fingerprint in it is what the command needs. */}
        <code>usher enroll '{formatInviteAddress(invitation.origin, address)}'</code>
      </pre>
      <p>Your command knows the authority by the same key as this page:</p>
      <Ledger>
        <Entry label="Bundle key">
          <Fingerprint value={address.bundleKey} />
        </Entry>
      </Ledger>
      <p>You can close this page.</p>
    </Screen>
  );
}
