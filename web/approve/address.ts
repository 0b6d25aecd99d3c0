import { isPerson } from '../person-name.ts';

/** What the fragment of the page's address says: `#<request id>.<view secret>`, and perhaps `.<person>` who is to answer. */
export interface ApproveAddress {
  readonly requestId: string;
  /** Shows that somebody gave us the address. */
  readonly viewSecret: string;
}

export interface ParsedAddress {
  readonly address: ApproveAddress;
  readonly person?: string;
}

const FRAGMENT = /^#?(?<id>[A-Za-z0-9_-]{22})\.(?<secret>[A-Za-z0-9_-]{43})(?:\.(?<person>.+))?$/;

/** @returns undefined for anything else. */
export function parseApproveAddress(fragment: string): ParsedAddress | undefined {
  const { id, secret, person } = FRAGMENT.exec(fragment)?.groups ?? {};
  if (id === undefined || secret === undefined) return undefined;
  const address = { requestId: id, viewSecret: secret };
  if (person === undefined) return { address };
  return isPerson(person) ? { address, person } : undefined;
}
