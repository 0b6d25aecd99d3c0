/** What is about to be signed, and the touch. It stays while the key is waited for: one touches what one sees. */
import { useCallback } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
import { Notice } from '../notice.tsx';
import { RefusalText } from '../refusal.tsx';
import { CertificateSheet } from '../request/certificate-sheet.tsx';
import { Screen } from '../screen.tsx';
import { TROUBLE } from '../trouble.ts';
import { Origins } from './origins.tsx';
import type { Review } from './review.ts';
import type { Reviewing, Sending, TouchEvent, Touching } from './state.ts';

export interface ReviewScreenProps {
  readonly state: Reviewing | Touching | Sending;
  readonly dispatch: (event: TouchEvent) => void;
}

export function ReviewScreen({ state, dispatch }: ReviewScreenProps) {
  const { review, page } = state;
  const onEnd = useCallback(() => dispatch({ kind: 'expired' }), [dispatch]);
  return (
    <Screen title={`Sign-in for ${review.person}`}>
      {review.certificates.map((certificate) => (
        <CertificateSheet key={certificate.serial} person={review.person} certificate={certificate} />
      ))}
      <section class="asked" aria-labelledby="asked">
        <h2 id="asked">Who asked</h2>
        <Origins askedFrom={review.askedFrom} openedFrom={review.openedFrom} />
        <p class="compare">
          The terminal shows the code <strong class="code">{review.code}</strong>
          {review.proof === 'code' ? ', which you typed.' : '. If yours shows another one, stop.'}
        </p>
      </section>
      <OtherTerminal review={review} />
      <TouchAction state={state} onTouch={() => dispatch({ kind: 'touch-wanted' })} />
      <Countdown what="request" expiresAt={review.expiresAt} clockAhead={page.clockAhead} onEnd={onEnd} />
    </Screen>
  );
}

function OtherTerminal({ review }: { readonly review: Review }) {
  const { proof, askedFrom, openedFrom } = review;
  if (proof === 'loopback' && askedFrom === openedFrom) return null;
  if (askedFrom === openedFrom)
    return (
      <Notice tone="note" title="The terminal that showed the code gets this access">
        It asked from the same network address as this page.
      </Notice>
    );
  return (
    <Notice tone="warning" title="The other terminal gets this access">
      The request came from <code>{askedFrom}</code>, this page is open at <code>{openedFrom}</code>.{' '}
      {proof === 'code' ? (
        <>
          Touch only if you typed <code>usher login</code> there yourself.
        </>
      ) : (
        'The command on this machine vouches for it; touch only if you started it yourself.'
      )}
    </Notice>
  );
}

function TouchAction({
  state,
  onTouch,
}: {
  readonly state: ReviewScreenProps['state'];
  readonly onTouch: () => void;
}) {
  const isBusy = state.kind !== 'reviewing';
  return (
    <div class="actions">
      {state.kind === 'reviewing' && <WhyNotYet state={state} />}
      <button type="button" class="primary" aria-disabled={isBusy} onClick={() => !isBusy && onTouch()}>
        {LABELS[state.kind]}
      </button>
      <p class="hint">Not what you asked for? Close this page: without your touch nothing happens.</p>
    </div>
  );
}

/** What came of the touch before, when it was not enough. */
function WhyNotYet({ state: { trouble, refusal } }: { readonly state: Reviewing }) {
  if (refusal !== undefined)
    return (
      <Notice tone="failure" title="The authority did not accept this touch" takesFocus>
        <RefusalText refusal={refusal} />
        <p>You can try again with another key.</p>
      </Notice>
    );
  if (trouble === undefined) return null;
  return (
    <Notice tone="failure" title={TROUBLE[trouble].title} takesFocus>
      {TROUBLE[trouble].advice}
    </Notice>
  );
}

const LABELS: Readonly<Record<ReviewScreenProps['state']['kind'], string>> = {
  reviewing: 'Touch to allow this',
  touching: 'Touch your key now…',
  sending: 'Sending your touch…',
};
