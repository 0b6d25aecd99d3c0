import type { Approvable } from '../../src/http/contract/requests.ts';
import type { Act } from '../../src/ssh/act.ts';
import { wordsOf } from '../act/words.ts';
import { Screen } from '../screen.tsx';
import { momentInWords, othersInWords } from '../words.ts';
import type { Review } from './review.ts';
import type { Outcome } from './state.ts';

export interface DoneScreenProps {
  readonly review: Review;
  readonly outcome: Outcome;
}

export function DoneScreen({ review, outcome }: DoneScreenProps) {
  if (outcome.state === 'waiting') return <WaitingScreen {...outcome} />;
  if ('act' in review) return <ActDoneScreen act={review.act} />;
  const until = Math.min(...review.certificates.map(({ validBefore }) => validBefore));
  const isLogin = review.certificates.some(({ purpose }) => purpose === 'login');
  return (
    <Screen title={isLogin ? 'Signed in' : 'Allowed'} tone="good">
      <p class="lead">
        {outcome.state === 'signed'
          ? 'Your touch was accepted. The terminal has the certificate, good until '
          : 'Your touch was accepted. The terminal gets the certificate in a moment, good until '}
        <strong>{momentInWords(until)}</strong>.
      </p>
      <p>You can close this page.</p>
    </Screen>
  );
}

function ActDoneScreen({ act }: { readonly act: Act }) {
  const { done, outcome } = wordsOf(act);
  return (
    <Screen title={done} tone="good">
      <p class="lead">Your touch was accepted. {outcome}</p>
      <p>You can close this page.</p>
    </Screen>
  );
}

function WaitingScreen({ needed, given, approveBy, address }: Readonly<Approvable>) {
  return (
    <Screen title="Waiting for approval">
      <p class="lead">
        Your touch was accepted. Before anything is signed, {whatIsMissing(needed - given)}, until{' '}
        <strong>{momentInWords(approveBy)}</strong>.
      </p>
      <p>They look at it here. Whoever has this address can see the request:</p>
      <pre class="command">
        <code>{address}</code>
      </pre>
      <p>The terminal waits for them. You can close this page.</p>
    </Screen>
  );
}

/** Where people's keys sign, nobody else may have to approve, and yet somebody has to sign. */
function whatIsMissing(approvals: number): string {
  return approvals > 0 ? `${othersInWords(approvals)} to approve` : 'somebody has to sign with a CA key';
}
