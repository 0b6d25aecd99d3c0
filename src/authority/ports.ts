/** What the use cases need from the outside. Adapters implement these; nothing here knows SQL, files or sockets. */
import type { RevocationCause } from '../log/act-bodies.ts';
import type { NodeCoordinate } from '../log/merkle.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Purpose } from './purpose.ts';
import type {
  CaKeyRecord,
  CertificateFilter,
  Credential,
  HostReport,
  HostToken,
  Invite,
  IssuedCertificate,
  KeyUse,
  KrlContent,
  Machine,
  PendingIssue,
  PendingRequest,
  RequestId,
  Revocation,
  TokenFilter,
} from './records.ts';

export interface Clock {
  /** Unix time in whole seconds. */
  now(): number;
}

export interface Random {
  /** `length` bytes from a cryptographic generator. */
  bytes(length: number): Uint8Array;
}

/** One CA key of one purpose, wherever it is kept. */
export interface CaSigner {
  readonly publicKey: PublicKey;
  /** The signature blob over a draft. The caller verifies it: a signer is not trusted to have signed the right thing. */
  sign(draft: Uint8Array): Promise<Uint8Array>;
}

/** The authority's own CA keys, wherever they are kept. Which of them signs is for the store to say (`ca-keys.ts`). */
export interface Keyring {
  /** Those that the settings name, in that order. */
  configured(purpose: Purpose): readonly CaSigner[];
  /** Also one that was made later, here or by another process. @returns undefined when it is not at hand */
  signer(purpose: Purpose, key: PublicKey): Promise<CaSigner | undefined>;
  /**
   * A new key, durable before it is returned.
   * @returns undefined where the settings keep keys of this purpose elsewhere than in plain files
   */
  make(purpose: Purpose): Promise<CaSigner | undefined>;
  /** Every key that was made so, with its file; perhaps one that nothing came of. */
  made(): Promise<readonly MadeKey[]>;
}

export interface MadeKey {
  readonly purpose: Purpose;
  readonly key: PublicKey;
  readonly file: string;
}

/** The tree after a commit: its size and the signed checkpoint over it. */
export interface LogHead {
  readonly size: number;
  /** The whole signed note (C2SP tlog-checkpoint), as text. */
  readonly checkpoint: string;
}

