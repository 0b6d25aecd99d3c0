/** What the authority keeps. Bytes are bytes; times are Unix seconds; names are those of design and roster. */
import type { AssertionJson } from '../fido/assertion.ts';
import type { CertificateRequest } from '../policy/decision.ts';
import type { Refusal } from './error.ts';
import type { Purpose } from './purpose.ts';

/** 16 random bytes in base64url. It is in addresses, so it is no secret. */
export type RequestId = string;

/**
 * What a key may be used for, and for whom it touches; it never gets a second one. A purpose means: subject of such certificates.
 */
export type KeyUse = { readonly role: 'touch'; readonly person: string } | { readonly role: 'ca' | Purpose };

export type CredentialKind = 'webauthn' | 'ssh-sk';

export interface Credential {
  /** webauthn: base64url of the raw id; ssh-sk: the key's OpenSSH fingerprint. */
  readonly id: string;
  readonly person: string;
  readonly kind: CredentialKind;
  /** COSE for webauthn, the SSH public key blob for ssh-sk. */
  readonly publicKey: Uint8Array;
  /** What the authenticator signs for: the RP id, or the application of an SSH key. */
  readonly rpId: string;
  readonly counter: number;
  /** The authenticator's model (a UUID), when attestation told it. */
  readonly aaguid?: string;
  /** The roots whose makers vouched for that, for each of the person's roles that asked; see `rootFingerprint`. */
  readonly attestedBy: readonly string[];
  /** One from the roster counts only as long as the roster names it; it is stored for its counter. */
  readonly source: 'enrolled' | 'roster';
  readonly label: string;
  readonly createdAt: number;
  readonly removedAt?: number;
}

export interface Invite {
  /** Hex SHA-256 of the secret: the secret itself is never stored. */
  readonly id: string;
  readonly person: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt?: number;
}

export interface IssuedCertificate {
  readonly serial: bigint;
  readonly purpose: Purpose;
  readonly person: string;
  readonly keyId: string;
  readonly requestId: RequestId;
  readonly issuedAt: number;
  readonly validAfter: number;
  readonly validBefore: number;
  readonly certificate: Uint8Array;
}

interface PendingBase {
  readonly id: RequestId;
  readonly person: string;
  readonly nonce: Uint8Array;
  readonly createdAt: number;
  /** Until when it can be touched; part of the digest. */
  readonly expiresAt: number;
  /** Until when it is kept at all: its result may be fetched again until then. */
  readonly keepUntil: number;
  /** The network address that asked. */
  readonly askedFrom: string;
  /** The same as what counts as one caller; see `networkOf`. */
  readonly askedNetwork: string;
  /** SHA-256 of the secret that only the asking command holds. */
  readonly pollSecretHash: Uint8Array;
  /** Counts changes; see StoreWriter.updateRequest. */
  readonly version: number;
  readonly page?: OpenPage;
}

/** A browser page that wants to answer the request. */
export interface OpenPage {
  readonly secretHash: Uint8Array;
  readonly openedFrom: string;
  /** How it was shown to belong to the person at the command: not yet, by the typed code, or over loopback. */
  readonly proof: 'none' | 'code' | 'loopback';
  readonly wrongCodes: number;
}

export interface PendingIssue extends PendingBase {
  readonly action: 'issue';
  readonly certificates: readonly DraftedCertificate[];
  readonly state: IssueState;
}

export interface DraftedCertificate {
  readonly request: CertificateRequest;
  /** One; or the alternatives, one for each CA key that may sign, of which exactly one is completed. */
  readonly drafts: readonly Uint8Array[];
}

/** A touch as it was verified, with what is needed to verify it again. */
export interface Touch {
  readonly person: string;
  readonly credentialKind: CredentialKind;
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly rpId: string;
  readonly userVerified: boolean;
  readonly assertion: AssertionJson;
}

/** The signature of a person's CA key over one of the alternative drafts: a touch that is the CA signature itself. */
export interface CaTouch {
  readonly person: string;
  /** Which of the alternatives. */
  readonly draft: number;
  readonly signature: Uint8Array;
  readonly userVerified: boolean;
}

/** What people have said yes with so far. */
export interface Consent {
  /** The holder's own; absent only where the holder's CA key signed instead. */
  readonly touch?: Touch;
  /** Of other people, each once, over the digest of `approve`. */
  readonly approvals: readonly Touch[];
  readonly caTouch?: CaTouch;
}

export type IssueState =
  | { readonly kind: 'pending' }
  /** Touched; other people have to approve, or to sign with their CA key. */
  | { readonly kind: 'waiting'; readonly consent: Consent }
  /** Being signed by whoever made this version; when its lease is over another may try again. */
  | { readonly kind: 'signing'; readonly consent: Consent; readonly leaseUntil: number }
  | { readonly kind: 'issued'; readonly serials: readonly bigint[] }
  | { readonly kind: 'denied'; readonly refusal: Refusal }
  | { readonly kind: 'rejected'; readonly reason: 'too-many-codes' }
  | { readonly kind: 'rejected'; readonly reason: 'by-approver'; readonly person: string };

export interface PendingEnrolment extends PendingBase {
  readonly action: 'enroll';
  readonly inviteId: string;
  readonly state:
    | { readonly kind: 'pending' }
    /** The authenticator has answered with a new credential, which has yet to prove itself with a touch. */
    | { readonly kind: 'offered'; readonly credential: Credential }
    | { readonly kind: 'enrolled'; readonly credentialId: string };
}

export type PendingRequest = PendingIssue | PendingEnrolment;
