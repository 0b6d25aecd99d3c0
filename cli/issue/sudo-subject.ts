/** The key of a certificate for sudo: a fresh one, or one of the person's that pam-ussh takes. */

import { equalBytes } from '../../src/fido/equal-bytes.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { withAgent } from '../agent/ssh-agent.ts';
import type { Enrolled } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { ChosenWay, WayOptions } from '../touch/choose.ts';
import { providerOf } from '../touch/choose.ts';
import { refuseSecondRole } from './key-roles.ts';
import type { Subject } from './subject.ts';
import { fileSubject, freshSubject } from './subject.ts';

interface SubjectOptions extends WayOptions {
  readonly key?: string;
}

/** PROTOCOL.u2f, SSH_SK_USER_PRESENCE_REQD. */
const TOUCH_REQUIRED = 0x01;
/** Long enough to see whether the agent takes a key. */
const REHEARSAL_SECONDS = 5;

/** @param way undefined when a CA key signs, and nothing is touched. @throws UsherCommandError `key-file`, `agent` */
export async function chooseSudoSubject(
  enrolled: Enrolled,
  options: SubjectOptions,
  way: ChosenWay | undefined,
): Promise<Subject> {
  const { surroundings } = enrolled;
  if (options.key === undefined) return freshSubject(surroundings.randomBytes);
  const provider = providerOf(surroundings, options);
  const subject = await fileSubject(surroundings, options.key, provider);
  refuseForPamUssh(subject.publicKey, options.key);
  refuseUntouched(subject, options.key);
  if (way !== undefined) await refuseSecondRole(enrolled, subject, options, way);
  await rehearse(enrolled, subject, provider);
  return subject;
}

function refuseForPamUssh({ type }: PublicKey, file: string): void {
  if (type === 'ssh-rsa')
    throw new UsherCommandError(
      'key-file',
      `${file} is an RSA key: pam-ussh has agents sign with SHA-1, which they refuse more and more`,
      { hint: 'leave --key away for a fresh key in the agent, or take an Ed25519, ECDSA or security key' },
    );
}

/** Newer pam-ussh refuses such signatures; and older would have root without anybody's touch. */
function refuseUntouched({ agentKey }: Subject, file: string): void {
  if (!('keyHandle' in agentKey) || (agentKey.flags & TOUCH_REQUIRED) !== 0) return;
  throw new UsherCommandError(
    'key-file',
    `${file} was made with no-touch-required: it is not good for sudo`,
    {
      hint: 'make one without that option: ssh-keygen -t ed25519-sk',
    },
  );
}

/** An agent may refuse a key, or the library of a security key: better before anybody is asked to touch. */
async function rehearse(
  { agent }: Enrolled,
  { publicKey, agentKey }: Subject,
  provider: string | undefined,
): Promise<void> {
  const blob = encodePublicKey(publicKey);
  const library = 'keyHandle' in agentKey && provider !== undefined ? { securityKeyProvider: provider } : {};
  await withAgent(agent, async (connection) => {
    // A key that is there already would lose its own lifetime.
    if ((await connection.list()).some((identity) => equalBytes(identity.blob, blob))) return;
    await connection.add({ key: agentKey, comment: 'usher' }, { lifetime: REHEARSAL_SECONDS, ...library });
    await connection.remove(blob);
  });
}
