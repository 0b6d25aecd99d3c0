/** A certificate for login and one for sudo: by one touch, unless what waits for others would hold up the login. */

import type { EntryOwner } from '../agent/entries.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { storedBundle } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { Wanted } from './ask.ts';
import { isSignedByPeople } from './ca-signer.ts';
import type { Certified, HowToAgree } from './certify.ts';
import { certify } from './certify.ts';
import type { SudoIssueOptions } from './sudo-issue.ts';
import { assertOwnKeyIsKnown, deliverSudo, issueSudo, wantSudo } from './sudo-issue.ts';
import type { SudoWish } from './sudo-wish.ts';

interface Both {
  readonly login: Wanted;
  readonly wish: SudoWish;
  readonly how: HowToAgree;
  readonly options: Omit<SudoIssueOptions, 'key'>;
}

/** Called with each certificate as it comes, the login first. That for sudo is in the agent then. */
type Came = (purpose: EntryOwner['purpose'], certified: Certified) => Promise<void>;

export async function issueBoth(enrolled: Enrolled, both: Both, came: Came): Promise<void> {
  assertOwnKeyIsKnown(enrolled, both.options);
  if (!needsOthers(enrolled) && (await issueTogether(enrolled, both, came))) return;
  await issueApart(enrolled, both, came);
}

/** @returns false when the authority wants them asked for apart; nothing was touched then. */
async function issueTogether(
  enrolled: Enrolled,
  { login, wish, how, options }: Both,
  came: Came,
): Promise<boolean> {
  const sudo = await wantSudo(enrolled, wish, options, how);
  const got = await certify(enrolled, [login, sudo], how).catch((error: unknown) => {
    if (error instanceof UsherCommandError && error.problem?.code === 'ask-apart') return undefined;
    throw error;
  });
  if (got === undefined) return false;
  const [first, second] = got;
  if (first === undefined || second === undefined) throw new TypeError('two certificates were asked for');
  await came('login', first);
  await deliverSudo(enrolled, sudo, second, options);
  await came('sudo', second);
  return true;
}

/** The login is there, and of use, while somebody is asked about sudo. */
async function issueApart(
  enrolled: Enrolled,
  { login, wish, how, options }: Both,
  came: Came,
): Promise<void> {
  const [certified] = await certify(enrolled, [login], how);
  if (certified === undefined) throw new TypeError('one certificate was asked for');
  await came('login', certified);
  await came('sudo', await issueSudo(enrolled, wish, options));
}

/** As far as is sure here; whether these very hosts take approvals the authority says. */
function needsOthers(enrolled: Enrolled): boolean {
  const bundle = storedBundle(enrolled);
  return bundle !== undefined && isSignedByPeople(bundle);
}
