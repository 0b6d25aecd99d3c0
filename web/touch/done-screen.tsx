import { Screen } from '../screen.tsx';
import { momentInWords } from '../words.ts';
import type { Review } from './review.ts';

export interface DoneScreenProps {
  readonly review: Review;
  readonly signed: boolean;
}

export function DoneScreen({ review, signed }: DoneScreenProps) {
  const until = Math.min(...review.certificates.map(({ validBefore }) => validBefore));
  return (
    <Screen title="Signed in" tone="good">
      <p class="lead">
        {signed
          ? 'Your touch was accepted. The terminal has the certificate, good until '
          : 'Your touch was accepted. The terminal gets the certificate in a moment, good until '}
        <strong>{momentInWords(until)}</strong>.
      </p>
      <p>You can close this page.</p>
    </Screen>
  );
}