export interface Store {
  /** Reads one committed state. */
  read<T>(work: (tx: StoreReader) => Promise<T>): Promise<T>;
  /**
   * One transaction. It resolves after everything in it is durable and every leaf it appended is under a signed
   * checkpoint; when `work` throws, nothing of it stays. Concurrent calls may share one durable commit.
   */
  write<T>(work: (tx: StoreWriter) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface StoreReader {
  /** Hex SHA-256 of the roster in force, or undefined before the first was loaded. */
  rosterDigest(): Promise<string | undefined>;
  rosterText(digest: string): Promise<string | undefined>;

  findRequest(id: RequestId): Promise<PendingRequest | undefined>;
  credentialsOf(person: string): Promise<readonly Credential[]>;
  findCredential(id: string): Promise<Credential | undefined>;
  listCredentials(): Promise<readonly Credential[]>;
  findInvite(id: string): Promise<Invite | undefined>;
  findCertificate(serial: bigint): Promise<IssuedCertificate | undefined>;
  /** In ascending order: which serials from `least` on and below `end` are those of recorded certificates. */
  serialsBetween(least: bigint, end: bigint): Promise<readonly bigint[]>;
  /** How many certificates a person got from `since` on; counting stops at `most`. */
  countIssued(person: string, since: number, most: number): Promise<number>;
  /** Requests that wait for others and are kept at `now`, oldest first. */
  listWaiting(now: number, most: number): Promise<readonly PendingIssue[]>;
  /** How many of them are one person's; counting stops at `most`. */
  countWaiting(person: string, now: number, most: number): Promise<number>;
  /** Of one person: requests that were touched, are kept at `now`, and may yet be issued: they wait for others, or are being signed. */
  listTouched(person: string, now: number): Promise<readonly PendingIssue[]>;
  keyUse(identity: string): Promise<KeyUse | undefined>;

  /**
   * Certificates that have not ended at `now` and are not revoked, those that end first first; at most `most`, those behind
   * the one with serial `after`, with which the page before ended, or from the first one on when it is 0.
   */
  liveCertificates(
    filter: CertificateFilter,
    now: number,
    page: { readonly after: bigint; readonly most: number },
  ): Promise<readonly IssuedCertificate[]>;
  /** @returns undefined when it was not revoked, or has ended so long ago that no list names it. */
  revocationCause(serial: bigint): Promise<RevocationCause | undefined>;
  /** Whether this key, by its fingerprint, counts no more whatever certificate it has. */
  isKeyRevoked(fingerprint: string): Promise<boolean>;
  /** The number alone is read at no cost, to see whether the content is needed; 0 as long as nothing was revoked. */
  krlNumber(purpose: Purpose): Promise<number>;
  krlContent(purpose: Purpose): Promise<KrlContent>;
  /** Whether the list names a certificate that had ended before `before`. */
  hasEndedRevocations(purpose: Purpose, before: number): Promise<boolean>;

  /** In the order in which they became known. */
  caKeyRecords(): Promise<readonly CaKeyRecord[]>;

  findHostToken(id: string): Promise<HostToken | undefined>;
  findMachine(name: string): Promise<Machine | undefined>;
  /** By name. */
  listMachines(): Promise<readonly Machine[]>;
  listHostReports(): Promise<readonly HostReport[]>;
  findHostReport(host: string): Promise<HostReport | undefined>;
  isAlarmKnown(what: string): Promise<boolean>;
  /** How many a host was the cause of, or told of, from `since` on; counting stops at `most`. */
  countAlarms(host: string, since: number, most: number): Promise<number>;
  /** The newest signed statement about a keyless sudo CA, as text. */
  sudoStatement(): Promise<string | undefined>;
  /** Grows with every change of what bundles say (roster, CA keys, lists, statement), to more than the time of the change. */
  bundleNumber(): Promise<number>;

  /** The empty log has size 0 and an empty checkpoint text. */
  logHead(): Promise<LogHead>;
  logLeaf(index: number): Promise<Uint8Array | undefined>;
  leafOfSerial(serial: bigint): Promise<{ readonly index: number; readonly leaf: Uint8Array } | undefined>;
  /** Hashes of complete subtrees, in the order asked. @throws when one is not (yet) in the tree. */
  logNodes(coordinates: readonly NodeCoordinate[]): Promise<readonly Uint8Array[]>;
}

/** Bounds of the pool of requests that nobody has touched yet. */
export interface PoolBounds {
  readonly total: number;
  /** Of one `askedNetwork`. */
  readonly perAddress: number;
}

export interface StoreWriter extends StoreReader {
  setRoster(digest: string, text: string, now: number): Promise<void>;

  /** Adds a request; beyond the bounds the oldest untouched ones go (of the same network first), and what is past `keepUntil`. */
  insertRequest(request: PendingRequest, bounds: PoolBounds, now: number): Promise<void>;
  /** Replaces a request if its stored version is still `request.version`; the stored one then has the next version. */
  updateRequest(request: PendingRequest): Promise<boolean>;

  /** @returns false when a credential of this id exists, removed ones included. */
  insertCredential(credential: Credential): Promise<boolean>;
  /** @returns false when there is no such live credential. */
  removeCredential(id: string, now: number): Promise<boolean>;
  /** Stores a counter that is higher than the stored one, or 0 when both are. @returns false otherwise. */
  raiseCounter(id: string, counter: number): Promise<boolean>;

  insertInvite(invite: Invite): Promise<void>;
  /** @returns false when it is used already. */
  useInvite(id: string, now: number): Promise<boolean>;

  /** @param credentials ids of those whose touches it rests on. @throws when the serial exists, or what is to be recorded is no certificate. */
  insertCertificate(certificate: IssuedCertificate, credentials: readonly string[]): Promise<void>;
  /** Those that were not revoked before; the lists of their purposes get new numbers, at least `now`. */
  revokeCertificates(revocations: readonly Revocation[], now: number): Promise<readonly bigint[]>;
  /** For good, on the lists of every purpose. @returns false when it was revoked before. */
  revokeKey(fingerprint: string, now: number): Promise<boolean>;
  /** Drops entries that ended before `before`; the list gets a new number if there were any. */
  dropEndedRevocations(purpose: Purpose, before: number, now: number): Promise<void>;
  /** Gives the list of each purpose a new number, at least `now`, although nothing on it changed. */
  renumberRevocationLists(now: number): Promise<void>;

  /** Adds it, or replaces state and times of the one with this public key. @throws when that is of another purpose. */
  saveCaKey(record: CaKeyRecord): Promise<void>;

  /** @throws when the id exists. */
  insertHostToken(token: HostToken): Promise<void>;
  /** Those that are still open are over from now on. @returns how many. */
  endHostTokens(filter: TokenFilter, now: number): Promise<number>;
  /** @returns false when it is used already, or there is none. */
  useHostToken(id: string, now: number): Promise<boolean>;
  /** Adds a machine, or replaces the one of this name. */
  saveMachine(machine: Machine): Promise<void>;
  saveHostReport(report: HostReport): Promise<void>;
  /** Keeps something alarming once. @returns false when it was kept before. */
  rememberAlarm(what: string, host: string, now: number): Promise<boolean>;
  /** Replaces it if `number` is greater than that of the stored one. @returns whether it was. */
  setSudoStatement(number: number, text: string, now: number): Promise<boolean>;

  /** Gives a key its one use, if it has none. @returns the use it has now. */
  claimKey(identity: string, use: KeyUse): Promise<KeyUse>;
  /** @returns false when the nonce was seen before its time was over. */
  rememberNonce(nonce: string, until: number, now: number): Promise<boolean>;

  /** Appends one leaf, of a certificate when `serial` is given. */
  appendLeaf(leaf: Uint8Array, serial?: bigint): Promise<void>;
}
