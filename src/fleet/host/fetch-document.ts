/** What a host sends to get its bundle or the files of it. */
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
import type { HostCall, Signed } from './host-call.ts';
import { checkNonce } from './host-call.ts';
import { openSignedByOne } from './signed-document.ts';

const FIRST_LINE = 'usher host fetch v1';
const MAX_CHARACTERS = 1024;
export const MAX_SIGNED_FETCH_CHARACTERS = 8192;

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
