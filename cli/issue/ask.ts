/** What a command asks for, as the API wants it. */
import { base64urlnopad } from '@scure/base';
import type { AskBody, CertificateAsked } from '../../src/http/contract/requests.ts';
import { POSSESSION_NAMESPACE, possessionMessage } from '../../src/ssh/possession.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import type { Settings } from '../authority/settings.ts';
import { UsherCommandError } from '../error.ts';
import type { Asked, LoginAsked } from './asked.ts';
import type { Subject } from './subject.ts';

interface LoginWish {
  readonly logins: readonly string[] | undefined;
  readonly hosts: readonly string[] | undefined;
  /** Seconds. */
  readonly lifetime: number | undefined;
}

/** One certificate, and the key that it is for. */
export interface Wanted {
  readonly asked: Asked;
  readonly subject: Subject;
  /** What of the agent it takes the place of, in words. */
  readonly inPlaceOf?: string | undefined;
}

/**
 * What was wished for, the rest as the authority said the person may ask for. Who was never told asks for a login of their own
 * name everywhere: the refusal after the touch says what is possible.
 */
export function askedForLogin(settings: Settings, subject: Subject, wish: LoginWish): LoginAsked {
  const { origin, rpId, person, access } = settings;
  const [logins, hosts] = [wish.logins ?? access?.logins ?? [person], wish.hosts ?? access?.hosts ?? ['*']];
  if (logins.length === 0 || hosts.length === 0)
    throw new UsherCommandError('refused', `${origin} said that you may log in nowhere`, {
      hint: 'ask the keeper of your fleet for a role; then name what you want: --login NAME --host NAME',
    });
  if (hosts.includes('*') && hosts.length > 1)
    throw new UsherCommandError('usage', '"*" means every host: it stands alone');
  const key = subject.publicKey;
  return {
    purpose: 'login',
    origin,
    rpId,
    person,
    key,
    logins: unique(logins),
    hosts: unique(hosts),
    lifetime: wish.lifetime,
  };
}

export async function askBody(wanted: readonly Wanted[], person: string, now: number): Promise<AskBody> {
  const certificates: CertificateAsked[] = [];
  // One after the other: a security key shows that it is held by a touch.
  for (const { asked, subject } of wanted) certificates.push(await certificateAsked(asked, subject, now));
  return { person, certificates };
}

async function certificateAsked(asked: Asked, subject: Subject, now: number): Promise<CertificateAsked> {
  const { purpose, origin, person, key, lifetime } = asked;
  const message = possessionMessage({ origin, person, purpose, key, time: now });
  const signature = await subject.sign(POSSESSION_NAMESPACE, message);
  const frame = {
    key: base64urlnopad.encode(encodePublicKey(key)),
    hosts: [...asked.hosts],
    possession: { time: now, signature: base64urlnopad.encode(signature) },
    ...(lifetime === undefined ? {} : { lifetime }),
  };
  if (asked.purpose === 'login') return { ...frame, purpose: 'login', logins: [...asked.logins] };
  const { login, reason } = asked;
  return { ...frame, purpose: 'sudo', login, ...(reason === '' ? {} : { reason }) };
}

export function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
