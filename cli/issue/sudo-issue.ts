/** One certificate for sudo, from the wish into the agent. */

import { deliverToAgent } from '../agent/deliver.ts';
import { entryOwner, findOwnSudo } from '../agent/own-entries.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { storedBundle } from '../authority/enrolled.ts';
import { remember } from '../authority/memory.ts';
import { UsherCommandError } from '../error.ts';
import { chooseWay, providerOf } from '../touch/choose.ts';
import type { Wanted } from './ask.ts';
import type { CaKeyOptions } from './ca-signer.ts';
import { openCaKey, rememberCaKey } from './ca-signer.ts';
import type { Certified, HowToAgree } from './certify.ts';
import { certify } from './certify.ts';
import { sayWhere } from './report.ts';
import { chooseSudoSubject } from './sudo-subject.ts';
import type { SudoWish } from './sudo-wish.ts';
import { askedForSudo } from './sudo-wish.ts';

export interface SudoIssueOptions extends CaKeyOptions {
  readonly key?: string;
  readonly only?: boolean;
  readonly confirm?: boolean;
  readonly open?: boolean;
}

export async function issueSudo(
  enrolled: Enrolled,
  wish: SudoWish,
  options: SudoIssueOptions,
): Promise<Certified> {
  const how = await howToAgree(enrolled, options);
  const wanted = await wantSudo(enrolled, wish, options, how);
  const [certified] = await certify(enrolled, [wanted], how);
  if (certified === undefined) throw new TypeError('one certificate was asked for');
  await rememberCaKey(enrolled, options);
  await deliverSudo(enrolled, wanted, certified, options);
  return certified;
}

/** What the certificate in the agent is good for is asked for again with it, unless only this one is wanted. */
export async function wantSudo(
  enrolled: Enrolled,
  wish: SudoWish,
  options: SudoIssueOptions,
  how: HowToAgree,
): Promise<Wanted> {
  const subject = await chooseSudoSubject(enrolled, options, how.kind === 'touch' ? how.way : undefined);
  const live = { entry: await findOwnSudo(enrolled), isWanted: options.only !== true };
  const { asked, inPlaceOf } = askedForSudo(enrolled.settings, subject, wish, live);
  return { asked, subject, inPlaceOf };
}

export async function deliverSudo(
  enrolled: Enrolled,
  { subject }: Wanted,
  { certificate }: Certified,
  options: SudoIssueOptions,
): Promise<void> {
  const { agentKey: key } = subject;
  const provider = 'keyHandle' in key ? providerOf(enrolled.surroundings, options) : undefined;
  const owner = entryOwner(enrolled, 'sudo');
  const confirm = options.confirm === true;
  await deliverToAgent(enrolled, { owner, key, certificate, confirm, provider });
  await remember(enrolled.paths, enrolled.name, { sudoSerial: String(certificate.fields.serial) });
  sayWhere(enrolled, certificate, 'in the agent');
}

/** Who has a CA key signs with it, unless somebody else has to approve or another way is chosen. */
async function howToAgree(enrolled: Enrolled, options: SudoIssueOptions): Promise<HowToAgree> {
  const { surroundings, settings } = enrolled;
  assertOwnKeyIsKnown(enrolled, options);
  if (options.caKey !== undefined || (options.with === undefined && canSignAlone(enrolled)))
    return { kind: 'ca-key', openSigner: (bundle) => openCaKey(enrolled, bundle, options) };
  const way = await chooseWay(surroundings, options, settings);
  return { kind: 'touch', way, open: options.open !== false };
}

/**
 * Else somebody would touch, and wait for an owner of a CA key: who they are themselves, while nobody approves their own request.
 * @throws UsherCommandError `usage`
 */
export function assertOwnKeyIsKnown(enrolled: Enrolled, options: SudoIssueOptions): void {
  const isKnown = options.caKey !== undefined || enrolled.settings.caKey !== undefined;
  if (isKnown || options.with !== undefined || !canSignAlone(enrolled)) return;
  throw new UsherCommandError('usage', 'your own CA key can sign this with one touch: say where it is', {
    hint: 'once: usher sudo HOST --ca-key FILE (or --ca-key credential); to have another owner sign: --with WAY',
  });
}

function canSignAlone(enrolled: Enrolled): boolean {
  const { access, person } = enrolled.settings;
  if ((access?.sudo?.approvals ?? 0) > 0) return false;
  const caKeys = storedBundle(enrolled)?.caKeys ?? [];
  return caKeys.some(
    ({ purpose, state, signer }) => purpose === 'sudo' && state === 'active' && signer?.person === person,
  );
}
