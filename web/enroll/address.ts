/** What the fragment of an invite says: `#<person>.<invite>.<fingerprint of the bundle key, base64url>`. */
import { base64nopad, base64urlnopad } from '@scure/base';

export interface InviteAddress {
  readonly person: string;
  /** The secret; it leaves this page only in the body of a request to the authority. */
  readonly invite: string;
  /** OpenSSH's form, `SHA256:` and base64. */
  readonly bundleKeyFingerprint: string;
}

/** Names of people may hold dots, so the parts are told from the end. */
const FRAGMENT =
  /^#?(?<person>[A-Za-z0-9._-]{1,64})\.(?<invite>[A-Za-z0-9_-]{43})\.(?<print>[A-Za-z0-9_-]{43})$/;

export function parseInviteAddress(fragment: string): InviteAddress | undefined {
  const groups = FRAGMENT.exec(fragment)?.groups;
  const [person, invite, print] = [groups?.['person'], groups?.['invite'], groups?.['print']];
  if (person === undefined || invite === undefined || print === undefined) return undefined;
  const bundleKeyFingerprint = opensshForm(print);
  return bundleKeyFingerprint === undefined ? undefined : { person, invite, bundleKeyFingerprint };
}

function opensshForm(base64url: string): string | undefined {
  try {
    return `SHA256:${base64nopad.encode(base64urlnopad.decode(base64url))}`;
  } catch {
    return undefined;
  }
}
