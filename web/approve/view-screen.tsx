/** What somebody else asks for, and the two answers. It stays while the key is waited for: one touches what one sees. */
import type { Answer } from '../../src/fido/touch-digest.ts';
import { Countdown } from '../countdown.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { Notice } from '../notice.tsx';
import { CertificateSheet } from '../request/certificate-sheet.tsx';
import { Reason } from '../request/reason.tsx';
import { Screen } from '../screen.tsx';
import { TouchButton, WhyAgain } from '../touch-actions.tsx';
import { momentInWords } from '../words.ts';
import type { ApproveEvent, Reviewing, Sending, Touching } from './state.ts';
import { canAnswer } from './state.ts';
import type { View } from './view.ts';

interface ViewScreenProps {
  readonly state: Reviewing | Touching | Sending;
  readonly dispatch: (event: ApproveEvent) => void;
}

export function ViewScreen({ state, dispatch }: ViewScreenProps) {
  const { view } = state;
  return (
    <Screen title={`${view.person} asks for your approval`}>
      {view.certificates.map((certificate) => (
        <CertificateSheet key={certificate.serial} person={view.person} certificate={certificate} />
      ))}
      <Reason person={view.person} reason={view.reason} />
      <Circumstances view={view} />
      {state.person !== view.person && <Comparison view={view} />}
      <section aria-labelledby="answer">
        <h2 id="answer">Your answer</h2>
        <Answerer state={state} dispatch={dispatch} />
        <Answers state={state} dispatch={dispatch} />
      </section>
      <Countdown
        what="request"
        until={{ expiresAt: view.approveBy, clockAhead: state.clockAhead }}
        onEnd={() => dispatch({ kind: 'expired' })}
      />
    </Screen>
  );
}

function Circumstances({ view }: { readonly view: View }) {
  return (
    <section aria-labelledby="asked">
      <h2 id="asked">Who asked</h2>
      <Ledger>
        <Entry label="Person">{view.person}</Entry>
        <Entry label="Terminal is at">
          <code>{view.askedFrom}</code>
        </Entry>
        <Entry label="Asked">{momentInWords(view.createdAt)}</Entry>
        <Entry label="Waits until">{momentInWords(view.approveBy)}</Entry>
        <Entry label="Approvals">
          {view.approvedBy === 'touch'
            ? `${view.given} of ${view.needed} given`
            : 'the signature of a CA key that is named above'}
        </Entry>
      </Ledger>
    </section>
  );
}

/** The authority can draft for any key: only who asks knows which one is theirs. */
function Comparison({ view: { person, keyCode } }: { readonly view: View }) {
  return (
    <section aria-labelledby="compare">
      <h2 id="compare">Compare with {person}</h2>
      <p>
        The terminal of <strong>{person}</strong> shows this code while it waits. Ask for it before you
        approve. If it is another one, the certificate would be for somebody else’s key.
      </p>
      <p class="code">{keyCode}</p>
    </section>
  );
}

function Answerer({ state, dispatch }: ViewScreenProps) {
  const change = (): void => dispatch({ kind: 'other-person-wanted' });
  return (
    <div class="answerer">
      <p>
        You answer as <strong>{state.person}</strong>.
      </p>
      {state.kind === 'reviewing' && (
        <button type="button" class="quiet" onClick={change}>
          Answer as somebody else
        </button>
      )}
    </div>
  );
}

function Answers({ state, dispatch }: ViewScreenProps) {
  const answers = (['approve', 'reject'] as const).filter((answer) => canAnswer(state, answer));
  return (
    <div class="actions">
      <WhyNot state={state} />
      {state.kind === 'reviewing' && <WhyAgain trouble={state.trouble} refusal={state.refusal} />}
      <div class="choices">
        {answers.map((answer) => (
          <TouchButton
            key={answer}
            look={answer === 'approve' ? 'primary' : 'danger'}
            isBusy={state.kind !== 'reviewing'}
            onTouch={() => dispatch({ kind: 'touch-wanted', answer })}
          >
            {labelOf(state, answer)}
          </TouchButton>
        ))}
      </div>
      <p class="hint">
        Nothing happens without your touch.
        {state.person !== state.view.person && ` If you are not sure, ask ${state.view.person} first.`}
      </p>
    </div>
  );
}

/** Why an answer can not be given here. */
function WhyNot({ state: { person, view, address } }: Pick<ViewScreenProps, 'state'>) {
  if (person === view.person)
    return (
      <Notice tone="warning" title="This is your own request">
        Somebody else has to approve it. You can take it back.
      </Notice>
    );
  if (view.approvedBy === 'touch') return null;
  return (
    <Notice tone="note" title="Approve it in a terminal">
      <p>
        The certificate is signed by your security key itself, not by the authority, and no browser can make
        that signature. On a machine with your key:
      </p>
      <pre class="command">
        <code>usher approve {address.requestId}</code>
      </pre>
    </Notice>
  );
}

const LABELS: Readonly<Record<Answer, string>> = {
  approve: 'Approve with a touch',
  reject: 'Reject with a touch',
};

/** The button that was pressed says what goes on; the other one stays what it is. */
function labelOf(state: ViewScreenProps['state'], answer: Answer): string {
  if (state.person === state.view.person && state.kind === 'reviewing') return 'Take it back with a touch';
  if (state.kind === 'reviewing' || state.answer !== answer) return LABELS[answer];
  return state.kind === 'touching' ? 'Touch your key now…' : 'Sending your answer…';
}
