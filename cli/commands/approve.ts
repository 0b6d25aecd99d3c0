/** `usher approve` and `usher reject`: answer somebody else's request by a touch, or sign it with one's own CA key. */
import { base64urlnopad } from '@scure/base';
import { Command } from 'commander';
import type { AnswerReply as Answered, ViewReply } from '../../src/http/contract/approvals.ts';
import { AnswerReply } from '../../src/http/contract/approvals.ts';
import { keyCode } from '../../src/ssh/key-code.ts';
import { subjectInWords } from '../../src/ssh/key-words.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import type { ApprovalAddress } from '../approvals.ts';
import { addressOf, findApproval, viewApproval } from '../approvals.ts';
import type { VerifiedBundle } from '../authority/bundle.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { explainToAnswerer } from '../authority/hints.ts';
import type { CheckedView } from '../check/approval-check.ts';
import { checkView } from '../check/approval-check.ts';
import { UsherCommandError } from '../error.ts';
import { addCaKeyOption } from '../issue/ca-key-option.ts';
import type { CaKeyOptions } from '../issue/ca-signer.ts';
import { openCaKey, rememberCaKey, signDraft } from '../issue/ca-signer.ts';
import { formatTime, roughDuration } from '../issue/review.ts';
import { sudoHostsInWords } from '../issue/sudo-names.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say, writeJson } from '../terminal.ts';
import { chooseWay } from '../touch/choose.ts';
import { openSecretAddress } from '../touch/open-secret.ts';
import type { TouchWay } from '../touch/way.ts';
import { addTouchOptions } from '../touch-options.ts';

type Answer = 'approve' | 'reject';

interface AnswerOptions extends CaKeyOptions {
  readonly authority?: string;
  readonly open?: boolean;
  readonly json?: boolean;
}

/** A request that was looked at and fits. */
interface Viewed extends ApprovalAddress {
  readonly enrolled: Enrolled;
  readonly view: ViewReply;
  readonly checked: CheckedView;
}

export function approveCommand(surroundings: Surroundings): Command {
  const command = answerCommand(surroundings, 'approve').description(
    "look at somebody else's request for sudo and approve it by your touch, or sign it with your CA key",
  );
  return addCaKeyOption(command);
}

export function rejectCommand(surroundings: Surroundings): Command {
  return answerCommand(surroundings, 'reject').description(
    "look at somebody else's request for sudo, or one of your own, and end it by your touch",
  );
}

function answerCommand(surroundings: Surroundings, answer: Answer): Command {
  const command = new Command(answer)
    .argument(
      '<request>',
      'its id, as usher approvals lists it, or the address that its command printed; of your own: its address',
    )
    .option('--no-open', 'browser: do not open it, print the address')
    .option('--json', 'print what became of the request as JSON; not with a browser');
  return addTouchOptions(command).action((request: string, options: AnswerOptions) =>
    answerTo(surroundings, request, answer, options).catch((error: unknown) => {
      throw explainToAnswerer(error);
    }),
  );
}

export async function answerTo(
  surroundings: Surroundings,
  request: string,
  answer: Answer,
  options: AnswerOptions,
): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const address = await findApproval(enrolled, request);
  const [bundle, view] = await Promise.all([refreshBundle(enrolled), viewApproval(enrolled, address)]);
  const { settings } = enrolled;
  if (answer === 'approve' && view.person === settings.person) throw ownRequest();
  const context = { requestId: address.requestId, settings, bundle, now: surroundings.now() };
  const viewed = { ...address, enrolled, view, checked: checkView(view, context) };
  if (answer === 'approve' && view.answered) throw answeredAlready();
  if (answer === 'approve' && view.answer === 'signature') {
    sayWhatIsAsked(
      viewed,
      'with your touch your CA key signs this: who gets that is root there until it ends',
    );
    return report(viewed, await sign(viewed, bundle, options), options);
  }
  const way = await chooseWay(surroundings, options, settings);
  if (way.kind === 'browser' && options.json === true) throw jsonOfBrowser();
  sayWhatIsAsked(viewed, `with your touch this is ${answer === 'approve' ? 'approved' : 'rejected'}`);
  if (way.kind === 'browser') return openPage(viewed, options);
  report(viewed, await touch(viewed, answer, way.way), options);
}

