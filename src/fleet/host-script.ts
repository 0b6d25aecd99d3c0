/** The program for hosts without Node (share/usher-host.sh), made for one authority: its origin and its bundle key stand in it, and nothing else is filled in. */
import { isAuthorityOrigin } from '../ssh/origin.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { formatPublicKeyLine } from '../ssh/public-key.ts';
import { FleetError } from './error.ts';

export interface HostScriptFacts {
  /** Origin of the authority. */
  readonly authority: string;
  /** Signs the bundles of hosts. */
  readonly bundleKey: PublicKey;
}

const PLACES = { authority: "'@AUTHORITY@'", bundleKey: "'@BUNDLE_KEY@'" } as const;
/** Between single quotes a shell reads none of these, and sed and curl none as more than itself. */
const ORIGIN = /^https?:\/\/[a-z0-9.[\]:-]+$/;
/** No security key, either: their types have an "@". */
const KEY_LINE = /^[a-z0-9-]+ [A-Za-z0-9+/]+={0,2}$/;

/** @throws FleetError `bad-value` */
export function fillHostScript(script: string, { authority, bundleKey }: HostScriptFacts): string {
  if (!isAuthorityOrigin(authority) || !ORIGIN.test(authority))
    throw new FleetError('bad-value', `"${authority}" is no origin of an authority`);
  const keyLine = formatPublicKeyLine(bundleKey);
  if (!KEY_LINE.test(keyLine)) throw new FleetError('bad-value', 'the bundle key is none of a program');
  return fill(fill(script, PLACES.authority, authority), PLACES.bundleKey, keyLine);
}

function fill(script: string, place: string, value: string): string {
  const parts = script.split(place);
  if (parts.length !== 2) throw new TypeError(`the script has not one ${place}`);
  return parts.join(`'${value}'`);
}
