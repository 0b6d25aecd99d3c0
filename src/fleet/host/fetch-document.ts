/** What a host sends to get its bundle or the files of it. */
import type { PublicKey } from '../../ssh/public-key.ts';
import {
  assertOneSpelling,
  badDocument,
  checkAuthority,
  checkHost,
  checkTime,
  formatDocument,
  parseWhole,
  readDocument,
} from './document.ts';
import { openSigned } from './signed-document.ts';

/** What every signed call of a host says. */
export interface HostCall {
  readonly authority: string;
  readonly host: string;
  /** Unix seconds. */
  readonly time: number;
  /** 16 random bytes in hex. */
  readonly nonce: string;
}

export type Signed<T> = T & { readonly signer: PublicKey };

const FIRST_LINE = 'usher host fetch v1';
const MAX_CHARACTERS = 1024;
export const MAX_SIGNED_FETCH_CHARACTERS = 8192;
const NONCE = /^[0-9a-f]{32}$/;

/** The text to sign. @throws FleetError `bad-document` */
export function formatFetch({ authority, host, time, nonce }: HostCall): string {
  return formatDocument(FIRST_LINE, [
    ['authority', checkAuthority(authority)],
    ['host', checkHost(host)],
    ['time', String(checkTime(time))],
    ['nonce', checkNonce(nonce)],
  ]);
}

/** @throws FleetError `bad-document`, `bad-signature` */
export function openFetch(signed: string): Signed<HostCall> {
  if (signed.length > MAX_SIGNED_FETCH_CHARACTERS)
    throw badDocument(`it has more than ${MAX_SIGNED_FETCH_CHARACTERS} characters`);
  const { text, signer } = openSignedByOne(signed);
  const fields = readDocument(text, FIRST_LINE, MAX_CHARACTERS);
  const call: HostCall = {
    authority: fields.one('authority'),
    host: fields.one('host'),
    time: parseWhole(fields.one('time')),
    nonce: fields.one('nonce'),
  };
  assertOneSpelling(text, formatFetch(call));
  return { ...call, signer };
}

/** @throws FleetError `bad-document`, `bad-signature` */
export function openSignedByOne(
  signed: string,
  namespace?: string,
): { readonly text: string; readonly signer: PublicKey } {
  const { text, signers } = openSigned(signed, namespace);
  const [signer, ...others] = signers;
  if (signer === undefined || others.length > 0) throw badDocument('it has more than one signature');
  return { text, signer };
}

export function checkNonce(text: string): string {
  if (!NONCE.test(text)) throw badDocument('a nonce is 32 characters of 0-9 a-f');
  return text;
}
