/** What is this page's own: its steps, its screens, and its ends. */
import type { StopWords } from '../failure-screens.tsx';
import { SecretPageStopScreen } from '../failure-screens.tsx';
import type { Plan, ShownProps, StopProps } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { ProveScreen } from './prove-screen.tsx';
import { RegisterScreen } from './register-screen.tsx';
import type { EnrollEvent, OwnState, Stop } from './state.ts';

export const enrollPage: Plan<OwnState, Stop, EnrollEvent> = {
  steps: ['Invite', 'Register', 'Confirm'],
  progress: {
    opening: { step: 0, status: 'One moment…' },
    ready: { step: 1 },
    registering: { step: 1, status: 'Waiting for your security key…' },
    offering: { step: 1, status: 'Telling the authority…' },
    proving: { step: 2 },
    asserting: { step: 2, status: 'Waiting for your security key…' },
    confirming: { step: 2, status: 'Telling the authority…' },
    done: { step: 3 },
  },
  OwnScreen,
  StopScreen,
};

function OwnScreen({ state, dispatch }: ShownProps<OwnState, EnrollEvent>) {
  switch (state.kind) {
    case 'opening':
      return <Screen title="Opening your invite" />;
    case 'ready':
    case 'registering':
    case 'offering':
      return <RegisterScreen state={state} dispatch={dispatch} />;
    case 'proving':
    case 'asserting':
    case 'confirming':
      return <ProveScreen state={state} dispatch={dispatch} />;
    case 'done':
      return <DoneScreen state={state} />;
    default:
      return state satisfies never;
  }
}

function StopScreen({ stop, onRetry }: StopProps<Stop>) {
  if (stop.kind !== 'expired') return <SecretPageStopScreen stop={stop} words={STOP_WORDS} />;
  return (
    <Screen title="That took too long" tone="bad">
      <p>Nothing was enrolled. If your invite is still good, you can begin again.</p>
      <div class="actions">
        <button type="button" class="primary" onClick={onRetry}>
          Begin again
        </button>
      </div>
    </Screen>
  );
}

const STOP_WORDS: StopWords = {
  emptyAddress: 'Open your invite again',
  incompleteAddress: 'This invite is not complete',
  secret: 'the invite',
  refused: {
    'invite-unknown': 'This invite is not known',
    'invite-used': 'This invite was used already',
    'invite-expired': 'This invite has ended',
    'unknown-request': 'This enrolment has ended',
  },
};
