/** Calls that say who calls: signed by the login certificate's key, in the agent. */
import { base64urlnopad } from '@scure/base';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { encodeSshsig, sshsigPreimage } from '../../src/ssh/sshsig.ts';
import type { Entry } from '../agent/entries.ts';
import { withAgent } from '../agent/ssh-agent.ts';
import type { Enrolled } from './enrolled.ts';

/** The headers of a GET of `target`. */
export async function signGet(
  { surroundings, settings, agent }: Enrolled,
  entry: Pick<Entry, 'blob' | 'certificate'>,
  target: string,
): Promise<Record<string, string>> {
  const call = {
    origin: settings.origin,
    method: 'GET',
    target,
    body: new Uint8Array(),
    certificate: entry.blob,
    time: surroundings.now(),
    nonce: base64urlnopad.encode(surroundings.randomBytes(16)),
  };
  const preimage = sshsigPreimage(CALL_NAMESPACE, callMessage(call));
  const signature = await withAgent(agent, (connection) => connection.sign(entry.blob, preimage));
  const { subject } = entry.certificate.fields;
  return callHeaders({ ...call, signature: encodeSshsig(subject, CALL_NAMESPACE, signature) });
}
