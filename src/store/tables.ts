import type { Kysely } from 'kysely';
import { CertificateTable } from './certificate-table.ts';
import { CredentialTable } from './credential-table.ts';
import { InviteTable } from './invite-table.ts';
import { KeyRoleTable } from './key-role-table.ts';
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
