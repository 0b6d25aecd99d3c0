/** The address of an invite: `<origin>/enroll#<person>.<secret>.<fingerprint of the bundle key>`. */
import { base64nopad, base64urlnopad } from '@scure/base';
import { UsherCommandError } from './error.ts';

export interface Invite {
  readonly origin: string;
  readonly person: string;
  /** Never printed, never in an address that is requested. */
  readonly secret: string;
  /** As OpenSSH writes it, `SHA256:…`. */
  readonly bundleKey: string;
}

const FRAGMENT =
  /^#(?<person>[A-Za-z0-9._-]{1,64})\.(?<secret>[A-Za-z0-9_-]{43})\.(?<key>[A-Za-z0-9_-]{43})$/;

/** @throws UsherCommandError `usage`; the message never repeats the address. */
export function parseInvite(address: string): Invite {
  const url = parseUrl(address.trim());
  const groups = FRAGMENT.exec(url.hash)?.groups;
  const { person, secret, key } = { ...groups };
  if (
    url.pathname !== '/enroll' ||
    url.search !== '' ||
    person === undefined ||
    secret === undefined ||
    key === undefined
  )
    throw notAnInvite();
  if (url.protocol !== 'https:' && !isLoopback(url))
    throw new UsherCommandError('usage', 'the address of the invite does not begin with https://');
  return { origin: url.origin, person, secret, bundleKey: `SHA256:${base64nopad.encode(decodeKey(key))}` };
}

/** Without TLS only on this machine: browsers make the same exception. */
function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

function parseUrl(address: string): URL {
  try {
    return new URL(address);
  } catch {
    throw notAnInvite();
  }
}

function decodeKey(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch {
    throw notAnInvite();
  }
}

function notAnInvite(): UsherCommandError {
  return new UsherCommandError('usage', 'this is not the whole address of an invite', {
    hint: 'it has the form https://ca.example.org/enroll#person.secret.fingerprint; quote it, because of the #',
  });
}
