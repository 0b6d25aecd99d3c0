/** What is this page's own: its steps, its screens, and its ends. */
import type { RefusedTitles } from '../failure-screens.tsx';
import { CommonStopScreen, RefusedScreen } from '../failure-screens.tsx';
import type { Plan, ShownProps, StopProps } from '../page.tsx';
import { Screen } from '../screen.tsx';
import { CodeScreen } from './code-screen.tsx';
import { DoneScreen } from './done-screen.tsx';
import { ReviewScreen } from './review-screen.tsx';
import type { OwnState, Stop, TouchEvent } from './state.ts';

export const touchPage: Plan<OwnState, Stop, TouchEvent> = {
  steps: ['Prove', 'Review', 'Touch'],
  progress: {
    opening: { step: 0, status: 'One moment…' },
    'handing-over': { step: 0, status: 'One moment…' },
    'awaiting-proof': { step: 0, status: 'One moment…' },
    'asking-code': { step: 0 },
    'checking-code': { step: 0, status: 'Checking the code…' },
    reviewing: { step: 1 },
    touching: { step: 2, status: 'Waiting for your security key…' },
    sending: { step: 2, status: 'Your touch is on its way…' },
    done: { step: 3 },
  },
  OwnScreen,
  StopScreen,
};

function OwnScreen({ state, dispatch }: ShownProps<OwnState, TouchEvent>) {
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

function StopScreen({ stop }: StopProps<Stop>) {
  switch (stop.kind) {
    case 'faulty':
    case 'no-webauthn':
      return <CommonStopScreen stop={stop} />;
    case 'refused':
      return <RefusedStopScreen stop={stop} />;
    default:
      return <EndScreen {...ENDS[stop.kind]} />;
  }
}

interface End {
  readonly title: string;
  readonly advice: string;
}

function EndScreen({ title, advice }: End) {
  return (
    <Screen title={title} tone="bad">
      <p>{advice}</p>
    </Screen>
  );
}

const ENDS: Readonly<Record<'bad-address' | 'expired' | 'too-many-codes' | 'replaced', End>> = {
  'bad-address': {
    title: 'This address is not complete',
    advice: 'Open the whole address that your terminal shows, with everything behind the #.',
  },
  expired: {
    title: 'The request has ended',
    advice: 'Requests wait only a short while. Run the command in your terminal again; it opens a new page.',
  },
  'too-many-codes': {
    title: 'Too many wrong codes',
    advice:
      'The request was ended, so that nobody can go on guessing. If you started it yourself, run the command again.',
  },
  replaced: {
    title: 'This page is no longer in use',
    advice: 'The request is over, or it was opened in a newer page. Go on there, or run the command again.',
  },
};

function RefusedStopScreen({ stop }: { readonly stop: Extract<Stop, { kind: 'refused' }> }) {
  const { refusal, touched } = stop;
  return (
    <RefusedScreen refusal={refusal} titles={REFUSED_TITLES} otherwise={touched ? 'Refused' : undefined}>
      {!touched && <p>To ask again, run the command in your terminal again.</p>}
    </RefusedScreen>
  );
}

const REFUSED_TITLES: RefusedTitles = {
  'unknown-request': 'There is no such request',
  'request-answered': 'This request was answered already',
  'page-already-proven': 'This request is open in another page',
  'touched-elsewhere': 'Touch on the machine that asked',
  'right-missing': 'You may not do this',
  'host-unknown': 'There is no such host',
  'nothing-to-revoke': 'There is nothing to revoke',
  'unknown-ca-key': 'There is no such CA key',
  'wrong-ca-state': 'The CA key is not ready for this',
  'hosts-lack-key': 'Hosts lack the key',
  'clients-lack-key': 'Clients lack the key',
};
