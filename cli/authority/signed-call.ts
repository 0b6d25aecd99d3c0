/** Calls that say who calls: signed by the login certificate's key, in the agent. */
import { base64urlnopad } from '@scure/base';
import type { SignedCall } from '../../src/ssh/signed-call.ts';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { encodeSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import type { Entry } from '../agent/entries.ts';
import { withAgent } from '../agent/ssh-agent.ts';
import { bodyText } from './client.ts';
import type { Enrolled } from './enrolled.ts';

type Signer = Pick<Entry, 'blob' | 'certificate'>;

/** The headers of a GET of `target`. */
export function signGet(enrolled: Enrolled, signer: Signer, target: string): Promise<Record<string, string>> {
  return signCall(enrolled, signer, { method: 'GET', target, body: new Uint8Array() });
}

/** The headers of a POST of what `bodyText` makes of `body`. */
export function signPost(
  enrolled: Enrolled,
  signer: Signer,
  target: string,
  body: unknown,
): Promise<Record<string, string>> {
  return signCall(enrolled, signer, {
    method: 'POST',
    target,
    body: new TextEncoder().encode(bodyText(body)),
  });
}

async function signCall(
  { surroundings, settings, agent }: Enrolled,
  { blob, certificate }: Signer,
  what: Pick<SignedCall, 'method' | 'target' | 'body'>,
): Promise<Record<string, string>> {
  const call = {
    ...what,
    origin: settings.origin,
    certificate: blob,
    time: surroundings.now(),
    nonce: base64urlnopad.encode(surroundings.randomBytes(16)),
  };
  const preimage = sshsigPreimage(CALL_NAMESPACE, callMessage(call));
  const signature = await withAgent(agent, (connection) => connection.sign(blob, preimage));
  const { subject } = certificate.fields;
  return callHeaders({ ...call, signature: encodeSshsig(subject, CALL_NAMESPACE, signature) });
}
