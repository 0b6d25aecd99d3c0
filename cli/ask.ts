/** What `login` asks for, as the API wants it. */
import { base64urlnopad } from '@scure/base';
import type { AskBody } from '../src/http/contract.ts';
import { POSSESSION_NAMESPACE, possessionMessage } from '../src/ssh/possession.ts';
import { encodePublicKey } from '../src/ssh/public-key.ts';
import type { Asked } from './draft-check.ts';
import { UsherCommandError } from './error.ts';
import type { Settings } from './settings.ts';
import type { Subject } from './subject.ts';

interface Wish {
  readonly logins: readonly string[] | undefined;
  readonly hosts: readonly string[] | undefined;
  /** Seconds. */
  readonly lifetime: number | undefined;
}

/**
 * What was wished for, the rest as the authority said the person may ask for. Who was never told asks for a login of their own
 * name everywhere: the refusal after the touch says what is possible.
 */
export function askedFor(settings: Settings, subject: Subject, wish: Wish): Asked {
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

export async function askBody(asked: Asked, subject: Subject, now: number): Promise<AskBody> {
  const { purpose, origin, person, key, logins, hosts, lifetime } = asked;
  const message = possessionMessage({ origin, person, purpose, key, time: now });
  const signature = await subject.sign(POSSESSION_NAMESPACE, message);
  const certificate = {
    purpose,
    key: base64urlnopad.encode(encodePublicKey(key)),
    logins: [...logins],
    hosts: [...hosts],
    possession: { time: now, signature: base64urlnopad.encode(signature) },
    ...(lifetime === undefined ? {} : { lifetime }),
  };
  return { person, certificates: [certificate] };
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
