/** Whether the agent gets to the host at all: by ssh's own word, and by the login certificate's. Pure. */

import type { Entry } from '../../agent/entries.ts';
import { isValidAt } from '../../agent/entries.ts';
import type { Check } from '../check.ts';
import { failure, ok, warning } from '../check.ts';

interface SessionQuestion {
  readonly host: string;
  /** What `ssh -G HOST` says. */
  readonly config: ReadonlyMap<string, string>;
  /** The agent that was looked at. */
  readonly socket: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Our login certificates in the agent. */
  readonly logins: readonly Entry[];
  readonly now: number;
}

export function checkSession(question: SessionQuestion): readonly Check[] {
  return [...checkForwarding(question), ...checkLogin(question)];
}

function* checkForwarding({ host, config, socket, env }: SessionQuestion): Generator<Check> {
  const word = config.get('forwardagent');
  if (word === undefined) return;
  const forwarded = agentOf(word, env);
  if (forwarded === undefined)
    yield warning(
      'session.forwarded',
      `ssh ${host} forwards no agent`,
      'log in with ssh -A, or let "usher config ssh" write ForwardAgent',
    );
  else if (forwarded !== socket)
    yield failure(
      'session.forwarded',
      `ssh ${host} forwards the agent at ${forwarded}, not the one that holds your certificates`,
      'set ForwardAgent as "usher config ssh" does',
    );
  else yield ok('session.forwarded', `ssh ${host} forwards this agent`);
}

/** ssh_config(5): `yes` is the agent of SSH_AUTH_SOCK, else a path or the name of a variable. */
function agentOf(word: string, env: SessionQuestion['env']): string | undefined {
  if (word === 'no') return undefined;
  if (word === 'yes') return env['SSH_AUTH_SOCK'];
  return word.startsWith('$') ? env[word.slice(1)] : word;
}

function* checkLogin({ logins, now }: SessionQuestion): Generator<Check> {
  const [login] = logins.filter(({ certificate }) => isValidAt(certificate, now));
  if (login === undefined) return;
  const { extensions } = login.certificate.fields;
  if (extensions.some(({ name }) => name === 'permit-agent-forwarding')) return;
  const message =
    'your login certificate does not permit agent forwarding: on the host there will be no agent';
  yield failure('session.forwarded', message, 'ask the keeper of your fleet for it');
}
