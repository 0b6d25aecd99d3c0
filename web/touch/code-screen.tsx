/** Where a page that no command on this machine vouches for asks for the code, before it shows anything about the request. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Countdown } from '../countdown.tsx';
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
  const field = useRef<HTMLInputElement>(null);
  const wrong = state.kind === 'asking-code' ? state.wrong : undefined;
  const isChecking = state.kind === 'checking-code';
  useEffect(() => {
    if (isChecking) return;
    field.current?.focus();
    field.current?.select();
  }, [isChecking]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isChecking && code.trim() !== '') onCode(code.trim());
  };
  return (
    <form class="code-form" onSubmit={submit}>
      <label for="code">Code from your terminal</label>
      <input
        id="code"
        ref={field}
        value={code}
        onInput={(event) => setCode(event.currentTarget.value)}
        size={CODE_CHARACTERS + 1}
        maxLength={16}
        placeholder="ABCD-EFGH"
        autocomplete="off"
        autocapitalize="characters"
        autocorrect="off"
        spellcheck={false}
        required
        readOnly={isChecking}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? 'code-hint' : 'code-wrong code-hint'}
      />
      {wrong !== undefined && (
        <p id="code-wrong" class="field-error" role="alert">
          That is not the code of this request. {triesInWords(wrong.triesLeft)}
        </p>
      )}
      <p id="code-hint" class="hint">
        Eight letters and digits. Capitals and the dash do not matter.
      </p>
      <button type="submit" class="primary" aria-disabled={isChecking}>
        {isChecking ? 'Checking…' : 'Show the request'}
      </button>
    </form>
  );
}

function triesInWords(left: number): string {
  return left === 1 ? 'One try is left.' : `${left} tries are left.`;
}
