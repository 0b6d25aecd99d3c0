/** What is this page's own: its steps, its screens, and its ends. */
import type { StopWords } from '../failure-screens.tsx';
import { SecretPageStopScreen } from '../failure-screens.tsx';
import type { Plan, ShownProps, StopProps } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { PersonScreen } from './person-screen.tsx';
import type { ApproveEvent, OwnState, Stop } from './state.ts';
import { ViewScreen } from './view-screen.tsx';

export const approvePage: Plan<OwnState, Stop, ApproveEvent> = {
  steps: ['Name', 'Review', 'Touch'],
  progress: {
    'asking-person': { step: 0 },
    opening: { step: 1, status: 'One moment…' },
    reviewing: { step: 1 },
    touching: { step: 2, status: 'Waiting for your security key…' },
    sending: { step: 2, status: 'Your answer is on its way…' },
    done: { step: 3 },
  },
  OwnScreen,
  StopScreen,
};

function OwnScreen({ state, dispatch }: ShownProps<OwnState, ApproveEvent>) {
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
    default:
      return state satisfies never;
  }
}

function StopScreen({ stop }: StopProps<Stop>) {
  if (stop.kind !== 'expired') return <SecretPageStopScreen stop={stop} words={STOP_WORDS} />;
  return (
    <Screen title="The request has ended" tone="bad">
      <p>It waited too long, and can not be approved any more. Whoever asked may ask again.</p>
    </Screen>
  );
}

const STOP_WORDS: StopWords = {
  emptyAddress: 'Open the address again',
  incompleteAddress: 'This address is not complete',
  secret: 'it',
  refused: {
    'unknown-request': 'There is no such request',
    'request-answered': 'This request was answered already',
    'request-rejected': 'This request was rejected',
    'own-request': 'This is your own request',
    'not-an-approver': 'You can not approve this request',
    'already-approved': 'You have approved this already',
  },
};
