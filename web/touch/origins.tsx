import { Entry, Ledger } from '../ledger.tsx';

export interface OriginsProps {
  readonly askedFrom: string;
  readonly openedFrom: string;
}

/** Both ends of a request: the terminal that asked, and this page. */
export function Origins({ askedFrom, openedFrom }: OriginsProps) {
  return (
    <Ledger>
      <Entry label="Terminal is at">
        <code>{askedFrom}</code>
      </Entry>
      <Entry label="This page is at">
        <code>{openedFrom}</code>
      </Entry>
    </Ledger>
  );
}
