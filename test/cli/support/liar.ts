/** An authority in the test's own process that does everything right, except for what a test makes it lie about. */

import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { parseAttestationObject } from '../../../src/fido/attested-credential.ts';
import { buildClientData } from '../../../src/fido/client-data.ts';
import { issueAction, touchDigest } from '../../../src/fido/touch-digest.ts';
import type { AnswerReply, ApprovalsReply, ViewReply } from '../../../src/http/contract/approvals.ts';
import type { MeReply } from '../../../src/http/contract/authority.ts';
import type { Bundle } from '../../../src/http/contract/bundle.ts';
import type {
  InviteReply,
  OfferReply,
  SshOffer,
  WebauthnOffer,
} from '../../../src/http/contract/enrolments.ts';
import type { Assertion } from '../../../src/http/contract/fields.ts';
import type { KnownHosts, KnownHostsReply } from '../../../src/http/contract/known-hosts.ts';
import type { Problem } from '../../../src/http/contract/problem.ts';
import type {
  Approvable,
  AskBody,
  AskReply,
  CertificateAsked,
  Issued,
} from '../../../src/http/contract/requests.ts';
import { signCheckpoint } from '../../../src/log/checkpoint.ts';
import type { CertificateLeaf } from '../../../src/log/leaf.ts';
import { encodeLeaf } from '../../../src/log/leaf.ts';
import type { LoggedTouch } from '../../../src/log/leaf-fields.ts';
import { appendLeaves, EMPTY_FRONTIER, hashLeaf, rootOf } from '../../../src/log/merkle.ts';
import { formatVerifierKey, logName } from '../../../src/log/note-key.ts';
import { lookupIn, makeProof, planConsistency, planInclusion } from '../../../src/log/proofs.ts';
import { assembleCertificate, encodeDraft, flagOption } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { encodeKrl } from '../../../src/ssh/krl.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { signMessage } from '../../../src/ssh/private-key.ts';
import type { PublicKey } from '../../../src/ssh/public-key.ts';
import { decodePublicKey, fingerprint, formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../../src/ssh/serial.ts';
import { signSshsig } from '../../../src/ssh/sshsig.ts';
import type { SoftwareSecurityKey } from '../../support/keys.ts';
import { generateKey } from '../../support/keys.ts';
import { LyingActs } from './lying-acts.ts';

type ListedRequest = ApprovalsReply['requests'][number];

/** Each takes the truth and returns what is said instead. */
export interface Lies {
  bundle?: (bundle: Bundle) => Bundle;
  bundleKey?: PrivateKey;
  knownHosts?: (list: KnownHosts) => KnownHosts;
  /** The bytes that are signed in place of the list. */
  knownHostsStatement?: string;
  knownHostsNamespace?: string;
  knownHostsKey?: PrivateKey;
  /** Does not answer who asks for them. */
  noKnownHosts?: boolean;
  fields?: (fields: CertificateFields) => CertificateFields;
  /** The bytes shown as draft, whatever was drafted. */
  draft?: (draft: Uint8Array) => Uint8Array;
  asked?: (reply: AskReply) => AskReply;
  /** Instead of signing the draft with the CA key. */
  signature?: (draft: Uint8Array) => Uint8Array;
  certificate?: (certificate: Uint8Array) => Uint8Array;
  leaf?: (leaf: CertificateLeaf) => CertificateLeaf;
  issued?: (issued: Issued) => Issued;
  invited?: (reply: InviteReply) => InviteReply;
  me?: (reply: MeReply) => MeReply;
  offered?: (reply: OfferReply) => OfferReply;
  /** Answers a touch with a problem document. */
  problem?: Problem;
  /** Answers an invite with a problem document. */
  inviteProblem?: Problem;
  /** Wants each certificate asked for in a request of its own. */
  apart?: boolean;
  waiting?: (reply: Approvable) => Approvable;
  listed?: (request: ListedRequest) => ListedRequest;
  view?: (reply: ViewReply) => ViewReply;
  /** How many replies to touches are lost on the way: 'request' before they arrive, 'reply' after. */
  lost?: ('request' | 'reply')[];
}

export interface Liar extends AsyncDisposable {
  readonly origin: string;
  readonly bundleFingerprint: string;
  readonly caKey: PrivateKey;
  readonly sudoKey: PrivateKey;
  /** Signs host certificates. */
  readonly hostKey: PrivateKey;
  lies: Lies;
  /** Forgets the log and begins another one under the same key. */
  fork(): void;
  /** Adds a leaf that has nothing to do with anybody. */
  append(): void;
  /** The secrets of invites that were sent here so far. */
  readonly invites: readonly string[];
  /** What was enrolled, with the touch that confirmed it. */
  readonly confirmed: readonly Assertion[];
  /** The address of an invite. */
  address(person?: string): string;
  /** The bodies of requests for certificates so far. */
  readonly asks: readonly AskBody[];
  /** How many people have to approve a request with sudo in it. */
  needed: number;
  /** Whose security keys are the CA keys for sudo; none: the authority has one itself. */
  owners: readonly CaKeyOwner[];
  /** What a touched request gets when it is asked for the next time. */
  readonly coming: ('unreachable' | Problem | { approve: string })[];
  /** A request of somebody else, that waits. @returns its address */
  pend(person: string, asked: CertificateAsked): string;
  /** What people answered to such requests. */
  readonly answers: readonly AnswerBody[];
  /** What people did to the authority itself. */
  readonly acting: LyingActs;
  /** Serials and reasons of certificates that their own person revoked. */
  readonly revoked: readonly string[];
}

export interface CaKeyOwner {
  readonly person: string;
  readonly key: SoftwareSecurityKey;
  readonly credentialId?: string;
}

/** Of a touch or of a CA key's signature. */
interface AnswerBody {
  readonly answer?: 'approve' | 'reject';
  readonly assertion?: Assertion;
  readonly draft?: number;
  readonly signature?: string;
}

interface AskedOf {
  readonly requestId: string;
  readonly asked: readonly CertificateAsked[];
  readonly drafts: readonly Uint8Array[];
  readonly person: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  seenSize: number;
  readonly approvals: LoggedTouch[];
  /** What the person who asks touched; none when their own CA key signed. */
  touch?: Assertion;
  isTouched?: boolean;
  issued?: Issued;
}

interface EnrolmentBody {
  readonly invite?: string;
  readonly credential?: WebauthnOffer | SshOffer;
  readonly assertion?: Assertion;
}

export const ACCESS = { logins: ['alice'], hosts: ['web1'], defaultLifetime: 72_000, maxLifetime: 86_400 };
const NONCE = new Uint8Array(32).fill(7);
const EMPTY_KRL = encodeKrl({
  number: 1n,
  generatedAt: 0n,
  comment: '',
  certificates: [],
  keys: [],
  fingerprints: [],
});
const POLL_SECRET = 'p'.repeat(43);
const VIEW_SECRET = 'v'.repeat(43);

export async function startLiar(now: () => number): Promise<Liar> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const liar = new LyingAuthority(origin, now);
  server.on('request', async (request, response) => {
    const reply = liar.answer(request.url ?? '', await text(request));
    if (reply === undefined) {
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  });
  return Object.assign(liar, {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

class LyingAuthority {
  readonly origin: string;
  readonly caKey = generateKey('ssh-ed25519');
  readonly bundleKey = generateKey('ssh-ed25519');
  readonly logKey = generateKey('ssh-ed25519');
  readonly sudoKey = generateKey('ssh-ed25519');
  readonly hostKey = generateKey('ssh-ed25519');
  readonly asks: AskBody[] = [];
  readonly invites: string[] = [];
  readonly confirmed: Assertion[] = [];
  readonly answers: AnswerBody[] = [];
  readonly coming: ('unreachable' | Problem | { approve: string })[] = [];
  readonly revoked: string[] = [];
  readonly acting: LyingActs;
  needed = 0;
  owners: readonly CaKeyOwner[] = [];
  lies: Lies = {};
  readonly #now: () => number;
  #leaves: Uint8Array[] = [];
  #seed = 0;
  #requests = new Map<string, AskedOf>();

  constructor(origin: string, now: () => number) {
    this.origin = origin;
    this.#now = now;
    this.acting = new LyingActs(origin, now);
    this.append();
  }

  get bundleFingerprint(): string {
    return fingerprint(this.bundleKey.publicKey);
  }

  fork(): void {
    this.#leaves = [];
    this.append();
    this.append();
    this.append();
  }

  append(): void {
    this.#leaves.push(new Uint8Array(40).fill(++this.#seed));
  }

  answer(target: string, body: string): Reply | undefined {
    if (target === '/healthz') return ok({});
    const [, , kind, id = '', verb] = target.split(/[/?]/);
    if (kind === 'bundle') return ok(this.#bundle());
    if (kind === 'acts') return answered(this.acting.answer(verb, body), verb === undefined ? 201 : 200);
    if (kind === 'certificates') return this.#revokeOwn(id, JSON.parse(body));
    if (kind === 'me') return ok(this.#me());
    if (kind === 'known-hosts') return this.lies.noKnownHosts === true ? undefined : ok(this.#knownHosts());
    if (kind === 'log') return ok(this.#growth(Number(target.split('from=')[1])));
    if (kind === 'enrolments' && verb === undefined && this.lies.inviteProblem !== undefined)
      return refused(this.lies.inviteProblem);
    if (kind === 'enrolments')
      return { status: verb === undefined ? 201 : 200, body: this.#enrol(verb, JSON.parse(body)) };
    if (kind === 'requests' && verb === undefined) return this.#asked(JSON.parse(body));
    if (kind === 'approvals' && verb === undefined) return ok(this.#approvals());
    if (kind === 'approvals') return this.#approval(id, verb, JSON.parse(body));
    if (verb === 'touch') return this.#touch(id, JSON.parse(body));
    if (verb === 'signature') return this.#ownSignature(id, JSON.parse(body));
    if (verb === 'result') return this.#result(id, JSON.parse(body));
    return { status: 404, body: { type: 'about:blank', title: 'not found', status: 404, code: 'not-found' } };
  }

  address(person = 'alice'): string {
    const key = this.bundleFingerprint.slice('SHA256:'.length).replaceAll('+', '-').replaceAll('/', '_');
    return `${this.origin}/enroll#${person}.${'i'.repeat(43)}.${key}`;
  }

  #revokeOwn(serial: string, { reason }: { readonly reason: string }): Reply {
    if (this.lies.problem !== undefined) return refused(this.lies.problem);
    this.revoked.push(`${serial} ${reason}`);
    return { status: 204, body: undefined };
  }

  #me(): MeReply {
    const truth: MeReply = { person: 'alice', access: ACCESS, credentials: [] };
    return this.lies.me?.(truth) ?? truth;
  }

  #enrol(verb: string | undefined, body: EnrolmentBody): object {
    if (verb === undefined) return this.#invited(body.invite ?? '');
    if (verb === 'offer') return this.#offered(body.credential);
    if (body.assertion !== undefined) this.confirmed.push(body.assertion);
    return { credentialId: body.assertion?.credentialId, access: ACCESS };
  }

  #invited(invite: string): InviteReply {
    this.invites.push(invite);
    const truth: InviteReply = {
      requestId: 'E'.repeat(22),
      pollSecret: POLL_SECRET,
      person: 'alice',
      inviteId: 'ab'.repeat(32),
      origin: this.origin,
      rpId: 'localhost',
      nonce: base64urlnopad.encode(NONCE),
      expiresAt: this.#now() + 120,
      userId: 'AAAA',
      userVerification: 'discouraged',
      attestation: 'none',
      excludeCredentialIds: [],
      access: ACCESS,
    };
    return this.lies.invited?.(truth) ?? truth;
  }

  #offered(credential: WebauthnOffer | SshOffer | undefined): OfferReply {
    if (credential?.kind !== 'webauthn') throw new Error('only webauthn is enrolled here');
    const { publicKey } = parseAttestationObject(base64urlnopad.decode(credential.attestationObject));
    const truth = { credentialId: credential.credentialId, publicKey: base64urlnopad.encode(publicKey) };
    return this.lies.offered?.(truth) ?? truth;
  }

  #bundle(): object {
    const now = this.#now();
    const truth: Bundle = {
      authority: this.origin,
      rpId: new URL(this.origin).hostname,
      number: now,
      madeAt: now,
      freshUntil: now + 86_400,
      caKeys: [
        { purpose: 'login', key: formatPublicKeyLine(this.caKey.publicKey), state: 'active' },
        ...this.#sudoCaKeys(),
      ],
      logKey: formatVerifierKey(this.#logSigner()),
      bundleKey: formatPublicKeyLine(this.bundleKey.publicKey),
    };
    const statement = new TextEncoder().encode(JSON.stringify(this.lies.bundle?.(truth) ?? truth));
    const signature = signSshsig(this.lies.bundleKey ?? this.bundleKey, 'usher-bundle', statement);
    return { statement: base64urlnopad.encode(statement), signature: base64urlnopad.encode(signature) };
  }

  #knownHosts(): KnownHostsReply {
    const truth: KnownHosts = {
      authority: this.origin,
      number: this.#now(),
      madeAt: this.#now(),
      freshUntil: this.#now() + 86_400,
      hosts: [{ name: 'web1', names: ['web1.example.org'] }],
      caKeys: [{ key: formatPublicKeyLine(this.hostKey.publicKey), state: 'active' }],
      revokedCaKeys: [],
      krl: base64urlnopad.encode(EMPTY_KRL),
    };
    const text = this.lies.knownHostsStatement ?? JSON.stringify(this.lies.knownHosts?.(truth) ?? truth);
    const statement = new TextEncoder().encode(text);
    const namespace = this.lies.knownHostsNamespace ?? 'usher-known-hosts';
    const signature = signSshsig(this.lies.knownHostsKey ?? this.bundleKey, namespace, statement);
    return { statement: base64urlnopad.encode(statement), signature: base64urlnopad.encode(signature) };
  }

  #sudoCaKeys(): Bundle['caKeys'] {
    if (this.owners.length === 0)
      return [{ purpose: 'sudo', key: formatPublicKeyLine(this.sudoKey.publicKey), state: 'active' }];
    return this.owners.map(({ person, key, credentialId }) => ({
      purpose: 'sudo',
      key: formatPublicKeyLine(key.publicKey),
      state: 'active',
      signer: { person, ...(credentialId === undefined ? {} : { credentialId }) },
    }));
  }

  #asked(body: AskBody): Reply {
    if ((this.lies.apart !== true && this.needed === 0) || body.certificates.length === 1)
      return { status: 201, body: this.#ask(body) };
    return refused({ type: 'about:blank', title: 'apart', status: 409, code: 'ask-apart' });
  }

  #ask(body: AskBody): AskReply {
    this.asks.push(body);
    const request = this.#draft(body, `R${String(this.asks.length).padStart(21, '0')}`);
    const truth: AskReply = {
      requestId: request.requestId,
      pollSecret: POLL_SECRET,
      origin: this.origin,
      rpId: 'localhost',
      nonce: base64urlnopad.encode(NONCE),
      expiresAt: request.expiresAt,
      drafts: request.drafts.map((draft) => base64urlnopad.encode(draft)),
      credentialIds: ['AAAA'],
      userVerification: 'discouraged',
      approvals: this.needed,
    };
    return this.lies.asked?.(truth) ?? truth;
  }

  #draft({ person, certificates: asked }: AskBody, requestId: string): AskedOf {
    const drafts = asked.flatMap((one, index) =>
      this.#authorities(one).map((authority) => {
        const fields = { ...this.#fields(person, requestId, one), authority };
        const numbered = { ...fields, serial: fields.serial + BigInt(index) };
        const draft = encodeDraft(this.lies.fields?.(numbered) ?? numbered);
        return this.lies.draft?.(draft) ?? draft;
      }),
    );
    const createdAt = this.#now();
    const times = { createdAt, expiresAt: createdAt + 120, seenSize: 0 };
    const request = { requestId, asked, drafts, person, ...times, approvals: [] };
    this.#requests.set(requestId, request);
    return request;
  }

  #authorities({ purpose }: CertificateAsked): readonly PublicKey[] {
    if (purpose === 'login') return [this.caKey.publicKey];
    if (this.owners.length === 0) return [this.sudoKey.publicKey];
    return this.owners.map(({ key }) => key.publicKey);
  }

  #fields(person: string, requestId: string, asked: CertificateAsked): CertificateFields {
    const now = BigInt(this.#now());
    return {
      nonce: NONCE,
      subject: decodePublicKey(base64urlnopad.decode(asked.key)),
      serial: LEAST_RANDOM_SERIAL + BigInt(10 * this.asks.length),
      type: 'user',
      keyId: `${asked.purpose}:${person}:${requestId}`,
      principals: principalsOf(asked),
      validAfter: now - 300n,
      validBefore: now + BigInt(asked.lifetime ?? 72_000),
      criticalOptions: [],
      extensions:
        asked.purpose === 'sudo' ? [] : [flagOption('permit-agent-forwarding'), flagOption('permit-pty')],
      authority: this.caKey.publicKey,
    };
  }

  #touch(id: string, { assertion, seenSize }: Seen & { assertion: Assertion }): Reply | undefined {
    const lost = this.lies.lost?.shift();
    if (lost === 'request') return undefined;
    const { problem } = this.lies;
    if (problem !== undefined) return refused(problem);
    const request = this.#find(id);
    request.touch = assertion;
    request.isTouched = true;
    request.seenSize = seenSize ?? 0;
    const reply = this.#resultOf(request);
    return lost === 'reply' ? undefined : ok(reply);
  }

  #ownSignature(id: string, { draft, signature, seenSize }: OwnSignature): Reply {
    const request = this.#find(id);
    request.seenSize = seenSize ?? 0;
    request.isTouched = true;
    request.issued ??= this.#issue(request, { draft, signature: base64urlnopad.decode(signature) });
    return ok(request.issued);
  }

  #result(id: string, { seenSize }: Seen): Reply | undefined {
    const request = this.#find(id);
    request.seenSize = seenSize ?? 0;
    const next = request.isTouched === true ? this.coming.shift() : undefined;
    if (next === 'unreachable') return undefined;
    if (next !== undefined && 'code' in next) return refused(next);
    if (next !== undefined) request.approvals.push(this.#approvalBy(next.approve, request));
    return ok(this.#resultOf(request));
  }

  #resultOf(request: AskedOf): object {
    if (request.isTouched !== true) return { state: 'pending' };
    const isReviewed = request.asked.some(({ purpose }) => purpose === 'sudo');
    if (isReviewed && request.approvals.length < this.needed) return this.#waiting(request);
    const owner = this.owners.find(({ person }) => person === request.approvals.at(-1)?.person);
    if (isReviewed && this.owners.length > 0 && owner === undefined) return this.#waiting(request);
    request.issued ??= this.#issue(request, owner && this.#signatureOf(owner, request));
    return request.issued;
  }

  #signatureOf(owner: CaKeyOwner, { drafts }: AskedOf): { draft: number; signature: Uint8Array } {
    const draft = this.owners.indexOf(owner);
    return { draft, signature: owner.key.sign(drafts[draft] ?? new Uint8Array()) };
  }

  #waiting(request: AskedOf): Approvable {
    const truth: Approvable = {
      state: 'waiting',
      needed: this.needed,
      given: request.approvals.length,
      approveBy: approveBy(request),
      address: `${this.origin}/approve#${request.requestId}.${VIEW_SECRET}`,
    };
    return this.lies.waiting?.(truth) ?? truth;
  }

  #approvals(): ApprovalsReply {
    const requests = [...this.#requests.values()].filter(({ person }) => person !== 'alice');
    return { requests: requests.map((request) => this.#listed(request)) };
  }

  #listed(request: AskedOf): ListedRequest {
    const [asked] = request.asked;
    if (asked === undefined) throw new Error('nothing was asked');
    const truth = {
      ...this.#shown(request),
      viewSecret: VIEW_SECRET,
      answered: false,
      principals: [...principalsOf(asked)],
      lifetime: asked.lifetime ?? 72_000,
    };
    return this.lies.listed?.(truth) ?? truth;
  }

  #approval(id: string, verb: string | undefined, body: AnswerBody): Reply {
    const request = this.#find(id);
    if (verb === 'view' && this.lies.problem !== undefined) return refused(this.lies.problem);
    if (verb === 'view') return ok(this.#view(request));
    this.answers.push(body);
    const isRejected = body.answer === 'reject';
    const reply: AnswerReply = { state: isRejected ? 'rejected' : 'issued' };
    return ok(reply);
  }

  #view(request: AskedOf): ViewReply {
    const truth: ViewReply = {
      ...this.#shown(request),
      origin: this.origin,
      rpId: 'localhost',
      nonce: base64urlnopad.encode(NONCE),
      expiresAt: request.expiresAt,
      drafts: request.drafts.map((draft) => base64urlnopad.encode(draft)),
      credentialIds: ['AAAA'],
      userVerification: 'discouraged',
      answered: false,
    };
    return this.lies.view?.(truth) ?? truth;
  }

  #shown(request: AskedOf) {
    return {
      requestId: request.requestId,
      person: request.person,
      reason: reasonOf(request),
      askedFrom: '192.0.2.1',
      createdAt: request.createdAt,
      approveBy: approveBy(request),
      needed: this.needed,
      given: request.approvals.length,
      answer: this.owners.length === 0 ? ('touch' as const) : ('signature' as const),
    };
  }

  pend(person: string, asked: CertificateAsked): string {
    const request = this.#draft({ person, certificates: [asked] }, `P${'0'.repeat(21)}`);
    return `${this.origin}/approve#${request.requestId}.${VIEW_SECRET}`;
  }

  #find(id: string): AskedOf {
    const request = this.#requests.get(id);
    if (request === undefined) throw new Error('no such request');
    return request;
  }

  #approvalBy(person: string, request: AskedOf): LoggedTouch {
    const { origin } = this;
    const { requestId, drafts, expiresAt } = request;
    const action = issueAction(
      drafts.map((draft) => sha256(draft)),
      reasonOf(request),
    );
    const requestDigest = touchDigest({ origin, action, requestId, nonce: NONCE, expiresAt });
    const digest = touchDigest({
      origin,
      action: { kind: 'approve', requestDigest },
      requestId,
      nonce: NONCE,
      expiresAt: approveBy(request),
    });
    return {
      ...TOUCH,
      person,
      clientDataJson: buildClientData('webauthn.get', digest, origin),
    };
  }

  #issue(request: AskedOf, own?: { readonly draft: number; readonly signature: Uint8Array }): Issued {
    const { requestId, asked, drafts, person, expiresAt, approvals, touch } = request;
    const chosen =
      own === undefined ? drafts.map((draft, index) => ({ draft, index })) : chosenOf(drafts, own);
    const blobs = chosen.map(({ draft, index }) => {
      const caKey = asked[index]?.purpose === 'sudo' ? this.sudoKey : this.caKey;
      const signature = this.lies.signature?.(draft) ?? own?.signature ?? signMessage(caKey, draft);
      const certificate = assembleCertificate(draft, signature);
      return this.lies.certificate?.(certificate) ?? certificate;
    });
    const isReviewed = asked.some(({ purpose }) => purpose === 'sudo');
    const leaves = blobs.map((certificate, place) => {
      const body = {
        recordedAt: this.#now(),
        purpose: asked[own === undefined ? place : 0]?.purpose ?? '',
        person,
        rosterDigest: new Uint8Array(32),
        certificate,
        origin: this.origin,
        requestId,
        nonce: NONCE,
        expiresAt,
        index: chosen[place]?.index ?? 0,
        draftHashes: drafts.map((draft) => sha256(draft)),
        touches: touch === undefined ? [] : [loggedTouch(person, touch)],
      };
      const signer = own === undefined ? '' : (this.owners[own.draft]?.person ?? '');
      const review = { reason: reasonOf(request), approveBy: approveBy(request), approvals, signer };
      const truth: CertificateLeaf = isReviewed
        ? { kind: 'reviewed-certificate', ...body, ...review }
        : { kind: 'certificate', ...body };
      return encodeLeaf(this.lies.leaf?.(truth) ?? truth);
    });
    const first = this.#leaves.length;
    this.#leaves.push(...leaves);
    const { checkpoint, consistencyProof } = this.#growth(request.seenSize);
    const truth: Issued = {
      state: 'issued',
      certificates: blobs.map((certificate, place) => ({
        purpose: asked[own === undefined ? place : 0]?.purpose ?? 'login',
        certificate: base64urlnopad.encode(certificate),
        leafIndex: first + place,
        leaf: base64urlnopad.encode(leaves[place] ?? new Uint8Array()),
        inclusionProof: this.#inclusion(first + place),
      })),
      checkpoint,
      consistencyProof: [...consistencyProof],
    };
    return this.lies.issued?.(truth) ?? truth;
  }

  #tree() {
    return appendLeaves(
      EMPTY_FRONTIER,
      this.#leaves.map((leaf) => hashLeaf(leaf)),
    );
  }

  #inclusion(index: number): string[] {
    const { nodes } = this.#tree();
    const proof = makeProof(planInclusion(index, this.#leaves.length), lookupIn(nodes));
    return proof.map((node) => base64urlnopad.encode(node));
  }

  #growth(from: number): { checkpoint: string; consistencyProof: readonly string[] } {
    const { frontier, nodes } = this.#tree();
    const checkpoint = signCheckpoint({ size: frontier.size, root: rootOf(frontier) }, this.#logSigner());
    const proof =
      from > frontier.size ? [] : makeProof(planConsistency(from, frontier.size), lookupIn(nodes));
    return { checkpoint, consistencyProof: proof.map((node) => base64urlnopad.encode(node)) };
  }

  #logSigner() {
    const { publicKey, object } = this.logKey;
    if (publicKey.type !== 'ssh-ed25519') throw new TypeError('the log key is Ed25519');
    return {
      name: logName(this.origin),
      publicKey: publicKey.point,
      sign: (message: Uint8Array) => new Uint8Array(sign(null, message, object)),
    };
  }
}

