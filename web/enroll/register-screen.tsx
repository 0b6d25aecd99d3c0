/** For whom and at which authority a key is about to be enrolled, and the first touch. */
import { useState } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
import { Field } from '../field.tsx';
import { Fingerprint } from '../fingerprint.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { AccessLedger } from '../refusal.tsx';
import { Screen } from '../screen.tsx';
import { TouchButton, WhyNotYet } from '../touch-actions.tsx';
import type { EnrollEvent, Offering, Ready, Registering } from './state.ts';

interface RegisterScreenProps {
  readonly state: Ready | Registering | Offering;
  readonly dispatch: (event: EnrollEvent) => void;
}

export function RegisterScreen({ state, dispatch }: RegisterScreenProps) {
  const { invitation, address } = state;
  return (
    <Screen title={`A security key for ${invitation.person}`}>
      <p class="statement">
        This key will sign <strong>{invitation.person}</strong> in at{' '}
        <strong>{hostOf(invitation.origin)}</strong>.
      </p>
      <Ledger>
        <Entry label="Authority">
          <code>{invitation.origin}</code>
        </Entry>
        <Entry label="Bundle key">
          <Fingerprint value={address.bundleKey} />
        </Entry>
      </Ledger>
      <p class="hint">
        Not opened by <code>usher enroll</code>? Type that in your terminal first, with the address of this
        invite: so your command learns to know this authority.
      </p>
      <section aria-labelledby="access">
        <h2 id="access">What {invitation.person} may ask for</h2>
        <AccessLedger access={invitation.access} />
      </section>
      <RegisterForm state={state} dispatch={dispatch} />
      <Countdown what="enrolment" until={invitation} onEnd={() => dispatch({ kind: 'expired' })} />
    </Screen>
  );
}

function RegisterForm({ state, dispatch }: RegisterScreenProps) {
  const [label, setLabel] = useState(state.label);
  const isBusy = state.kind !== 'ready';
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isBusy) dispatch({ kind: 'register-wanted', label });
  };
  return (
    <form class="actions" onSubmit={submit}>
      {state.kind === 'ready' && (
        <WhyNotYet
          trouble={state.trouble}
          refusal={state.refusal}
          refusedTitle="The authority does not take this key"
        />
      )}
      <Field
        id="label"
        label="Name of this key"
        hint="So that you can tell your keys apart, should you lose one."
        text={label}
        onText={setLabel}
        maxLength={64}
        autocomplete="off"
        readOnly={isBusy}
      />
      <TouchButton isBusy={isBusy}>{LABELS[state.kind]}</TouchButton>
      <p class="hint">You will touch it twice: once to make the credential, once to confirm it.</p>
    </form>
  );
}

const LABELS: Readonly<Record<RegisterScreenProps['state']['kind'], string>> = {
  ready: 'Register this key',
  registering: 'Touch your key now…',
  offering: 'Telling the authority…',
};

function hostOf(origin: string): string {
  return new URL(origin).host;
}