function sayWhatIsAsked({ enrolled, view, checked }: Viewed, heading: string): void {
  const { surroundings } = enrolled;
  const [draft] = checked.drafts;
  if (draft === undefined) throw new TypeError('what was checked has a draft');
  const { validBefore, subject } = draft.fields;
  say(surroundings, heading);
  detail(surroundings, [
    ['person', view.person],
    ['sudo by', checked.login],
    ['hosts', sudoHostsInWords(checked.hosts, enrolled.settings.access)],
    [
      'lifetime',
      `${roughDuration(Number(validBefore) - surroundings.now())}, until ${formatTime(validBefore)}`,
    ],
    ['reason', view.reason === '' ? '(none)' : view.reason],
    ['key', `${fingerprint(subject)} (${subjectInWords(subject)})`],
    ...(view.person === enrolled.settings.person ? [] : [codeRow(view.person, subject)]),
    ['asked from', `${view.askedFrom}, at ${formatTime(view.createdAt)}`],
    ...(view.needed === 0 ? [] : [['approved', `${view.given} of ${view.needed}`] as const]),
    ['answer by', formatTime(view.approveBy)],
  ]);
}

/** An authority can draft for any key: only who asks knows which one is theirs. */
function codeRow(person: string, subject: PublicKey): readonly [string, string] {
  return ['compare', `with what ${person} sees: ${keyCode(subject)}; any other code is somebody else's key`];
}

async function touch(
  { enrolled, view, checked, requestId, viewSecret }: Viewed,
  answer: Answer,
  way: TouchWay,
): Promise<Answered> {
  const { origin, rpId, person } = enrolled.settings;
  const { credentialIds, userVerification } = view;
  const digest = checked.digests[answer];
  const assertion = await way.touch({ digest, origin, rpId, credentialIds, userVerification });
  const body = { viewSecret, person, answer, assertion };
  return enrolled.client.post(`/v1/approvals/${requestId}/answer`, body, AnswerReply);
}

/** The signature is the approval: by it the certificate is whole. */
async function sign(
  { enrolled, view, checked, requestId, viewSecret }: Viewed,
  bundle: VerifiedBundle,
  options: AnswerOptions,
): Promise<Answered> {
  const signer = await openCaKey(enrolled, bundle, options);
  const { draft, signature } = await signDraft(signer, checked.drafts, view.userVerification);
  const body = { viewSecret, draft, signature: base64urlnopad.encode(signature) };
  const answered = await enrolled.client.post(`/v1/approvals/${requestId}/signature`, body, AnswerReply);
  await rememberCaKey(enrolled, options);
  return answered;
}

/** The page shows the request once more, and its touch answers the authority: there is nothing here to wait for. */
async function openPage(viewed: Viewed, { open }: AnswerOptions): Promise<void> {
  const { surroundings } = viewed.enrolled;
  const address = addressOf(viewed.enrolled, viewed);
  const opened = open !== false && (await openSecretAddress(surroundings, address));
  say(surroundings, opened ? 'answer in your browser; if it shows nothing:' : 'answer in a browser:');
  detail(surroundings, [['address', address]]);
}

function report({ enrolled, view, requestId }: Viewed, answered: Answered, { json }: AnswerOptions): void {
  const { surroundings } = enrolled;
  if (json === true) writeJson(surroundings, { requestId, person: view.person, ...answered });
  if (answered.state === 'waiting')
    say(surroundings, `approved: ${answered.given} of ${answered.needed}; it takes somebody else, too`);
  else if (answered.state === 'issued') say(surroundings, `approved: ${view.person} has the certificate`);
  else say(surroundings, rejectedText(view.person, enrolled));
}

function rejectedText(person: string, { settings }: Enrolled): string {
  return person === settings.person ? 'the request is taken back' : `rejected: ${person} is told by whom`;
}

function answeredAlready(): UsherCommandError {
  return new UsherCommandError('refused', 'you have approved this already: it takes somebody else', {
    hint: 'nothing is left to do for you',
  });
}

/** The page answers the authority, and this command does not learn what became of it. */
function jsonOfBrowser(): UsherCommandError {
  return new UsherCommandError('usage', '--json says what became of the request, which a browser answers', {
    hint: 'touch here: --with security-key, ssh-key or the name of a plugin',
  });
}

function ownRequest(): UsherCommandError {
  return new UsherCommandError('refused', 'nobody approves their own request', {
    hint: 'to take it back: usher reject, with the same address',
  });
}
