/** Somebody who signs in at a real usherd over HTTP, with a security key in software. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import type { TouchAction } from '../../../src/fido/touch-digest.ts';
import { touchDigest } from '../../../src/fido/touch-digest.ts';
import type { ActReply, ActTouchReply } from '../../../src/http/contract/acts.ts';
import type { ConfirmReply, InviteReply, OfferReply } from '../../../src/http/contract/enrolments.ts';
import type { AskReply, Issued, ResultReply } from '../../../src/http/contract/requests.ts';
import type { Act } from '../../../src/ssh/act.ts';
import { possessionMessage } from '../../../src/ssh/possession.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { encodePublicKey } from '../../../src/ssh/public-key.ts';
import { signSshsig } from '../../../src/ssh/sshsig.ts';
import { newKey } from '../../authority/scene.ts';
import { SoftAuthenticator } from '../../support/soft-authenticator.ts';
import type { Usherd } from '../../support/usherd.ts';

export const ROSTER = `
people:
  alice: { logins: [alice], roles: [engineer] }
  bob: { logins: [bob], roles: [engineer] }
roles:
  engineer: { login: { hosts: [web1], lifetime: 8h } }
hosts:
  web1: {}
`;

interface Reply<Body> {
  readonly status: number;
  readonly body: Body;
}

interface AskOptions {
  readonly key?: PrivateKey;
  readonly logins?: readonly string[];
  readonly hosts?: readonly string[];
}

type Unanswered = Pick<AskReply, 'nonce' | 'requestId' | 'expiresAt'>;

/** A service at an address; real ones are reached with fetch. */
export interface Service {
  readonly origin: string;
  readonly command: Usherd['command'];
  /** Where it is reached, when that is not its origin. */
  readonly address?: string;
  /** False for security keys that always say 0, so that one can touch for many requests at once. */
  readonly keyCounts?: boolean;
}

export class Person {
  readonly name: string;
  readonly #service: Service;
  readonly #key = new SoftAuthenticator();

  private constructor(service: Service, name: string) {
    this.#service = service;
    this.name = name;
  }

  /** Invites with the real command, and enrols over HTTP. */
  static async enrol(service: Service, name = 'alice'): Promise<Person> {
    const { person, confirm } = await Person.offer(service, await inviteFor(service, name), name);
    const { status, body } = await confirm();
    if (status !== 200) throw new Error(JSON.stringify(body));
    return person;
  }

  /** All of an enrolment but its last step, which may be tried more than once. */
  static async offer(service: Service, invite: string, name = 'alice') {
    const person = new Person(service, name);
    const { body: started } = await person.#post<InviteReply>('/v1/enrolments', { invite });
    const { requestId, pollSecret, inviteId } = started;
    const { credentialId, publicKey } = await person.#offer(started);
    const action = { kind: 'enroll', person: name, credentialId, publicKey, inviteId } as const;
    const url = `/v1/enrolments/${requestId}/confirm`;
    const confirm = () =>
      person.#post<ConfirmReply>(url, { pollSecret, assertion: person.#assert(started, action) });
    return { person, credentialId, confirm };
  }

  async #offer({ requestId, pollSecret, nonce }: InviteReply) {
    const { origin } = this.#service;
    const [challenge, rpId] = [base64urlnopad.decode(nonce), new URL(origin).hostname];
    const created = this.#key.create({ challenge, origin, rpId, ...this.#counter() });
    const credential = { kind: 'webauthn', label: 'test', ...withoutTransports(created) };
    const url = `/v1/enrolments/${requestId}/offer`;
    const { status, body } = await this.#post<OfferReply>(url, { pollSecret, credential });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return { credentialId: body.credentialId, publicKey: base64urlnopad.decode(body.publicKey) };
  }

  async ask({ key = newKey(), logins = [this.name], hosts = ['web1'] }: AskOptions = {}): Promise<AskReply> {
    const { origin } = this.#service;
    const time = Math.floor(Date.now() / 1000);
    const { publicKey } = key;
    const message = possessionMessage({ origin, person: this.name, purpose: 'login', key: publicKey, time });
    const signature = base64urlnopad.encode(signSshsig(key, 'usher-possession', message));
    const certificate = {
      purpose: 'login',
      key: base64urlnopad.encode(encodePublicKey(publicKey)),
      logins,
      hosts,
      possession: { time, signature },
    };
    const body = { person: this.name, certificates: [certificate] };
    const asked = await this.#post<AskReply>('/v1/requests', body);
    if (asked.status !== 201) throw new Error(JSON.stringify(asked.body));
    return asked.body;
  }

  /** @returns the reply; rejects when the service dies over it. */
  touch(asked: AskReply): Promise<Reply<Issued>> {
    const draftHashes = asked.drafts.map((draft) => sha256(base64urlnopad.decode(draft)));
    const assertion = this.#assert(asked, { kind: 'issue', draftHashes });
    const speaker = { pollSecret: asked.pollSecret };
    return this.#post<Issued>(`/v1/requests/${asked.requestId}/touch`, { speaker, assertion });
  }

  /** Does something to the authority itself. */
  async act(act: Act): Promise<Reply<ActTouchReply>> {
    const spelled = 'tokenHash' in act ? { ...act, tokenHash: base64urlnopad.encode(act.tokenHash) } : act;
    const { status, body } = await this.#post<ActReply>('/v1/acts', { person: this.name, act: spelled });
    if (status !== 201) throw new Error(JSON.stringify(body));
    const speaker = { pollSecret: body.pollSecret };
    const assertion = this.#assert(body, act);
    return this.#post(`/v1/acts/${body.requestId}/touch`, { speaker, assertion });
  }

  result({ requestId, pollSecret }: AskReply): Promise<Reply<ResultReply & { readonly code?: string }>> {
    return this.#post(`/v1/requests/${requestId}/result`, { pollSecret });
  }

  #assert({ nonce, requestId, expiresAt }: Unanswered, action: TouchAction) {
    const { origin } = this.#service;
    const statement = { origin, action, requestId, nonce: base64urlnopad.decode(nonce), expiresAt };
    const rpId = new URL(origin).hostname;
    return this.#key.get({ challenge: touchDigest(statement), origin, rpId, ...this.#counter() });
  }

  #counter(): { readonly counter?: number } {
    return this.#service.keyCounts === false ? { counter: 0 } : {};
  }

  async #post<Body>(path: string, body: object): Promise<Reply<Body>> {
    const reply = await fetch((this.#service.address ?? this.#service.origin) + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    // A cast: this is the contract, which the service keeps by its schemas.
    return { status: reply.status, body: (await reply.json()) as Body };
  }
}

/** The secret of an invite by the real command. */
export async function inviteFor({ command }: Service, name: string): Promise<string> {
  const { code, stdout, stderr } = await command('invite', name);
  if (code !== 0) throw new Error(stderr);
  return stdout.split('.').at(-2) ?? '';
}

function withoutTransports<T extends { readonly transports?: unknown }>({ transports: _, ...rest }: T) {
  return rest;
}
