/** The headers of a signed call, by the key of a login certificate. */
import { base64urlnopad } from '@scure/base';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import type { Login, Scene } from '../authority/scene.ts';

export function signedGet(
  scene: Scene,
  { key, certificate }: Pick<Login, 'key' | 'certificate'>,
  target: string,
): Record<string, string> {
  const nonce = base64urlnopad.encode(crypto.getRandomValues(new Uint8Array(16)));
  const { origin } = scene.authority;
  const time = scene.now;
  const call = { origin, method: 'GET', target, body: new Uint8Array(), certificate, time, nonce };
  return callHeaders({
    certificate,
    time,
    nonce,
    signature: signSshsig(key, CALL_NAMESPACE, callMessage(call)),
  });
}
