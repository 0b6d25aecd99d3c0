/** Waits until other people have approved, as long as they may. What they say is told as soon as it is known. */
import { writeSync } from 'node:fs';
import type { Approvable, Issued, ResultReply } from '../../src/http/contract/requests.ts';
import { keyCode } from '../../src/ssh/key-code.ts';
import { printable } from '../../src/ssh/printable.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import type { Waited } from '../authority/result.ts';
import { askResult, SIGNING_SECONDS, tooLate } from '../authority/result.ts';
import { UsherCommandError } from '../error.ts';
import { detail, say, whileWaiting } from '../terminal.ts';
import { formatTime } from './review.ts';

const POLL_MILLISECONDS = 3_000;

/** What was asked for, and the key that it is for. */
interface Waiting extends Waited {
  readonly subject: PublicKey;
}

export async function waitForOthers(enrolled: Enrolled, waited: Waiting, first: Approvable): Promise<Issued> {
  const { surroundings } = enrolled;
  sayWhoIsNeeded(enrolled, waited, first);
  // Whoever interrupts should know that others may still be asked to approve; the handler of the signal exits at once.
  const tell = () => writeSync(2, interruption(first));
  process.once('exit', tell);
  try {
    return await whileWaiting(surroundings, 'waiting for approval', poll(enrolled, waited, first));
  } finally {
    process.removeListener('exit', tell);
  }
}

/** The beginning of a sentence: what they have to do follows. */
export function peopleWho(count: number): string {
  return count === 1 ? 'one other person has' : `${count} other people have`;
}

async function poll(enrolled: Enrolled, waited: Waited, first: Approvable): Promise<Issued> {
  const { surroundings } = enrolled;
  let last: ResultReply = first;
  let isAway = false;
  for (;;) {
    await surroundings.sleep(POLL_MILLISECONDS);
    const reply = await askPatiently(enrolled, waited);
    if (reply === undefined && !isAway)
      say(surroundings, 'the authority does not answer; it goes on waiting');
    isAway = reply === undefined;
    if (reply?.state === 'issued') return reply;
    if (reply?.state === 'waiting' && reply.given > first.given && isNews(reply, last))
      say(surroundings, `${reply.given} of ${reply.needed} approved`);
    last = reply ?? last;
    const patience = last.state === 'signing' ? SIGNING_SECONDS : 0;
    if (surroundings.now() > first.approveBy + patience)
      throw tooLate(last.state === 'signing' ? 'signing' : 'waiting');
  }
}

function isNews(reply: Approvable, last: ResultReply): boolean {
  return last.state === 'waiting' && reply.given !== last.given;
}

/** It may take hours: a connection that breaks meanwhile, or an authority that is restarted or busy, ends nothing. */
async function askPatiently({ client }: Enrolled, waited: Waited): Promise<ResultReply | undefined> {
  try {
    return await askResult(client, waited);
  } catch (error) {
    if (isPassing(error)) return undefined;
    throw error;
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof UsherCommandError)) return false;
  const status = error.problem?.status ?? 0;
  return error.code === 'unreachable' || status === 429 || status >= 500;
}

/** Who they are the authority does not tell. @param needed none: a CA key signs */
function whoIsNeeded(needed: number, missing: number): string {
  if (needed === 0) return 'an owner of a CA key to sign';
  return missing === 1 ? 'somebody else who may approve' : `${missing} other people who may approve`;
}

function sayWhoIsNeeded(
  { surroundings }: Enrolled,
  { request, subject }: Waiting,
  { needed, given, approveBy, address }: Approvable,
): void {
  say(surroundings, `it waits for ${whoIsNeeded(needed, needed - given)}`);
  detail(surroundings, [
    ['they type', `usher approve ${request.requestId}`],
    ['or open', address],
    ['tell them', keyCode(subject)],
    ['until', formatTime(approveBy)],
  ]);
  // By their screens alone they can not know whose key it is: an authority that lies would have them approve for another one.
  say(
    surroundings,
    '"tell them" is the code of your key: who approves must see the same one, so tell them yourself',
  );
}

function interruption({ approveBy, address }: Approvable): string {
  const until = formatTime(approveBy);
  return [
    `\r\u001b[Kusher: the request goes on waiting until ${until}, and its certificate would come to nobody now`,
    `usher: hint: take it back: usher reject '${printable(address, 300)}'\n`,
  ].join('\n');
}
