/** The right to enrol a host, in words. */
import type { Act } from '../../src/ssh/act.ts';
import { Entry, Ledger } from '../ledger.tsx';

interface InviteWordsProps {
  readonly person: string;
  readonly act: Extract<Act, { kind: 'invite-host' }>;
}

export function InviteStatement({ person, act }: InviteWordsProps) {
  return (
    <>
      <p class="statement">
        <strong>{person}</strong> lets whoever has the token enrol as <strong>{act.host}</strong>, once.
      </p>
      <Ledger>
        <Entry label="Token">made by the terminal that asked; nobody else knows it</Entry>
        <Entry label="What follows">
          The machine that enrols gets host certificates with the names of {act.host}, and whoever connects to
          these names trusts it. A machine that enrolled as {act.host} before is replaced.
        </Entry>
      </Ledger>
    </>
  );
}
