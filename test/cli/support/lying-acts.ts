/** The part of the lying authority that does things to itself. */
import { base64urlnopad } from '@scure/base';
import type {
  ActBody,
  ActReply,
  ActResult,
  ActResultReply,
  ActTouchReply,
} from '../../../src/http/contract/acts.ts';
import type { Assertion } from '../../../src/http/contract/fields.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { generateKey } from '../../support/keys.ts';

/** Each takes the truth and returns what is said instead. */
export interface ActLies {
  asked?: (reply: ActReply) => ActReply;
  result?: (result: ActResult) => ActResult;
  /** How many replies to touches are lost on the way: 'request' before they arrive, 'reply' after. */
  lost?: ('request' | 'reply')[];
}

export const ACT_NONCE = new Uint8Array(32).fill(9);
export const CA_KEY = generateKey('ssh-ed25519').publicKey;
const SERIALS = ['2251799813685249', '2251799813685250'];

export class LyingActs {
  readonly asked: ActBody[] = [];
  readonly touches: Assertion[] = [];
  lies: ActLies = {};
  readonly #origin: string;
  readonly #now: () => number;
  #isDone = false;

  constructor(origin: string, now: () => number) {
    this.#origin = origin;
    this.#now = now;
  }

  /** @returns what is answered; undefined: nothing is. */
  answer(verb: string | undefined, body: string): object | undefined {
    if (verb === undefined) return this.#ask(JSON.parse(body));
    return verb === 'touch' ? this.#touch(JSON.parse(body)) : this.#result();
  }

  #ask(body: ActBody): ActReply {
    this.asked.push(body);
    this.#isDone = false;
    const truth: ActReply = {
      requestId: `A${String(this.asked.length).padStart(21, '0')}`,
      pollSecret: 'p'.repeat(43),
      origin: this.#origin,
      rpId: 'localhost',
      nonce: base64urlnopad.encode(ACT_NONCE),
      expiresAt: this.#now() + 120,
      credentialIds: ['AAAA'],
      userVerification: 'discouraged',
    };
    return this.lies.asked?.(truth) ?? truth;
  }

  #touch({ assertion }: { readonly assertion: Assertion }): ActTouchReply | undefined {
    const lost = this.lies.lost?.shift();
    if (lost === 'request') return undefined;
    this.touches.push(assertion);
    this.#isDone = true;
    return lost === 'reply' ? undefined : { state: 'done', result: this.#done() };
  }

  #result(): ActResultReply {
    return this.#isDone ? { state: 'done', result: this.#done() } : { state: 'pending' };
  }

  #done(): ActResult {
    const truth = this.#carriedOut();
    return this.lies.result?.(truth) ?? truth;
  }

  #carriedOut(): ActResult {
    const act = this.asked.at(-1)?.act;
    if (act === undefined) throw new Error('nothing was asked');
    switch (act.kind) {
      case 'invite-host':
        return { kind: 'host-invited', host: act.host, expiresAt: this.#now() + 3600 };
      case 'revoke':
        return act.target.kind === 'serial'
          ? { kind: 'revoked', count: 1, serials: [act.target.name] }
          : { kind: 'revoked', count: 2, serials: SERIALS };
      default: {
        const key = formatPublicKeyLine(CA_KEY);
        const states = { stage: 'coming', activate: 'active', retire: 'removed', revoke: 'revoked' } as const;
        const state = states[act.kind.split('-')[0] as keyof typeof states];
        return { kind: 'ca-key', purpose: act.purpose, key, state, affected: [] };
      }
    }
  }
}
