/** What the authority keeps. Bytes are bytes; times are Unix seconds; names are those of design and roster. */
import type { AssertionJson } from '../fido/assertion.ts';
import type { RevocationCause } from '../log/act-bodies.ts';
import type { CertificateRequest } from '../policy/decision.ts';
import type { Act } from '../ssh/act.ts';
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

/** Which live certificates are meant: those of a person or machine, for a key, by a CA key, or touched with a credential. */
export type CertificateFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'holder'; readonly purposes: readonly Purpose[]; readonly holder: string }
  /** Fingerprints. */
  | { readonly kind: 'subject' | 'authority'; readonly key: string }
  | { readonly kind: 'credential'; readonly id: string };

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

/** A person wants to change something about the authority itself, with a touch. */
export interface PendingAct extends PendingBase {
  readonly action: 'act';
  readonly act: Act;
  readonly state:
    | { readonly kind: 'pending' }
    /** Carried out, in the transaction that made this version. */
    | { readonly kind: 'done'; readonly result: ActResult }
    | { readonly kind: 'denied'; readonly refusal: Refusal }
    | { readonly kind: 'rejected'; readonly reason: 'too-many-codes' };
}

/** What came of an act; kept so that a lost reply can be fetched again. */
export type ActResult =
  | { readonly kind: 'host-invited'; readonly host: string; readonly expiresAt: number }
  /** `serials` are the first of them. */
  | { readonly kind: 'revoked'; readonly count: number; readonly serials: readonly bigint[] }
  | {
      readonly kind: 'ca-key';
      readonly purpose: Purpose;
      /** Public key line. */
      readonly key: string;
      readonly state: CaKeyState;
      /** Of a revoked key: whose live certificates have to be issued again, and how many each has. */
      readonly affected: readonly { readonly holder: string; readonly certificates: number }[];
    };

/** What a person answers with a touch, at the command or in a page. */
export type TouchableRequest = PendingIssue | PendingAct;

export type PendingRequest = TouchableRequest | PendingEnrolment;

/** created: known here only. coming: hosts and clients get it. retired: trusted for what it signed. The last two are for good. */
export type CaKeyState = 'created' | 'coming' | 'active' | 'retired' | 'removed' | 'revoked';

/** A CA key of the authority's own. */
export interface CaKeyRecord {
  readonly purpose: Purpose;
  /** SSH public key blob. */
  readonly publicKey: Uint8Array;
  readonly state: CaKeyState;
  /** Since when it has this state. */
  readonly since: number;
  /** Since when hosts and clients get it; absent: they never did. */
  readonly publishedAt?: number;
}

/** A one-time right to enrol one host. */
export interface HostToken {
  /** Hex SHA-256 of the token: the token itself is never stored. */
  readonly id: string;
  readonly host: string;
  readonly person: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedAt?: number;
}

/** Which tokens are meant: those for a host, or those that a person made. */
export interface TokenFilter {
  readonly kind: 'host' | 'person';
  readonly name: string;
}

/** A host that has enrolled; its name is one of the roster's hosts. */
export interface Machine {
  readonly name: string;
  /** What the next renewal has to carry; 1 after enrolment. */
  readonly generation: number;
  /** SHA-256 of the secret that the next renewal has to show. */
  readonly nextHash: Uint8Array;
  /** The same of the request that was served last, whose reply may have been lost. */
  readonly lastHash: Uint8Array;
  /** Its host keys, as SSH blobs, in the order of the request. */
  readonly keys: readonly Uint8Array[];
  /** The certificates of this generation, in that order. */
  readonly serials: readonly bigint[];
  readonly enrolledAt: number;
  readonly renewedAt: number;
  /** Two holders were seen, it was revoked, or left the roster: it gets nothing until it enrols with a new token. */
  readonly lockedAt?: number;
}

/** What a host said of itself last. */
export interface HostReport {
  readonly host: string;
  readonly receivedAt: number;
  /** Number of the bundle that it has installed. */
  readonly number: number;
  readonly openssh: string;
  readonly pamUssh: string;
  /** Purpose and fingerprint of each CA key that it trusts. */
  readonly trusts: readonly { readonly purpose: string; readonly key: string }[];
  /** Serials of the host certificates that it shows. */
  readonly shows: readonly bigint[];
  readonly problems: readonly string[];
  /** Each report keeps the host busy for a while; one that is busy for too long has to wait. */
  readonly busyUntil: number;
}

/** A certificate that counts no more, until it ends by itself. */
export interface Revocation {
  readonly serial: bigint;
  readonly purpose: Purpose;
  /** The CA key that signed it, as SSH blob. */
  readonly authority: Uint8Array;
  readonly validBefore: number;
  readonly revokedAt: number;
  /** The first one counts: what is revoked is not revoked once more. */
  readonly cause: RevocationCause;
}

/** What a revocation list of one purpose says. */
export interface KrlContent {
  /** Grows with every change. */
  readonly number: number;
  /** Unix seconds of the last change. */
  readonly changedAt: number;
  readonly certificates: readonly { readonly authority: Uint8Array; readonly serials: readonly bigint[] }[];
  /** Of keys that count no more themselves, whichever certificate they have. */
  readonly fingerprints: readonly string[];
}
