/**
 * FIDO in software, for tests: a WebAuthn authenticator and an `sk` SSH key. Real keys and real signatures; every part of
 * an answer can be made wrong on purpose.
 */

import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { base64urlnopad } from '@scure/base';
import type { AssertionJson, RegistrationJson } from '../../src/fido/assertion.ts';
import { formatAssertion, formatRegistration } from '../../src/fido/assertion.ts';
import { encodeAttestationObject } from '../../src/fido/attested-credential.ts';
import type { CborValue } from '../../src/fido/cbor.ts';
import type { CeremonyType } from '../../src/fido/client-data.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { encodeCose } from '../../src/fido/cose.ts';
import { decodeEcdsaSignature } from '../../src/fido/ecdsa-signature.ts';
import { assertionFromSshSignature } from '../../src/fido/ssh-assertion.ts';
import type { SecurityPublicKey } from '../../src/ssh/public-key.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import type { IssuedCertificate } from './attestation-ca.ts';
import { issueCertificate } from './attestation-ca.ts';

export type SoftAlgorithm = 'es256' | 'eddsa';

export const FLAGS = { up: 0x01, uv: 0x04, be: 0x08, bs: 0x10, at: 0x40, ed: 0x80 } as const;

export type AttestationKind = 'none' | 'self' | 'packed';

/** What reaches the authenticator itself, as in CTAP2, and after it what can be made wrong. */
export interface CtapRequest {
  readonly rpId: string;
  readonly clientDataHash: Uint8Array;
  /** Default: user present and verified, and credential data where it belongs. */
  readonly flags?: number;
  /** Default: one more than the last time. */
  readonly counter?: number;
  /** Appended to the authenticator data; set the flag `ed` with it. */
  readonly extensions?: Uint8Array;
}

/** What a caller asks for, as of `navigator.credentials`. */
export interface CeremonyOptions extends Omit<CtapRequest, 'clientDataHash'> {
  readonly challenge: Uint8Array;
  readonly origin: string;
  /** Replaces the clientDataJSON that fits the challenge and the origin. */
  readonly clientDataJSON?: Uint8Array;
}

export interface CreateOptions extends CeremonyOptions {
  /** `packed` is signed by an attestation certificate of the test maker, `self` by the credential. Default `none`. */
  readonly attestation?: AttestationKind;
}

export interface SoftAuthenticatorOptions {
  readonly algorithm?: SoftAlgorithm;
  readonly aaguid?: Uint8Array;
  /** Certificate for `packed`, then its chain without the root. Default: one for the AAGUID by a fresh root. */
  readonly attestation?: { readonly leaf: IssuedCertificate; readonly chain: readonly IssuedCertificate[] };
}

const AAGUID_BYTES = 16;

/** One credential that answers as a hardware key would. */
export class SoftAuthenticator {
  readonly credentialIdBytes: Uint8Array = randomBytes(32);
  readonly aaguid: Uint8Array;
  readonly key: SoftKey;
  counter = 0;
  readonly #attestation: { readonly leaf: IssuedCertificate; readonly chain: readonly IssuedCertificate[] };

  constructor(options: SoftAuthenticatorOptions = {}) {
    this.key = new SoftKey(options.algorithm ?? 'es256');
    this.aaguid = options.aaguid ?? randomBytes(AAGUID_BYTES);
    this.#attestation = options.attestation ?? freshAttestation(this.aaguid);
  }

  get credentialId(): string {
    return base64urlnopad.encode(this.credentialIdBytes);
  }

  get publicKey(): Uint8Array {
    return this.key.cose;
  }

  create(options: CreateOptions): RegistrationJson {
    const clientDataJSON = clientDataOf('webauthn.create', options);
    const request = { ...options, clientDataHash: sha256(clientDataJSON) };
    const { fmt, authData, attStmt } = this.makeCredential(request, options.attestation ?? 'none');
    return formatRegistration({
      credentialId: this.credentialId,
      clientDataJSON,
      attestationObject: encodeAttestationObject(fmt, attStmt, authData),
      transports: ['usb'],
    });
  }

  get(options: CeremonyOptions): AssertionJson {
    const clientDataJSON = clientDataOf('webauthn.get', options);
    const { authData, signature } = this.getAssertion({ ...options, clientDataHash: sha256(clientDataJSON) });
    return formatAssertion({
      credentialId: this.credentialId,
      clientDataJSON,
      authenticatorData: authData,
      signature,
    });
  }

