import type { Kysely } from 'kysely';
import { AlarmTable } from './alarm-table.ts';
import { CaKeyTable } from './ca-key-table.ts';
import { CertificateTable } from './certificate-table.ts';
import { CredentialTable } from './credential-table.ts';
import { HostReportTable } from './host-report-table.ts';
import { HostTokenTable } from './host-token-table.ts';
import { InviteTable } from './invite-table.ts';
import { KeyRoleTable } from './key-role-table.ts';
import { KrlTable } from './krl-table.ts';
import { LiveCertificates } from './live-certificates.ts';
import { LogTable } from './log-table.ts';
import { MachineTable } from './machine-table.ts';
import { NodeCache } from './node-cache.ts';
import { NonceTable } from './nonce-table.ts';
import { RequestTable } from './request-table.ts';
import { RevocationTable } from './revocation-table.ts';
import { RosterTable } from './roster-table.ts';
import type { Schema } from './schema.ts';
import { SudoStatementTable } from './sudo-statement-table.ts';

export type Tables = ReturnType<typeof openTables>;

/** The queries of all tables, compiled once for a store. */
export function openTables(db: Kysely<Schema>) {
  const log = new LogTable(db);
  const krls = new KrlTable(db);
  return {
    rosters: new RosterTable(db),
    requests: new RequestTable(db),
    credentials: new CredentialTable(db),
    invites: new InviteTable(db),
    certificates: new CertificateTable(db),
    liveCertificates: new LiveCertificates(db),
    revocations: new RevocationTable(db, krls),
    krls,
    caKeys: new CaKeyTable(db),
    hostTokens: new HostTokenTable(db),
    machines: new MachineTable(db),
    hostReports: new HostReportTable(db),
    alarms: new AlarmTable(db),
    sudoStatements: new SudoStatementTable(db),
    keyRoles: new KeyRoleTable(db),
    nonces: new NonceTable(db),
    log,
    nodes: new NodeCache(log),
  };
}
