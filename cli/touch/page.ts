/**
 * Touch in a browser: the page answers the authority itself, the command waits for the result. On the same machine the page
 * proves that it belongs to this command over loopback; elsewhere the person types the code that only this terminal shows.
 */
import { base64urlnopad } from '@scure/base';
import { touchCode } from '../../src/fido/touch-digest.ts';
import type { Client } from '../authority/client.ts';
import type { Surroundings } from '../surroundings.ts';
import { detail, say } from '../terminal.ts';
import { listenOnLoopback } from './loopback.ts';
import { hasBrowser } from './open-browser.ts';
import { withSecretAddress } from './open-secret.ts';

export interface PageQuestion {
  readonly requestId: string;
  readonly pollSecret: string;
  readonly digest: Uint8Array;
  /** False when the person wants to open the address elsewhere. */
  readonly open: boolean;
}

/** Runs `wait`, which ends when the page has answered, with the page open or the person told where to open it. */
export async function withPage<T>(
  surroundings: Surroundings,
  client: Client,
  question: PageQuestion,
  wait: () => Promise<T>,
): Promise<T> {
  const address = `${client.origin}/touch#${question.requestId}`;
  if (!question.open || !hasBrowser(surroundings)) {
    sayWhere(surroundings, address, question.digest);
    return wait();
  }
  const { requestId, pollSecret } = question;
  const listener = await listenOnLoopback({
    origin: client.origin,
    returnTo: address,
    token: base64urlnopad.encode(surroundings.randomBytes(16)),
    vouch: (pageSecret) => client.send(`/v1/requests/${requestId}/loopback`, { pollSecret, pageSecret }),
  });
  try {
    return await withSecretAddress(surroundings, listener.address, (opened) => {
      if (opened) say(surroundings, 'your browser asks you to review and touch; if it does not:');
      sayWhere(surroundings, address, question.digest);
      return wait();
    });
  } finally {
    listener.close();
  }
}

function sayWhere(surroundings: Surroundings, address: string, digest: Uint8Array): void {
  say(surroundings, 'open this address where your passkey is, and type the code there');
  detail(surroundings, [
    ['address', address],
    ['code', touchCode(digest)],
  ]);
}
