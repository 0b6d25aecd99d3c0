/** What is about to be signed, and the touch. It stays while the key is waited for: one touches what one sees. */

import { ActSheet } from '../act/act-sheet.tsx';
import { wordsOf } from '../act/words.ts';
import { Countdown } from '../countdown.tsx';
import { Notice } from '../notice.tsx';
import { CertificateSheet } from '../request/certificate-sheet.tsx';
import { Reason } from '../request/reason.tsx';
import { Screen } from '../screen.tsx';
import { TouchButton, WhyAgain } from '../touch-actions.tsx';
import { othersInWords } from '../words.ts';
import { Origins } from './origins.tsx';
import type { CertificateReview, Review } from './review.ts';
import type { Reviewing, Sending, TouchEvent, Touching } from './state.ts';

export interface ReviewScreenProps {
  readonly state: Reviewing | Touching | Sending;
  readonly dispatch: (event: TouchEvent) => void;
}

export function ReviewScreen({ state, dispatch }: ReviewScreenProps) {
  const { review, page } = state;
  return (
    <Screen title={titleOf(review)}>
      {'act' in review ? (
        <ActSheet person={review.person} act={review.act} />
      ) : (
        <CertificateSheets review={review} />
      )}
      <section aria-labelledby="asked">
        <h2 id="asked">Who asked</h2>
        <Origins askedFrom={review.askedFrom} openedFrom={review.openedFrom} />
        <p class="compare">
          The terminal shows the code <strong class="code">{review.code}</strong>
          {review.proof === 'code' ? ', which you typed.' : '. If yours shows another one, stop.'}
        </p>
      </section>
      <OtherTerminal review={review} />
      {'approvals' in review && <Approvals needed={review.approvals} />}
      <TouchAction state={state} onTouch={() => dispatch({ kind: 'touch-wanted' })} />
      <Countdown
        what="request"
        until={{ expiresAt: review.expiresAt, clockAhead: page.clockAhead }}
        onEnd={() => dispatch({ kind: 'expired' })}
      />
    </Screen>
  );
}

function titleOf(review: Review): string {
  return 'act' in review ? wordsOf(review.act).title : `${purposesInWords(review)} for ${review.person}`;
}

function CertificateSheets({
  review: { person, certificates, reason },
}: {
  readonly review: CertificateReview;
}) {
  return (
    <>
      {certificates.map((certificate) => (
        <CertificateSheet key={certificate.serial} person={person} certificate={certificate} />
      ))}
      {certificates.some(({ purpose }) => purpose === 'sudo') && <Reason person={person} reason={reason} />}
    </>
  );
}

/** Certificates of one request are for one or two purposes. */
function purposesInWords({ certificates }: CertificateReview): string {
  const purposes = new Set(certificates.map(({ purpose }) => purpose));
  if (!purposes.has('sudo')) return 'Sign-in';
  return purposes.has('login') ? 'Sign-in and sudo' : 'Sudo';
}

function Approvals({ needed }: { readonly needed: number }) {
  if (needed === 0) return null;
  return (
    <Notice tone="note" title={`After your touch, ${othersInWords(needed)} to approve`}>
      Nothing is signed before that.
    </Notice>
  );
}

function OtherTerminal({ review }: { readonly review: Review }) {
  const { proof, askedFrom, openedFrom } = review;
  if (proof === 'loopback' && askedFrom === openedFrom) return null;
  if (askedFrom === openedFrom)
    return (
      <Notice tone="note" title={`The terminal that showed the code ${whatItDoes(review)}`}>
        It asked from the same network address as this page.
      </Notice>
    );
  return (
    <Notice tone="warning" title={`The other terminal ${whatItDoes(review)}`}>
      The request came from <code>{askedFrom}</code>, this page is open at <code>{openedFrom}</code>.{' '}
      {proof === 'code' ? (
        <>Touch only if you typed the command there yourself.</>
      ) : (
        'The command on this machine vouches for it; touch only if you started it yourself.'
      )}
    </Notice>
  );
}

function whatItDoes(review: Review): string {
  if (!('act' in review)) return 'gets this access';
  return review.act.kind === 'invite-host' ? 'gets the token' : 'asked for this';
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
      {state.kind === 'reviewing' && <WhyAgain trouble={state.trouble} refusal={state.refusal} />}
      <TouchButton look={lookOf(state.review)} isBusy={isBusy} onTouch={onTouch}>
        {state.kind === 'reviewing' ? labelOf(state.review) : LABELS[state.kind]}
      </TouchButton>
      <p class="hint">Not what you asked for? Close this page: without your touch nothing happens.</p>
    </div>
  );
}

function labelOf(review: Review): string {
  return 'act' in review ? wordsOf(review.act).touch : 'Touch to allow this';
}

/** What nothing takes back, for everybody at once, does not look like all else. */
function lookOf(review: Review): 'primary' | 'danger' {
  return 'act' in review && review.act.kind === 'revoke-ca' ? 'danger' : 'primary';
}

const LABELS: Readonly<Record<'touching' | 'sending', string>> = {
  touching: 'Touch your key now…',
  sending: 'Sending your touch…',
};