interface Seen {
  readonly seenSize?: number;
}

interface OwnSignature extends Seen {
  readonly draft: number;
  readonly signature: string;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function answered(body: object | undefined, status: number): Reply | undefined {
  return body === undefined ? undefined : { status, body };
}

function refused(problem: Problem): Reply {
  return { status: problem.status, body: problem };
}

const TOUCH: LoggedTouch = {
  person: 'alice',
  credentialKind: 'webauthn',
  credentialId: 'AAAA',
  publicKey: new Uint8Array(77),
  rpId: 'localhost',
  clientDataJson: new Uint8Array(1),
  authenticatorData: new Uint8Array(37),
  signature: new Uint8Array(64),
};

function loggedTouch(person: string, assertion: Assertion): LoggedTouch {
  return {
    ...TOUCH,
    person,
    credentialId: assertion.credentialId,
    clientDataJson: base64urlnopad.decode(assertion.clientDataJSON),
    authenticatorData: base64urlnopad.decode(assertion.authenticatorData),
    signature: base64urlnopad.decode(assertion.signature),
  };
}

function chosenOf(drafts: readonly Uint8Array[], { draft: index }: { readonly draft: number }) {
  return [{ draft: drafts[index] ?? new Uint8Array(), index }];
}

function reasonOf({ asked }: Pick<AskedOf, 'asked'>): string {
  return asked.flatMap((one) => (one.purpose === 'sudo' ? [one.reason ?? ''] : []))[0] ?? '';
}

/** Half of the lifetime. */
function approveBy({ createdAt, asked }: AskedOf): number {
  return createdAt + Math.floor((asked[0]?.lifetime ?? 72_000) / 2);
}

function principalsOf(asked: CertificateAsked): readonly string[] {
  const everywhere = asked.hosts[0] === '*';
  if (asked.purpose === 'login')
    return asked.logins.flatMap((login) =>
      everywhere ? [login] : asked.hosts.map((host) => `${login}@${host}`),
    );
  return [asked.login, ...(everywhere ? ['sudoer'] : asked.hosts.map((host) => `sudoer@${host}`))];
}
