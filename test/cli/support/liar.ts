/** An authority in the test's own process that does everything right, except for what a test makes it lie about. */

import { sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import { parseAttestationObject } from '../../../src/fido/attested-credential.ts';
import type {
  AskBody,
  AskReply,
  Assertion,
  Bundle,
  InviteReply,
  Issued,
  MeReply,
  OfferReply,
  Problem,
  SshOffer,
  WebauthnOffer,
} from '../../../src/http/contract.ts';
import { signCheckpoint } from '../../../src/log/checkpoint.ts';
import type { LeafOf } from '../../../src/log/leaf.ts';
import { encodeLeaf } from '../../../src/log/leaf.ts';
import { appendLeaves, EMPTY_FRONTIER, hashLeaf, rootOf } from '../../../src/log/merkle.ts';
import { formatVerifierKey, logName } from '../../../src/log/note-key.ts';
import { lookupIn, makeProof, planConsistency, planInclusion } from '../../../src/log/proofs.ts';
import { assembleCertificate, encodeDraft, flagOption } from '../../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { signMessage } from '../../../src/ssh/private-key.ts';
import { decodePublicKey, fingerprint, formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import { signSshsig } from '../../../src/ssh/sshsig.ts';
import { generateKey } from '../../support/keys.ts';

/** Each takes the truth and returns what is said instead. */
export interface Lies {
  bundle?: (bundle: Bundle) => Bundle;
  bundleKey?: PrivateKey;
  fields?: (fields: CertificateFields) => CertificateFields;
  /** The bytes shown as draft, whatever was drafted. */
  draft?: (draft: Uint8Array) => Uint8Array;
  asked?: (reply: AskReply) => AskReply;
  /** Instead of signing the draft with the CA key. */
  signature?: (draft: Uint8Array) => Uint8Array;
  certificate?: (certificate: Uint8Array) => Uint8Array;
  leaf?: (leaf: LeafOf<'certificate'>) => LeafOf<'certificate'>;
  issued?: (issued: Issued) => Issued;
  invited?: (reply: InviteReply) => InviteReply;
  me?: (reply: MeReply) => MeReply;
  offered?: (reply: OfferReply) => OfferReply;
  /** Answers a touch with a problem document. */
  problem?: Problem;
  /** Answers an invite with a problem document. */
  inviteProblem?: Problem;
  /** How many replies to touches are lost on the way: 'request' before they arrive, 'reply' after. */
  lost?: ('request' | 'reply')[];
}

export interface Liar extends AsyncDisposable {
  readonly origin: string;
  readonly bundleFingerprint: string;
  readonly caKey: PrivateKey;
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
}

interface AskedOf {
  readonly requestId: string;
  readonly drafts: readonly Uint8Array[];
  readonly person: string;
  readonly expiresAt: number;
  issued?: Issued;
}

interface EnrolmentBody {
  readonly invite?: string;
  readonly credential?: WebauthnOffer | SshOffer;
  readonly assertion?: Assertion;
}

export const ACCESS = { logins: ['alice'], hosts: ['web1'], defaultLifetime: 72_000, maxLifetime: 86_400 };
const NONCE = new Uint8Array(32).fill(7);
const POLL_SECRET = 'p'.repeat(43);

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
  readonly asks: AskBody[] = [];
  readonly invites: string[] = [];
  readonly confirmed: Assertion[] = [];
  lies: Lies = {};
  readonly #now: () => number;
  #leaves: Uint8Array[] = [];
  #seed = 0;
  #requests = new Map<string, AskedOf>();

  constructor(origin: string, now: () => number) {
    this.origin = origin;
    this.#now = now;
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

  answer(target: string, body: string): { status: number; body: unknown } | undefined {
    if (target === '/healthz') return { status: 200, body: {} };
    const [, , kind, id = '', verb] = target.split(/[/?]/);
    if (kind === 'bundle') return { status: 200, body: this.#bundle() };
    if (kind === 'me') return { status: 200, body: this.#me() };
    if (kind === 'log') return { status: 200, body: this.#growth(Number(target.split('from=')[1])) };
    if (kind === 'enrolments' && verb === undefined && this.lies.inviteProblem !== undefined)
      return { status: this.lies.inviteProblem.status, body: this.lies.inviteProblem };
    if (kind === 'enrolments')
      return { status: verb === undefined ? 201 : 200, body: this.#enrol(verb, JSON.parse(body)) };
    if (kind === 'requests' && verb === undefined) return { status: 201, body: this.#ask(JSON.parse(body)) };
    if (verb === 'touch') return this.#touch(id, JSON.parse(body));
    if (verb === 'result')
      return { status: 200, body: this.#requests.get(id)?.issued ?? { state: 'pending' } };
    return { status: 404, body: { type: 'about:blank', title: 'not found', status: 404, code: 'not-found' } };
  }

  address(person = 'alice'): string {
    const key = this.bundleFingerprint.slice('SHA256:'.length).replaceAll('+', '-').replaceAll('/', '_');
    return `${this.origin}/enroll#${person}.${'i'.repeat(43)}.${key}`;
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
        { purpose: 'sudo', key: formatPublicKeyLine(this.sudoKey.publicKey), state: 'active' },
      ],
      logKey: formatVerifierKey(this.#logSigner()),
      bundleKey: formatPublicKeyLine(this.bundleKey.publicKey),
    };
    const statement = new TextEncoder().encode(JSON.stringify(this.lies.bundle?.(truth) ?? truth));
    const signature = signSshsig(this.lies.bundleKey ?? this.bundleKey, 'usher-bundle', statement);
    return { statement: base64urlnopad.encode(statement), signature: base64urlnopad.encode(signature) };
  }

  #ask(body: AskBody): AskReply {
    this.asks.push(body);
    const requestId = `R${String(this.asks.length).padStart(21, '0')}`;
    const drafts = body.certificates.map((asked) => {
      const draft = encodeDraft(this.#fields(body.person, requestId, asked));
      return this.lies.draft?.(draft) ?? draft;
    });
    const expiresAt = this.#now() + 120;
    this.#requests.set(requestId, { requestId, drafts, person: body.person, expiresAt });
    const truth: AskReply = {
      requestId,
      pollSecret: POLL_SECRET,
      origin: this.origin,
      rpId: 'localhost',
      nonce: base64urlnopad.encode(NONCE),
      expiresAt,
      drafts: drafts.map((draft) => base64urlnopad.encode(draft)),
      credentialIds: ['AAAA'],
      userVerification: 'discouraged',
      approvals: 0,
    };
    return this.lies.asked?.(truth) ?? truth;
  }

  #fields(person: string, requestId: string, asked: AskBody['certificates'][number]): CertificateFields {
    const now = BigInt(this.#now());
    const truth: CertificateFields = {
      nonce: NONCE,
      subject: decodePublicKey(base64urlnopad.decode(asked.key)),
      serial: 7n,
      type: 'user',
      keyId: `${asked.purpose}:${person}:${requestId}`,
      principals: principalsOf(asked),
      validAfter: now - 300n,
      validBefore: now + BigInt(asked.lifetime ?? 72_000),
      criticalOptions: [],
      extensions: [flagOption('permit-agent-forwarding'), flagOption('permit-pty')],
      authority: this.caKey.publicKey,
    };
    return this.lies.fields?.(truth) ?? truth;
  }

  #touch(
    id: string,
    body: { assertion: Assertion; seenSize?: number },
  ): { status: number; body: unknown } | undefined {
    const lost = this.lies.lost?.shift();
    if (lost === 'request') return undefined;
    const { problem } = this.lies;
    if (problem !== undefined) return { status: problem.status, body: problem };
    const request = this.#requests.get(id);
    if (request === undefined) throw new Error('no such request');
    request.issued ??= this.#issue(request, body);
    return lost === 'reply' ? undefined : { status: 200, body: request.issued };
  }

  #issue(
    { requestId, drafts, person, expiresAt }: AskedOf,
    { assertion, seenSize = 0 }: { assertion: Assertion; seenSize?: number },
  ): Issued {
    const blobs = drafts.map((draft) => {
      const signature = this.lies.signature?.(draft) ?? signMessage(this.caKey, draft);
      const certificate = assembleCertificate(draft, signature);
      return this.lies.certificate?.(certificate) ?? certificate;
    });
    const leaves = blobs.map((certificate, index) => {
      const truth: LeafOf<'certificate'> = {
        kind: 'certificate',
        recordedAt: this.#now(),
        purpose: 'login',
        person,
        rosterDigest: new Uint8Array(32),
        certificate,
        origin: this.origin,
        requestId,
        nonce: NONCE,
        expiresAt,
        index,
        draftHashes: drafts.map((draft) => sha256(draft)),
        touches: [
          {
            person,
            credentialKind: 'webauthn',
            credentialId: assertion.credentialId,
            publicKey: new Uint8Array(77),
            rpId: 'localhost',
            clientDataJson: base64urlnopad.decode(assertion.clientDataJSON),
            authenticatorData: base64urlnopad.decode(assertion.authenticatorData),
            signature: base64urlnopad.decode(assertion.signature),
          },
        ],
      };
      return encodeLeaf(this.lies.leaf?.(truth) ?? truth);
    });
    const first = this.#leaves.length;
    this.#leaves.push(...leaves);
    const { checkpoint, consistencyProof } = this.#growth(seenSize);
    const truth: Issued = {
      state: 'issued',
      certificates: blobs.map((certificate, index) => ({
        purpose: 'login',
        certificate: base64urlnopad.encode(certificate),
        leafIndex: first + index,
        leaf: base64urlnopad.encode(leaves[index] ?? new Uint8Array()),
        inclusionProof: this.#inclusion(first + index),
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

function principalsOf(asked: AskBody['certificates'][number]): readonly string[] {
  const everywhere = asked.hosts[0] === '*';
  if (asked.purpose === 'login')
    return asked.logins.flatMap((login) =>
      everywhere ? [login] : asked.hosts.map((host) => `${login}@${host}`),
    );
  return [asked.login, ...(everywhere ? ['sudoer'] : asked.hosts.map((host) => `sudoer@${host}`))];
}
