/** The port's two faces: reading, and writing one job's part of a commit. */
import type { Kysely } from 'kysely';
import type { PoolBounds, StoreReader, StoreWriter } from '../authority/ports.ts';
import type { Credential, Invite, IssuedCertificate, KeyRole, PendingRequest } from '../authority/records.ts';
import type { NodeCoordinate } from '../log/merkle.ts';
import { CertificateTable } from './certificate-table.ts';
import type { Run } from './connection.ts';
import { CredentialTable } from './credential-table.ts';
import { InviteTable } from './invite-table.ts';
import { KeyRoleTable } from './key-role-table.ts';
import type { NewLeaf } from './log-sealer.ts';
import { LogTable } from './log-table.ts';
import { NodeCache } from './node-cache.ts';
import { NonceTable } from './nonce-table.ts';
import { RequestTable } from './request-table.ts';
import { RosterTable } from './roster-table.ts';
import type { Schema } from './schema.ts';

export type Tables = ReturnType<typeof openTables>;

/** The queries of all tables, compiled once for a store. */
export function openTables(db: Kysely<Schema>) {
  const log = new LogTable(db);
  return {
    rosters: new RosterTable(db),
    requests: new RequestTable(db),
    credentials: new CredentialTable(db),
    invites: new InviteTable(db),
    certificates: new CertificateTable(db),
    keyRoles: new KeyRoleTable(db),
    nonces: new NonceTable(db),
    log,
    nodes: new NodeCache(log),
  };
}

export function makeReader(tables: Tables, run: Run): StoreReader {
  return {
    rosterDigest: () => tables.rosters.digestInForce(run),
    rosterText: (digest) => tables.rosters.text(run, digest),
    findRequest: (id) => tables.requests.find(run, id),
    credentialsOf: (person) => tables.credentials.ofPerson(run, person),
    findCredential: (id) => tables.credentials.find(run, id),
    listCredentials: () => tables.credentials.list(run),
    findInvite: (id) => tables.invites.find(run, id),
    findCertificate: (serial) => tables.certificates.find(run, serial),
    countIssued: (person, since, most) => tables.certificates.countIssued(run, person, since, most),
    keyRole: (identity) => tables.keyRoles.find(run, identity),
    logHead: async () => {
      const { size, checkpoint } = await tables.log.head(run);
      return { size, checkpoint };
    },
    logLeaf: (index) => tables.log.leaf(run, index),
    leafOfSerial: (serial) => tables.log.leafOfSerial(run, serial),
    logNodes: (places: readonly NodeCoordinate[]) => tables.nodes.read(run, places),
  };
}

/** Leaves go into `leaves`; they get their places in the log, and become readable, when the commit is sealed. */
export function makeWriter(tables: Tables, run: Run, leaves: LeafBasket): StoreWriter {
  return {
    ...makeReader(tables, run),
    setRoster: (digest, text, now) => tables.rosters.putInForce(run, digest, text, now),
    insertRequest: (request: PendingRequest, bounds: PoolBounds, now) =>
      tables.requests.insert(run, request, bounds, now),
    updateRequest: (request: PendingRequest) => tables.requests.update(run, request),
    insertCredential: (credential: Credential) => tables.credentials.insert(run, credential),
    removeCredential: (id, now) => tables.credentials.remove(run, id, now),
    raiseCounter: (id, counter) => tables.credentials.raiseCounter(run, id, counter),
    insertInvite: (invite: Invite) => tables.invites.insert(run, invite),
    useInvite: (id, now) => tables.invites.use(run, id, now),
    insertCertificate: async (certificate: IssuedCertificate) => {
      await tables.certificates.insert(run, certificate);
      leaves.expect(certificate.serial);
    },
    claimKeyRole: (identity, role: KeyRole) => tables.keyRoles.claim(run, identity, role),
    rememberNonce: (nonce, until, now) => tables.nonces.remember(run, nonce, until, now),
    appendLeaf: async (leaf, serial) => leaves.add(leaf, serial),
  };
}

/** The format of leaves (src/log/leaf.ts) gives their length 16 bits. */
const MAX_LEAF_BYTES = 65_535;

/** The leaves of one transaction, and the law that a certificate and its leaf come together. */
export class LeafBasket {
  readonly #leaves: NewLeaf[] = [];
  readonly #withoutLeaf = new Set<bigint>();

  expect(serial: bigint): void {
    this.#withoutLeaf.add(serial);
  }

  add(leaf: Uint8Array, serial: bigint | undefined): void {
    if (leaf.length > MAX_LEAF_BYTES) throw new TypeError(`a leaf has at most ${MAX_LEAF_BYTES} bytes`);
    this.#leaves.push({ leaf: leaf.slice(), serial });
  }

  /** @throws TypeError when a certificate of this transaction has no leaf, or a leaf no such certificate. */
  take(): readonly NewLeaf[] {
    for (const { serial } of this.#leaves)
      if (serial !== undefined && !this.#withoutLeaf.delete(serial))
        throw new TypeError('a leaf names a serial that this transaction did not insert, or names it twice');
    if (this.#withoutLeaf.size > 0) throw new TypeError('a certificate can not be stored without its leaf');
    return this.#leaves;
  }
}
