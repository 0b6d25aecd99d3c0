/** Does something to the authority itself: ask, show, touch, hand in, check. What is touched is what was asked, whatever the authority says. */
import { base64urlnopad } from '@scure/base';
import type { ActBody, ActResult } from '../../src/http/contract/acts.ts';
import { ActReply } from '../../src/http/contract/acts.ts';
import type { Act } from '../../src/ssh/act.ts';
import { actParameters } from '../../src/ssh/act.ts';
import { SshError } from '../../src/ssh/error.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { purposeOf } from '../ca/purpose.ts';
import { UsherCommandError } from '../error.ts';
import { detail, say, whileWaiting } from '../terminal.ts';
import type { ChosenWay, WayOptions } from '../touch/choose.ts';
import { chooseWay } from '../touch/choose.ts';
import { withPage } from '../touch/page.ts';
import type { ResultOf } from './check.ts';
import { actDigest, checkResult } from './check.ts';
import { handInAct, waitForAct } from './hand-in.ts';
import { actInWords, actRows } from './words.ts';

export interface ActOptions extends WayOptions {
  readonly authority?: string;
  /** Whether a browser may be opened here. */
  readonly open?: boolean;
}

/** What went before and is still needed once the authority has answered. */
interface Ceremony {
  readonly enrolled: Enrolled;
  readonly reply: ActReply;
  readonly digest: Uint8Array;
}

/** @throws UsherCommandError for every refusal, the authority's and ours. */
export async function performAct<A extends Act>(
  enrolled: Enrolled,
  act: A,
  options: ActOptions,
): Promise<ResultOf[A['kind']]> {
  const { surroundings, settings } = enrolled;
  const body = bodyOf(act, settings.person);
  const way = await chooseWay(surroundings, options, settings);
  const reply = await ask(enrolled, body);
  const digest = actDigest(reply, act, settings, surroundings.now());
  say(surroundings, `with your touch ${actInWords(act)}`);
  detail(surroundings, [['authority', settings.origin], ...actRows(act)]);
  const result = await touch({ enrolled, reply, digest }, way, options.open !== false);
  return checkResult(act, result, surroundings.now());
}

/** What could not be touched is not asked for. @throws UsherCommandError `usage` */
function bodyOf(act: Act, person: string): ActBody {
  try {
    actParameters(act);
  } catch (cause) {
    if (!(cause instanceof SshError)) throw cause;
    throw new UsherCommandError('usage', cause.message, { cause });
  }
  return { person, act: spelled(act) };
}

/** In JSON bytes are base64url. */
function spelled(act: Act): ActBody['act'] {
  if (act.kind === 'invite-host') return { ...act, tokenHash: base64urlnopad.encode(act.tokenHash) };
  if (act.kind === 'activate-ca')
    return { ...act, purpose: purposeOf(act), evenWithout: [...act.evenWithout] };
  return 'purpose' in act ? { ...act, purpose: purposeOf(act) } : act;
}

function ask({ client }: Enrolled, body: ActBody): Promise<ActReply> {
  return client.call({ method: 'POST', target: '/v1/acts', body, reply: ActReply, repeatable: true });
}

function touch(ceremony: Ceremony, way: ChosenWay, open: boolean): Promise<ActResult> {
  return way.kind === 'browser' ? touchByPage(ceremony, open) : touchHere(ceremony, way);
}

async function touchHere(
  { enrolled, reply, digest }: Ceremony,
  { way }: Extract<ChosenWay, { readonly kind: 'here' }>,
): Promise<ActResult> {
  const { origin, rpId } = enrolled.settings;
  const { credentialIds, userVerification } = reply;
  const assertion = await way.touch({ digest, origin, rpId, credentialIds, userVerification });
  return handInAct(enrolled.client, reply, assertion);
}

function touchByPage({ enrolled, reply, digest }: Ceremony, open: boolean): Promise<ActResult> {
  const { surroundings, client } = enrolled;
  return withPage(surroundings, client, { ...reply, digest, open }, () => {
    const result = waitForAct(surroundings, client, reply);
    return whileWaiting(surroundings, 'waiting for your touch in the browser', result);
  });
}