  makeCredential(request: CtapRequest, attestation: AttestationKind) {
    const authData = new WireWriter()
      .raw(this.#fixedData(request, FLAGS.up | FLAGS.uv | FLAGS.at))
      .raw(this.aaguid)
      .raw(Uint8Array.of(0, this.credentialIdBytes.length))
      .raw(this.credentialIdBytes)
      .raw(this.key.cose)
      .raw(request.extensions ?? new Uint8Array())
      .bytes();
    const attStmt = this.#statement(attestation, concat(authData, request.clientDataHash));
    return { fmt: attestation === 'none' ? 'none' : 'packed', authData, attStmt };
  }

  getAssertion(request: CtapRequest) {
    const authData = concat(
      this.#fixedData(request, FLAGS.up | FLAGS.uv),
      request.extensions ?? new Uint8Array(),
    );
    return { authData, signature: this.key.sign(concat(authData, request.clientDataHash)) };
  }

  #fixedData(request: CtapRequest, usualFlags: number): Uint8Array {
    this.counter = request.counter ?? this.counter + 1;
    return new WireWriter()
      .raw(sha256(new TextEncoder().encode(request.rpId)))
      .byte(request.flags ?? usualFlags)
      .uint32(this.counter)
      .bytes();
  }

  #statement(kind: AttestationKind, signed: Uint8Array): ReadonlyMap<string, CborValue> {
    if (kind === 'none') return new Map();
    const { leaf, chain } = this.#attestation;
    if (kind === 'self')
      return new Map<string, CborValue>([
        ['alg', this.key.algorithm === 'es256' ? -7 : -8],
        ['sig', this.key.sign(signed)],
      ]);
    return new Map<string, CborValue>([
      ['alg', -7],
      ['sig', new Uint8Array(sign('sha256', signed, leaf.privateKey))],
      ['x5c', [leaf, ...chain].map((certificate) => certificate.der)],
    ]);
  }
}

/** An `sk` SSH key as ssh-agent uses one. */
export class SoftSecurityKey {
  readonly key: SoftKey;
  readonly publicKey: SecurityPublicKey;
  counter = 0;

  constructor(options: { readonly algorithm?: SoftAlgorithm; readonly application?: string } = {}) {
    this.key = new SoftKey(options.algorithm ?? 'eddsa');
    const application = options.application ?? 'ssh:';
    const { point } = this.key;
    this.publicKey =
      this.key.algorithm === 'eddsa'
        ? { type: 'sk-ssh-ed25519@openssh.com', point, application }
        : { type: 'sk-ecdsa-sha2-nistp256@openssh.com', point, application };
  }

  /** The signature blob that an agent returns for `data`. */
  sign(data: Uint8Array, options: { readonly flags?: number; readonly counter?: number } = {}): Uint8Array {
    this.counter = options.counter ?? this.counter + 1;
    const tail = new WireWriter()
      .byte(options.flags ?? FLAGS.up)
      .uint32(this.counter)
      .bytes();
    const application = sha256(new TextEncoder().encode(this.publicKey.application));
    const signature = this.key.sign(concat(application, tail, sha256(data)));
    return new WireWriter()
      .string(this.publicKey.type)
      .string(this.key.algorithm === 'eddsa' ? signature : sshNumbers(signature))
      .raw(tail)
      .bytes();
  }

  /** A touch as the command makes it with this key. */
  get(options: Omit<CeremonyOptions, 'rpId' | 'extensions'>): AssertionJson {
    const clientDataJSON = clientDataOf('webauthn.get', options);
    return assertionFromSshSignature(this.publicKey, this.sign(clientDataJSON, options), clientDataJSON);
  }
}

/** A key pair in the forms that FIDO uses. */
export class SoftKey {
  readonly algorithm: SoftAlgorithm;
  /** 32 bytes, or 04 | X | Y. */
  readonly point: Uint8Array;
  readonly cose: Uint8Array;
  readonly #privateKey: KeyObject;

  constructor(algorithm: SoftAlgorithm) {
    const { privateKey, publicKey } =
      algorithm === 'es256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('ed25519');
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    this.algorithm = algorithm;
    // The point is the end of the SubjectPublicKeyInfo.
    this.point = spki.slice(algorithm === 'es256' ? -65 : -32);
    this.cose = encodeCose({ family: algorithm === 'es256' ? 'p256' : 'ed25519', point: this.point });
    this.#privateKey = privateKey;
  }

  /** DER for es256, 64 bytes for eddsa. */
  sign(data: Uint8Array): Uint8Array {
    return new Uint8Array(sign(this.algorithm === 'es256' ? 'sha256' : null, data, this.#privateKey));
  }
}

function clientDataOf(type: CeremonyType, options: Omit<CeremonyOptions, 'rpId'>): Uint8Array {
  return options.clientDataJSON ?? buildClientData(type, options.challenge, options.origin);
}

function freshAttestation(aaguid: Uint8Array) {
  const issuer = issueCertificate();
  const leaf = issueCertificate({ name: 'Test Model', isAuthority: false, aaguid, issuer });
  return { leaf, chain: [] };
}

function sshNumbers(der: Uint8Array): Uint8Array {
  const { r, s } = decodeEcdsaSignature(der);
  return new WireWriter().mpint(r).mpint(s).bytes();
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const writer = new WireWriter();
  for (const part of parts) writer.raw(part);
  return writer.bytes();
}
