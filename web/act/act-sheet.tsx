/** One act: a sentence for the eye, what follows from it, and every parameter that the touch covers. */
import { hex } from '@scure/base';
import type { ComponentChildren } from 'preact';
import type { Act } from '../../src/ssh/act.ts';
import { Entry, Ledger } from '../ledger.tsx';
import { Reason } from '../request/reason.tsx';
import { CaStatement } from './ca-words.tsx';
import { InviteStatement } from './invite-words.tsx';
import { RevokeStatement } from './revoke-words.tsx';

export interface ActSheetProps {
  readonly person: string;
  readonly act: Act;
}

export function ActSheet({ person, act }: ActSheetProps) {
  return (
    <>
      <article class="sheet" aria-label={`What ${person} does: ${act.kind}`}>
        <Statement person={person} act={act} />
        <Rest act={act} />
      </article>
      {'reason' in act && <Reason person={person} reason={act.reason} />}
    </>
  );
}

function Statement({ person, act }: ActSheetProps) {
  switch (act.kind) {
    case 'invite-host':
      return <InviteStatement person={person} act={act} />;
    case 'revoke':
      return <RevokeStatement person={person} act={act} />;
    default:
      return <CaStatement person={person} act={act} />;
  }
}

function Rest({ act }: Pick<ActSheetProps, 'act'>) {
  return (
    <details>
      <summary>Every field of the act</summary>
      <Ledger>
        <Field label="Kind">{act.kind}</Field>
        <Fields act={act} />
        {'reason' in act && <Field label="Reason">{act.reason}</Field>}
      </Ledger>
    </details>
  );
}

function Fields({ act }: Pick<ActSheetProps, 'act'>) {
  switch (act.kind) {
    case 'invite-host':
      return (
        <>
          <Field label="Host">{act.host}</Field>
          <Field label="Hash of the token">{hex.encode(act.tokenHash)}</Field>
        </>
      );
    case 'revoke':
      return (
        <>
          <Field label="Target">{act.target.kind}</Field>
          <Field label="Name">{act.target.name}</Field>
        </>
      );
    default:
      return (
        <>
          <Field label="Purpose">{act.purpose}</Field>
          <Field label="Key">{act.key || 'new'}</Field>
          {'evenWithout' in act && <Field label="Even without">{act.evenWithout.join(' ') || 'none'}</Field>}
        </>
      );
  }
}

function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <Entry label={label}>
      <code>{children}</code>
    </Entry>
  );
}
