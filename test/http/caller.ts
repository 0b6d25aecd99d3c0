/** The headers of a signed call, by the key of a login certificate. */
import { base64urlnopad } from '@scure/base';
import { CALL_NAMESPACE, callHeaders, callMessage } from '../../src/ssh/signed-call.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import type { Login, Scene } from '../authority/scene.ts';

type Caller = Pick<Login, 'key' | 'certificate'>;

export function signedGet(scene: Scene, caller: Caller, target: string): Record<string, string> {
  return signed(scene, caller, 'GET', target, new Uint8Array());
}

/** Of a body as `JSON.stringify` writes it. */
export function signedPost(
  scene: Scene,
  caller: Caller,
  target: string,
  body: object,
): Record<string, string> {
  return signed(scene, caller, 'POST', target, new TextEncoder().encode(JSON.stringify(body)));
}

function signed(
  scene: Scene,
  { key, certificate }: Caller,
  method: string,
  target: string,
  body: Uint8Array,
): Record<string, string> {
  const nonce = base64urlnopad.encode(crypto.getRandomValues(new Uint8Array(16)));
  const { origin } = scene.authority;
  const time = scene.now;
  const call = { origin, method, target, body, certificate, time, nonce };
  return callHeaders({
    certificate,
    time,
    nonce,
    signature: signSshsig(key, CALL_NAMESPACE, callMessage(call)),
  });
}
