/** What a person can do about a refusal of the authority, by its stable code. Refusals that explain themselves are left out. */
import type { Problem } from '../../src/http/contract/problem.ts';
import { UsherCommandError } from '../error.ts';

const AGAIN = 'type the command again';
const ANOTHER_INVITE = 'ask the keeper of your fleet for another invite';
const ANOTHER_TOKEN = 'enrol this host with a new token: usher host invite, then usher host enroll';
const NARROWER = 'ask for less: --login NAME --host NAME';

const HINTS: Readonly<Record<string, string>> = {
  'clock-skew': 'usher doctor compares the two clocks',
  'too-many-principals': NARROWER,
  'too-large-to-log': NARROWER,
  'lifetime-too-long': 'ask for less with --for, or leave it away for the default of your role',
  'request-expired': AGAIN,
  'unknown-request': AGAIN,
  'ca-key-changed': AGAIN,
  'policy-changed': AGAIN,
  'touch-refused': 'is it a key or passkey that you enrolled here? A new one needs an invite',
  'user-verification-required': 'your role wants PIN or fingerprint with each touch',
  'touched-elsewhere':
    'your role wants the touch on the machine that asks: use a browser or security key there',
  'reason-required': 'say why: --reason "disk of web1 is full"',
  'key-not-allowed':
    'your role certifies security keys only: make one with ssh-keygen -t ed25519-sk, and name it by --key',
  'ask-apart': 'ask in two commands: usher login, then usher sudo',
  'request-rejected': 'ask them why before you ask again',
  'own-request': 'usher approvals lists those that you can approve; your own you can take back: usher reject',
  'not-an-approver': 'the roster says who approves: ask the keeper of your fleet',
  'already-approved': 'nothing is left to do for you',
  'too-many-waiting': 'take some back (usher reject), or wait until they are answered',
  'signature-refused': 'is your CA key still active in the roster? A touch is asked for each time',
  'key-has-role': 'a key has one role: use another one',
  'right-missing': 'the roster says who may: its keeper gives a role the right, under "manage"',
  'nothing-to-revoke': 'is it over, or revoked already? The log says so',
  'key-revoked': 'make another one',
  'unknown-ca-key': 'usher ca list names the CA keys',
  'wrong-ca-state': 'usher ca list shows the states; usher ca rotate PURPOSE --status what comes next',
  'hosts-lack-key':
    'wait for their next sync (usher host list shows their last), or name them: --even-without HOST',
  'unknown-machine': 'usher host list names the enrolled hosts; --even-without takes those that lack the key',
  'clients-lack-key': 'if the active key was stolen: usher ca revoke',
  'invite-unknown': ANOTHER_INVITE,
  'invite-used': ANOTHER_INVITE,
  'invite-expired': ANOTHER_INVITE,
  'token-unknown': ANOTHER_TOKEN,
  'token-used': ANOTHER_TOKEN,
  'token-expired': ANOTHER_TOKEN,
  'machine-locked': ANOTHER_TOKEN,
  'renewal-refused': ANOTHER_TOKEN,
  'too-many-certificates': 'wait a while; your certificates of before are still good (usher status)',
  'too-many-requests': 'wait a minute',
  overloaded: 'wait a minute',
};

const LISTED = 'usher approvals lists those that wait for you';
const THEY_ASK_AGAIN = 'whoever asked has to ask again';

/** Where it is somebody else's request: who answers it can not ask again. */
const ANSWERER_HINTS: Readonly<Record<string, string>> = {
  'unknown-request': LISTED,
  'request-answered': LISTED,
  'request-rejected': LISTED,
  'request-expired': THEY_ASK_AGAIN,
  'policy-changed': THEY_ASK_AGAIN,
  'ca-key-changed': THEY_ASK_AGAIN,
};

/** @returns the error to throw instead. */
export function explainToAnswerer(error: unknown): unknown {
  if (!(error instanceof UsherCommandError) || error.problem === undefined) return error;
  const { problem, message, cause } = error;
  if (!Object.hasOwn(ANSWERER_HINTS, problem.code)) return error;
  const hint = ANSWERER_HINTS[problem.code];
  return new UsherCommandError('refused', message, {
    problem,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function hintFor({ code, status, requestId }: Problem): string | undefined {
  if (Object.hasOwn(HINTS, code)) return HINTS[code];
  if (status < 500 || requestId === undefined) return undefined;
  return `the keeper of the authority finds the reason in its log under ${requestId}`;
}
