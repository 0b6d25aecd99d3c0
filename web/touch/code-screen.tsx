/** Where a page that no command on this machine vouches for asks for the code, before it shows anything about the request. */
import { useState } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
import { Field, useFocusedLine } from '../field.tsx';
import { Notice } from '../notice.tsx';
import { Screen } from '../screen.tsx';
import { Origins } from './origins.tsx';
import type { AskingCode, CheckingCode, TouchEvent } from './state.ts';

export interface CodeScreenProps {
  readonly state: AskingCode | CheckingCode;
  readonly dispatch: (event: TouchEvent) => void;
}

const CODE_CHARACTERS = 8;

export function CodeScreen({ state, dispatch }: CodeScreenProps) {
  return (
    <Screen title="Which terminal is asking?" leavesFocus>
      <p class="lead">{LEADS[state.why]}</p>
      <CodeForm state={state} onCode={(code) => dispatch({ kind: 'code-typed', code })} />
      <Notice tone="warning" title="Only a terminal of your own">
        Whoever runs the terminal that shows the code gets the access. Did somebody send you this address or a
        code? Then close this page.
      </Notice>
      <Origins askedFrom={state.page.askedFrom} openedFrom={state.page.openedFrom} />
      <Countdown what="request" until={state.page} onEnd={() => dispatch({ kind: 'expired' })} />
    </Screen>
  );
}

const LEADS: Readonly<Record<AskingCode['why'], string>> = {
  'opened-by-hand':
    'Type the code that usher shows in your terminal. This page shows the request only after that.',
  'command-silent':
    'The command on this machine did not answer, or can not vouch for this page. Type the code that usher shows in your terminal instead.',
};

interface CodeFormProps {
  readonly state: AskingCode | CheckingCode;
  readonly onCode: (code: string) => void;
}

function CodeForm({ state, onCode }: CodeFormProps) {
  const [code, setCode] = useState('');
  const isChecking = state.kind === 'checking-code';
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isChecking && code.trim() !== '') onCode(code.trim());
  };
  return (
    <form class="code-form" onSubmit={submit}>
      <CodeField code={code} onCode={setCode} state={state} />
      <button type="submit" class="primary" aria-disabled={isChecking}>
        {isChecking ? 'Checking…' : 'Show the request'}
      </button>
    </form>
  );
}

function CodeField({ code, onCode, state }: CodeFormProps & { readonly code: string }) {
  const isChecking = state.kind === 'checking-code';
  const line = useFocusedLine(!isChecking);
  return (
    <Field
      id="code"
      label="Code from your terminal"
      hint="Eight letters and digits. Capitals and the dash do not matter."
      wrong={whatIsWrong(state)}
      text={code}
      onText={onCode}
      line={line}
      size={CODE_CHARACTERS + 1}
      maxLength={16}
      placeholder="ABCD-EFGH"
      autocomplete="off"
      autocapitalize="characters"
      autocorrect="off"
      spellcheck={false}
      required
      readOnly={isChecking}
    />
  );
}

function whatIsWrong(state: CodeFormProps['state']): string | undefined {
  if (state.kind !== 'asking-code' || state.wrong === undefined) return undefined;
  return `That is not the code of this request. ${triesInWords(state.wrong.triesLeft)}`;
}

function triesInWords(left: number): string {
  return left === 1 ? 'One try is left.' : `${left} tries are left.`;
}
