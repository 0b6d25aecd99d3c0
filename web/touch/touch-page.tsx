import { CommonStopScreen, InterruptedScreen, RefusedScreen } from '../failure-screens.tsx';
import type { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { CodeScreen } from './code-screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { ReviewScreen } from './review-screen.tsx';
import type { Stop, TouchEvent, TouchState } from './state.ts';

const STEPS = ['Prove', 'Review', 'Touch'];

export interface TouchPageProps {
  readonly machine: Machine<TouchState, TouchEvent>;
  readonly host: string;
}

export function TouchPage({ machine, host }: TouchPageProps) {
  return (
    <Page
      machine={machine}
      host={host}
      steps={STEPS}
      stepOf={stepOf}
      statusOf={statusOf}
      screen={(state, dispatch) => <TouchScreen state={state} dispatch={dispatch} />}
    />
  );
}

interface TouchScreenProps {
  readonly state: TouchState;
  readonly dispatch: (event: TouchEvent) => void;
}

function TouchScreen({ state, dispatch }: TouchScreenProps) {
  switch (state.kind) {
    case 'opening':
      return <Screen title="Opening the request" />;
    case 'handing-over':
      return <Screen title="Asking the command on this machine" />;
    case 'awaiting-proof':
      return <AwaitingScreen onCode={() => dispatch({ kind: 'code-wanted' })} />;
    case 'asking-code':
    case 'checking-code':
      return <CodeScreen state={state} dispatch={dispatch} />;
    case 'reviewing':
    case 'touching':
    case 'sending':
      return <ReviewScreen state={state} dispatch={dispatch} />;
    case 'done':
      return <DoneScreen review={state.review} outcome={state.outcome} />;
    case 'interrupted':
      return <InterruptedScreen detail={state.detail} onRetry={() => dispatch({ kind: 'retry-wanted' })} />;
    case 'stopped':
      return <StopScreen stop={state.stop} />;
    default:
      return state satisfies never;
  }
}

function AwaitingScreen({ onCode }: { readonly onCode: () => void }) {
  return (
    <Screen title="Waiting for the command on this machine">
      <p>It has met this page and tells the authority so.</p>
      <div class="actions">
        <button type="button" class="quiet" onClick={onCode}>
          Type the code from the terminal instead
        </button>
      </div>
    </Screen>
  );
}

function StopScreen({ stop }: { readonly stop: Stop }) {
  switch (stop.kind) {
    case 'bad-address':
      return (
        <Screen title="This address is not complete" tone="bad">
          <p>Open the whole address that your terminal shows, with everything behind the #.</p>
        </Screen>
      );
    case 'expired':
      return (
        <Screen title="The request has ended" tone="bad">
          <p>
            Requests wait only a short while. Run the command in your terminal again; it opens a new page.
          </p>
        </Screen>
      );
    case 'too-many-codes':
      return (
        <Screen title="Too many wrong codes" tone="bad">
          <p>
            The request was ended, so that nobody can go on guessing. If you started it yourself, run the
            command again.
          </p>
        </Screen>
      );
    case 'replaced':
      return (
        <Screen title="This page is no longer in use" tone="bad">
          <p>The request is over, or it was opened in a newer page. Go on there, or run the command again.</p>
        </Screen>
      );
    case 'refused':
      return (
        <RefusedScreen
          refusal={stop.refusal}
          titles={REFUSED_TITLES}
          otherwise={stop.touched ? 'Refused' : undefined}
        >
          {!stop.touched && <p>To ask again, run the command in your terminal again.</p>}
        </RefusedScreen>
      );
    default:
      return <CommonStopScreen stop={stop} />;
  }
}

const REFUSED_TITLES: Readonly<Record<string, string>> = {
  'unknown-request': 'There is no such request',
  'request-answered': 'This request was answered already',
  'page-already-proven': 'This request is open in another page',
  'touched-elsewhere': 'Touch on the machine that asked',
};

function stepOf(state: TouchState): number | undefined {
  switch (state.kind) {
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
      return 0;
  }
}

function statusOf(state: TouchState): string {
  switch (state.kind) {
    case 'checking-code':
      return 'Checking the code…';
    case 'touching':
      return 'Waiting for your security key…';
    case 'sending':
      return 'Your touch is on its way…';
    case 'opening':
    case 'handing-over':
    case 'awaiting-proof':
      return 'One moment…';
    default:
      return '';
  }
}
