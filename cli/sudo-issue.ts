/** One certificate for sudo, from the wish into the agent. */

import type { Wanted } from './ask.ts';
import type { CaKeyOptions } from './ca-signer.ts';
import { openCaKey, rememberCaKey } from './ca-signer.ts';
import type { Certified, HowToAgree } from './certify.ts';
import { certify } from './certify.ts';
import { deliverToAgent } from './deliver.ts';
import type { Enrolled } from './enrolled.ts';
import { storedBundle } from './enrolled.ts';
import { remember } from './memory.ts';
import { entryOwner, findOwnSudo } from './own-entries.ts';
import { sayWhere } from './report.ts';
import { sudoHostsInWords } from './sudo-names.ts';
import { chooseSudoSubject } from './sudo-subject.ts';
import type { SudoToAsk, SudoWish } from './sudo-wish.ts';
import { askedForSudo } from './sudo-wish.ts';
import { say } from './terminal.ts';
import { chooseWay, providerOf } from './touch/choose.ts';

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
  const live = options.only === true ? undefined : await findOwnSudo(enrolled);
  const toAsk = askedForSudo(enrolled.settings, subject, wish, live);
  sayWhatIsKept(enrolled, toAsk);
  return { asked: toAsk.asked, subject };
}

function sayWhatIsKept({ surroundings, settings }: Enrolled, { kept, losesEveryHost }: SudoToAsk): void {
  const them = kept.length === 1 ? 'it' : 'them';
  if (kept.length > 0)
    say(
      surroundings,
      `keeps ${sudoHostsInWords(kept, settings.access)} from the certificate in the agent; --only leaves ${them} away`,
    );
  if (losesEveryHost)
    say(
      surroundings,
      'the certificate in the agent is good on every host; that is kept with --everywhere only',
    );
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
  if (options.caKey !== undefined || (options.with === undefined && signsAlone(enrolled)))
    return { kind: 'ca-key', openSigner: (bundle) => openCaKey(enrolled, bundle, options) };
  const way = await chooseWay(surroundings, options, settings);
  return { kind: 'touch', way, open: options.open !== false };
}

function signsAlone(enrolled: Enrolled): boolean {
  const { caKey, access, person } = enrolled.settings;
  if (caKey === undefined || (access?.sudo?.approvals ?? 0) > 0) return false;
  const caKeys = storedBundle(enrolled)?.caKeys ?? [];
  return caKeys.some(
    ({ purpose, state, signer }) => purpose === 'sudo' && state === 'active' && signer?.person === person,
  );
}
