/** Who is going to answer: the authority shows whose keys may be touched, and the page whose answer it will be. */
import { useState } from 'preact/hooks';
import type { Line } from '../field.tsx';
import { Field, useFocusedLine } from '../field.tsx';
import { isPerson } from '../person-name.ts';
import { Screen } from '../screen.tsx';
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
  const line = useFocusedLine(true);
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = name.trim();
    setWrong(!isPerson(given));
    if (isPerson(given)) onPerson(given);
    else line.current?.focus();
  };
  return (
    <form class="actions" onSubmit={submit}>
      <PersonField name={name} onName={setName} isWrong={isWrong} line={line} />
      <button type="submit" class="primary">
        Show the request
      </button>
    </form>
  );
}

interface PersonFieldProps {
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly isWrong: boolean;
  readonly line: Line;
}

function PersonField({ name, onName, isWrong, line }: PersonFieldProps) {
  return (
    <Field
      id="person"
      label="Your name"
      hint="As it stands in the roster, and in your terminal when you sign in."
      wrong={isWrong ? 'A name has small letters, digits, and . _ or -.' : undefined}
      text={name}
      onText={onName}
      line={line}
      maxLength={32}
      autocomplete="username"
      autocapitalize="none"
      autocorrect="off"
      spellcheck={false}
      required
    />
  );
}
