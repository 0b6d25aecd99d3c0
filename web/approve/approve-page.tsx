import { CommonStopScreen, InterruptedScreen, RefusedScreen } from '../failure-screens.tsx';
import type { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { PersonScreen } from './person-screen.tsx';
import type { ApproveEvent, ApproveState, Stop } from './state.ts';
import { ViewScreen } from './view-screen.tsx';

const STEPS = ['Name', 'Review', 'Touch'];

interface ApprovePageProps {
  readonly machine: Machine<ApproveState, ApproveEvent>;
  readonly host: string;
}

export function ApprovePage({ machine, host }: ApprovePageProps) {
  return (
    <Page
      machine={machine}
      host={host}
      steps={STEPS}
      stepOf={stepOf}
      statusOf={statusOf}
      screen={(state, dispatch) => <ApproveScreen state={state} dispatch={dispatch} />}
    />
  );
}

interface ApproveScreenProps {
  readonly state: ApproveState;
  readonly dispatch: (event: ApproveEvent) => void;
}

function ApproveScreen({ state, dispatch }: ApproveScreenProps) {
  switch (state.kind) {
    case 'asking-person':
      return <PersonScreen state={state} dispatch={dispatch} />;
    case 'opening':
      return <Screen title="Opening the request" />;
    case 'reviewing':
    case 'touching':
    case 'sending':
      return <ViewScreen state={state} dispatch={dispatch} />;
    case 'done':
      return <DoneScreen state={state} />;
    case 'interrupted':
      return <InterruptedScreen detail={state.detail} onRetry={() => dispatch({ kind: 'retry-wanted' })} />;
    case 'stopped':
      return <StopScreen stop={state.stop} />;
    default:
      return state satisfies never;
  }
}

function StopScreen({ stop }: { readonly stop: Stop }) {
  switch (stop.kind) {
    case 'bad-address':
      return (
        <Screen title={stop.isEmpty ? 'Open the address again' : 'This address is not complete'} tone="bad">
          <p>
            Open the whole address that you were given, with everything behind the #. This page forgets it
            when it is reloaded, so that it stays in no history.
          </p>
        </Screen>
      );
    case 'expired':
      return (
        <Screen title="The request has ended" tone="bad">
          <p>It waited too long, and can not be approved any more. Whoever asked may ask again.</p>
        </Screen>
      );
    case 'refused':
      return <RefusedScreen refusal={stop.refusal} titles={REFUSED_TITLES} />;
    default:
      return <CommonStopScreen stop={stop} />;
  }
}

const REFUSED_TITLES: Readonly<Record<string, string>> = {
  'unknown-request': 'There is no such request',
  'request-answered': 'This request was answered already',
  'request-rejected': 'This request was rejected',
  'own-request': 'This is your own request',
  'not-an-approver': 'You can not approve this request',
  'already-approved': 'You have approved this already',
};

function stepOf(state: ApproveState): number | undefined {
  switch (state.kind) {
    case 'asking-person':
      return 0;
    case 'opening':
    case 'reviewing':
      return 1;
    case 'touching':
    case 'sending':
      return 2;
    case 'done':
      return STEPS.length;
    case 'stopped':
    case 'interrupted':
      return undefined;
    default:
      return state satisfies never;
  }
}

function statusOf(state: ApproveState): string {
  switch (state.kind) {
    case 'opening':
      return 'One moment…';
    case 'touching':
      return 'Waiting for your security key…';
    case 'sending':
      return 'Your answer is on its way…';
    default:
      return '';
  }
}
