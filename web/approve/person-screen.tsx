/** Who is going to answer: the authority shows whose keys may be touched, and the page whose answer it will be. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Screen } from '../screen.tsx';
import { isPerson } from './address.ts';
import type { ApproveEvent, AskingPerson } from './state.ts';

interface PersonScreenProps {
  readonly state: AskingPerson;
  readonly dispatch: (event: ApproveEvent) => void;
}

export function PersonScreen({ state, dispatch }: PersonScreenProps) {
  return (
    <Screen title="Who is answering?" leavesFocus>
      <p class="lead">Somebody’s request waits for approval. Say who you are, and this page shows it.</p>
      <PersonForm person={state.person} onPerson={(person) => dispatch({ kind: 'person-given', person })} />
    </Screen>
  );
}

interface PersonFormProps {
  readonly person: string;
  readonly onPerson: (person: string) => void;
}

function PersonForm({ person, onPerson }: PersonFormProps) {
  const [name, setName] = useState(person);
  const [isWrong, setWrong] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = name.trim();
    setWrong(!isPerson(given));
    if (isPerson(given)) onPerson(given);
    else field.current?.focus();
  };
  return (
    <form class="actions" onSubmit={submit}>
      <label for="person">Your name</label>
      <input
        id="person"
        ref={field}
        value={name}
        onInput={(event) => setName(event.currentTarget.value)}
        maxLength={32}
        autocomplete="username"
        autocapitalize="none"
        autocorrect="off"
        spellcheck={false}
        required
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'person-wrong person-hint' : 'person-hint'}
      />
      {isWrong && (
        <p id="person-wrong" class="field-error" role="alert">
          A name has small letters, digits, and . _ or -.
        </p>
      )}
      <p id="person-hint" class="hint">
        As it stands in the roster, and in your terminal when you sign in.
      </p>
      <button type="submit" class="primary">
        Show the request
      </button>
    </form>
  );
}
