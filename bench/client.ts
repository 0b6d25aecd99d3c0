/** A person at the bench: asks over HTTP, touches a software key, gets the certificate; one after the other. */
import { Agent, request } from 'node:http';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { touchDigest } from '../src/fido/touch-digest.ts';
import type { AskReply, Issued } from '../src/http/contract/requests.ts';
import { possessionMessage } from '../src/ssh/possession.ts';
import type { PrivateKey } from '../src/ssh/private-key.ts';
import { encodePublicKey } from '../src/ssh/public-key.ts';
import { signSshsig } from '../src/ssh/sshsig.ts';
import type { SoftSecurityKey } from '../test/support/soft-authenticator.ts';

export class BenchClient {
  readonly #origin: string;
  readonly #person: string;
  readonly #touchKey: SoftSecurityKey;
  readonly #subject: PrivateKey;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(origin: string, person: string, touchKey: SoftSecurityKey, subject: PrivateKey) {
    this.#origin = origin;
    this.#person = person;
    this.#touchKey = touchKey;
    this.#subject = subject;
  }

  /** One whole sign-in. @throws Error when it does not end in a certificate. */
  async issue(): Promise<void> {
    const asked = await this.#post<AskReply>('/v1/requests', this.#question(), 201);
    const assertion = this.#touchKey.get({ challenge: digestOf(asked), origin: asked.origin });
    const speaker = { pollSecret: asked.pollSecret };
    const issued = await this.#post<Issued>(
      `/v1/requests/${asked.requestId}/touch`,
      { speaker, assertion },
      200,
    );
    if (issued.state !== 'issued') throw new Error(`not issued: ${JSON.stringify(issued)}`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #question(): object {
    const time = Math.floor(Date.now() / 1000);
    const { publicKey } = this.#subject;
    const asked = { origin: this.#origin, person: this.#person, purpose: 'login', key: publicKey, time };
    const signature = signSshsig(this.#subject, 'usher-possession', possessionMessage(asked));
    const possession = { time, signature: base64urlnopad.encode(signature) };
    const key = base64urlnopad.encode(encodePublicKey(publicKey));
    const certificate = { purpose: 'login', key, logins: [this.#person], hosts: ['web1'], possession };
    return { person: this.#person, certificates: [certificate] };
  }

  #post<T>(path: string, body: object, expected: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const headers = { 'content-type': 'application/json' };
    const sent = request(
      `${this.#origin}${path}`,
      { method: 'POST', agent: this.#agent, headers },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (reply.statusCode === expected) resolve(JSON.parse(text));
          else reject(new Error(`${path}: ${reply.statusCode} ${text}`));
        });
      },
    );
    sent.on('error', reject).end(JSON.stringify(body));
    return promise;
  }
}

function digestOf({ origin, requestId, nonce, expiresAt, drafts }: AskReply): Uint8Array {
  const draftHashes = drafts.map((draft) => sha256(base64urlnopad.decode(draft)));
  return touchDigest({
    origin,
    action: { kind: 'issue', draftHashes },
    requestId,
    nonce: base64urlnopad.decode(nonce),
    expiresAt,
  });
}
