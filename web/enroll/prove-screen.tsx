/** The second touch: the new credential confirms who it is for. */
import { Countdown } from '../countdown.tsx';
import { Entry, Ledger } from '../ledger.tsx';
import { Screen } from '../screen.tsx';
import { TouchButton, TroubleNotice } from '../touch-actions.tsx';
import type { Asserting, Confirming, EnrollEvent, Proving } from './state.ts';

interface ProveScreenProps {
  readonly state: Proving | Asserting | Confirming;
  readonly dispatch: (event: EnrollEvent) => void;
}

export function ProveScreen({ state, dispatch }: ProveScreenProps) {
  const { invitation, label } = state;
  const isBusy = state.kind !== 'proving';
  const trouble = state.kind === 'proving' ? state.trouble : undefined;
  return (
    <Screen title="Touch it once more">
      <p class="statement">
        <strong>{label}</strong> confirms that it belongs to <strong>{invitation.person}</strong>.
      </p>
      <Ledger>
        <Entry label="Person">{invitation.person}</Entry>
        <Entry label="Authority">
          <code>{invitation.origin}</code>
        </Entry>
        <Entry label="Credential">
          <code>{state.credential.credentialId}</code>
        </Entry>
      </Ledger>
      <div class="actions">
        <TroubleNotice trouble={trouble} />
        <TouchButton isBusy={isBusy} onTouch={() => dispatch({ kind: 'touch-wanted' })}>
          {LABELS[state.kind]}
        </TouchButton>
      </div>
      <Countdown what="enrolment" until={invitation} onEnd={() => dispatch({ kind: 'expired' })} />
    </Screen>
  );
}

const LABELS: Readonly<Record<ProveScreenProps['state']['kind'], string>> = {
  proving: 'Touch to confirm',
  asserting: 'Touch your key now…',
  confirming: 'Telling the authority…',
};
