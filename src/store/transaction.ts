/** The port's two faces: reading, and writing one job's part of a commit. */
import type { PoolBounds, StoreReader, StoreWriter } from '../authority/ports.ts';
import type { Credential, Invite, IssuedCertificate, KeyUse, PendingRequest } from '../authority/records.ts';
import type { NodeCoordinate } from '../log/merkle.ts';
import type { Run } from './connection.ts';
import { BUNDLE } from './krl-table.ts';
import type { LeafBasket } from './leaf-basket.ts';
import type { Tables } from './tables.ts';

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
    serialsBetween: (least, end) => tables.certificates.serialsBetween(run, least, end),
    countIssued: (person, since, most) => tables.certificates.countIssued(run, person, since, most),
    listWaiting: (now, most) => tables.requests.listWaiting(run, now, most),
    countWaiting: (person, now, most) => tables.requests.countWaiting(run, person, now, most),
    listTouched: (person, now) => tables.requests.listTouched(run, person, now),
    keyUse: (identity) => tables.keyRoles.find(run, identity),
    liveCertificates: (filter, now, page) => tables.liveCertificates.list(run, filter, now, page),
    revocationCause: (serial) => tables.revocations.causeOf(run, serial),
    isKeyRevoked: (fingerprint) => tables.revocations.isKeyRevoked(run, fingerprint),
    krlNumber: async (purpose) => (await tables.krls.find(run, purpose)).number,
    krlContent: (purpose) => tables.revocations.content(run, purpose),
    hasEndedRevocations: (purpose, before) => tables.revocations.hasEnded(run, purpose, before),
    caKeyRecords: () => tables.caKeys.list(run),
    findHostToken: (id) => tables.hostTokens.find(run, id),
    findMachine: (name) => tables.machines.find(run, name),
    listMachines: () => tables.machines.list(run),
    findHostReport: (host) => tables.hostReports.find(run, host),
    listHostReports: () => tables.hostReports.list(run),
    isAlarmKnown: (what) => tables.alarms.isKnown(run, what),
    countAlarms: (host, since, most) => tables.alarms.count(run, host, since, most),
    sudoStatement: () => tables.sudoStatements.text(run),
    bundleNumber: async () => (await tables.krls.find(run, BUNDLE)).number,
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
    setRoster: async (digest, text, now) => {
      await tables.rosters.putInForce(run, digest, text, now);
      await tables.krls.renumberBundle(run, now);
    },
    insertRequest: (request: PendingRequest, bounds: PoolBounds, now) =>
      tables.requests.insert(run, request, bounds, now),
    updateRequest: (request: PendingRequest) => tables.requests.update(run, request),
    insertCredential: (credential: Credential) => tables.credentials.insert(run, credential),
    removeCredential: (id, now) => tables.credentials.remove(run, id, now),
    raiseCounter: (id, counter) => tables.credentials.raiseCounter(run, id, counter),
    insertInvite: (invite: Invite) => tables.invites.insert(run, invite),
    useInvite: (id, now) => tables.invites.use(run, id, now),
    insertCertificate: async (certificate: IssuedCertificate, credentials) => {
      await tables.certificates.insert(run, certificate, credentials);
      leaves.expect(certificate.serial);
    },
    revokeCertificates: (revocations, now) => tables.revocations.revoke(run, revocations, now),
    revokeKey: (fingerprint, now) => tables.revocations.revokeKey(run, fingerprint, now),
    dropEndedRevocations: (purpose, before, now) => tables.revocations.dropEnded(run, purpose, before, now),
    renumberRevocationLists: (now) => tables.krls.renumberAll(run, now),
    saveCaKey: async (record) => {
      await tables.caKeys.save(run, record);
      await tables.krls.renumberBundle(run, record.since);
    },
    insertHostToken: (token) => tables.hostTokens.insert(run, token),
    endHostTokens: (filter, now) => tables.hostTokens.end(run, filter, now),
    useHostToken: (id, now) => tables.hostTokens.use(run, id, now),
    saveMachine: (machine) => tables.machines.save(run, machine),
    saveHostReport: (report) => tables.hostReports.save(run, report),
    rememberAlarm: (what, host, now) => tables.alarms.remember(run, what, host, now),
    setSudoStatement: async (number, text, now) => {
      const isNewer = await tables.sudoStatements.replace(run, number, text);
      if (isNewer) await tables.krls.renumberBundle(run, now);
      return isNewer;
    },
    claimKey: (identity, use: KeyUse) => tables.keyRoles.claim(run, identity, use),
    rememberNonce: (nonce, until, now) => tables.nonces.remember(run, nonce, until, now),
    appendLeaf: async (leaf, serial) => leaves.add(leaf, serial),
  };
}
