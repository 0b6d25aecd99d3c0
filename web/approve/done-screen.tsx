import { Screen } from '../screen.tsx';
import { othersInWords } from '../words.ts';
import type { Done } from './state.ts';

export function DoneScreen({ state: { view, outcome } }: { readonly state: Done }) {
  if (outcome.state === 'rejected')
    return (
      <Screen title="Rejected">
        <p class="lead">
          The request is over and nothing was signed. The terminal of <strong>{view.person}</strong> is told.
        </p>
        <p>You can close this page.</p>
      </Screen>
    );
  return (
    <Screen title="Approved" tone="good">
      <p class="lead">
        {outcome.state === 'waiting' ? (
          <>
            Your approval was accepted. Before anything is signed,{' '}
            {othersInWords(outcome.needed - outcome.given)} to approve as well.
          </>
        ) : (
          <>
            Your approval was accepted, and it was the last one that was needed. The terminal of{' '}
            <strong>{view.person}</strong> gets the certificate.
          </>
        )}
      </p>
      <p>You can close this page.</p>
    </Screen>
  );
}
