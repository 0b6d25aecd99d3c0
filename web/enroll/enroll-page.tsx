import { CommonStopScreen, InterruptedScreen, RefusedScreen } from '../failure-screens.tsx';
import type { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { ProveScreen } from './prove-screen.tsx';
import { RegisterScreen } from './register-screen.tsx';
import type { EnrollEvent, EnrollState, Stop } from './state.ts';

const STEPS = ['Invite', 'Register', 'Confirm'];

interface EnrollPageProps {
  readonly machine: Machine<EnrollState, EnrollEvent>;
  readonly host: string;
}

export function EnrollPage({ machine, host }: EnrollPageProps) {
  return (
    <Page
      machine={machine}
      host={host}
      steps={STEPS}
      stepOf={stepOf}
      statusOf={statusOf}
      screen={(state, dispatch) => <EnrollScreen state={state} dispatch={dispatch} />}
    />
  );
}

interface EnrollScreenProps {
  readonly state: EnrollState;
  readonly dispatch: (event: EnrollEvent) => void;
}

function EnrollScreen({ state, dispatch }: EnrollScreenProps) {
  const retry = (): void => dispatch({ kind: 'retry-wanted' });
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
    case 'interrupted':
      return <InterruptedScreen detail={state.detail} onRetry={retry} />;
    case 'stopped':
      return <StopScreen stop={state.stop} onRetry={retry} />;
    default:
      return state satisfies never;
  }
}

function StopScreen({ stop, onRetry }: { readonly stop: Stop; readonly onRetry: () => void }) {
  switch (stop.kind) {
    case 'bad-address':
      return (
        <Screen title={stop.isEmpty ? 'Open your invite again' : 'This invite is not complete'} tone="bad">
          <p>
            Open the whole address that you were given, with everything behind the #. This page forgets the
            invite when it is reloaded, so that it stays in no history.
          </p>
        </Screen>
      );
    case 'expired':
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
    case 'refused':
      return <RefusedScreen refusal={stop.refusal} titles={REFUSED_TITLES} />;
    default:
      return <CommonStopScreen stop={stop} />;
  }
}

const REFUSED_TITLES: Readonly<Record<string, string>> = {
  'invite-unknown': 'This invite is not known',
  'invite-used': 'This invite was used already',
  'invite-expired': 'This invite has ended',
  'unknown-request': 'This enrolment has ended',
};

function stepOf(state: EnrollState): number | undefined {
  switch (state.kind) {
    case 'ready':
    case 'registering':
    case 'offering':
      return 1;
    case 'proving':
    case 'asserting':
    case 'confirming':
      return 2;
    case 'done':
      return STEPS.length;
    case 'stopped':
    case 'interrupted':
      return undefined;
    default:
      return 0;
  }
}

function statusOf(state: EnrollState): string {
  switch (state.kind) {
    case 'opening':
      return 'One moment…';
    case 'registering':
    case 'asserting':
      return 'Waiting for your security key…';
    case 'offering':
    case 'confirming':
      return 'Telling the authority…';
    default:
      return '';
  }
}
