/**
 * The address of an invite, `<origin>/enroll#<person>.<secret>.<fingerprint of the bundle key>`. All but the origin is in the
 * fragment, which browsers never send. Runs in browsers too.
 */
import { base64nopad, base64urlnopad } from '@scure/base';

export interface InviteAddress {
  readonly person: string;
  /** Never printed again, and sent only in the body of a request to the authority whose key the address names. */
  readonly secret: string;
  /** Fingerprint of the bundle key as OpenSSH writes it: `SHA256:` and base64. */
  readonly bundleKey: string;
}

export const INVITE_PATH = '/enroll';

const PREFIX = 'SHA256:';
/** Names of people may hold dots, so the parts are told from the end. */
const FRAGMENT =
  /^#?(?<person>[A-Za-z0-9._-]{1,64})\.(?<secret>[A-Za-z0-9_-]{43})\.(?<print>[A-Za-z0-9_-]{43})$/;

export function formatInviteAddress(origin: string, { person, secret, bundleKey }: InviteAddress): string {
  const print = base64urlnopad.encode(base64nopad.decode(bundleKey.slice(PREFIX.length)));
  return `${origin}${INVITE_PATH}#${person}.${secret}.${print}`;
}

/** @returns undefined for a fragment that is none of an invite, or not the whole of it. */
export function parseInviteFragment(fragment: string): InviteAddress | undefined {
  const { person, secret, print } = { ...FRAGMENT.exec(fragment)?.groups };
  if (person === undefined || secret === undefined || print === undefined) return undefined;
  const bundleKey = opensshForm(print);
  return bundleKey === undefined ? undefined : { person, secret, bundleKey };
}

function opensshForm(print: string): string | undefined {
  try {
    return `${PREFIX}${base64nopad.encode(base64urlnopad.decode(print))}`;
  } catch {
    return undefined;
  }
}
