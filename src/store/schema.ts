/** The tables as Kysely sees them. What each one means, and who may change it, is in docs/storage.md. */
import type { ColumnType } from 'kysely';

/** Read as bigint, because a serial has 63 bits; written as either. */
type Integer = ColumnType<bigint, number | bigint, number | bigint>;
type OptionalInteger = ColumnType<bigint | null, number | bigint | null, number | bigint | null>;

export interface Schema {
  readonly roster: RosterTable;
  readonly roster_in_force: RosterInForceTable;
  readonly request: RequestTable;
  readonly request_pool: RequestPoolTable;
  readonly credential: CredentialTable;
  readonly invite: InviteTable;
  readonly certificate: CertificateTable;
  readonly certificate_touch: CertificateTouchTable;
  readonly revocation: RevocationTable;
  readonly revoked_key: RevokedKeyTable;
  readonly krl: KrlTable;
  readonly ca_key: CaKeyTable;
  readonly host_token: HostTokenTable;
  readonly machine: MachineTable;
  readonly host_report: HostReportTable;
  readonly alarm: AlarmTable;
  readonly sudo_statement: SudoStatementTable;
  readonly key_role: KeyRoleTable;
  readonly nonce: NonceTable;
  readonly log_leaf: LogLeafTable;
  readonly log_node: LogNodeTable;
  readonly log_head: LogHeadTable;
}

export interface RosterTable {
  readonly digest: string;
  readonly text: string;
  readonly loaded_at: Integer;
}

/** One row. */
export interface RosterInForceTable {
  readonly id: Integer;
  readonly digest: string;
  readonly since: Integer;
}

export interface RequestTable {
  readonly id: string;
  readonly action: string;
  readonly state: string;
  /** The whole state, as record JSON. */
  readonly state_detail: string;
  readonly version: Integer;
  /** The place in the pool of untouched requests, older ones first; null once it was touched. */
  readonly pool_place: OptionalInteger;
  readonly person: string;
  readonly nonce: Uint8Array;
  readonly created_at: Integer;
  readonly expires_at: Integer;
  readonly keep_until: Integer;
  readonly asked_from: string;
  /** What the quota of untouched requests counts by. */
  readonly asked_network: string;
  readonly poll_secret_hash: Uint8Array;
  /** The drafted certificates of an `issue`, as record JSON. */
  readonly drafts: string | null;
  /** The invite of an `enroll`. */
  readonly invite_id: string | null;
  /** The act of an `act`, as record JSON. */
  readonly act: string | null;
  readonly page_secret_hash: Uint8Array | null;
  readonly page_opened_from: string | null;
  readonly page_proof: string | null;
  readonly page_wrong_codes: OptionalInteger;
}

/** One row. */
export interface RequestPoolTable {
  readonly id: Integer;
  readonly last_place: Integer;
  readonly untouched: Integer;
}

export interface CredentialTable {
  readonly id: string;
  readonly person: string;
  readonly kind: string;
  readonly public_key: Uint8Array;
  readonly rp_id: string;
  readonly counter: Integer;
  readonly aaguid: string | null;
  /** Hex, one space between; empty when nobody did. */
  readonly attested_by: string;
  readonly source: string;
  readonly label: string;
  readonly created_at: Integer;
  readonly removed_at: OptionalInteger;
}

export interface InviteTable {
  readonly id: string;
  readonly person: string;
  readonly created_at: Integer;
  readonly expires_at: Integer;
  readonly used_at: OptionalInteger;
}

export interface CertificateTable {
  readonly serial: Integer;
  readonly purpose: string;
  readonly person: string;
  readonly key_id: string;
  readonly request_id: string;
  readonly issued_at: Integer;
  readonly valid_after: Integer;
  readonly valid_before: Integer;
  readonly certificate: Uint8Array;
  /** Fingerprints of the key that it is for, and of the one that signed it. */
  readonly subject: string;
  readonly authority: string;
}

/** A credential whose touch a certificate rests on. */
export interface CertificateTouchTable {
  readonly credential_id: string;
  readonly valid_before: Integer;
  readonly serial: Integer;
}

export interface RevocationTable {
  readonly serial: Integer;
  readonly purpose: string;
  /** SSH public key blob. */
  readonly authority: Uint8Array;
  readonly valid_before: Integer;
  readonly revoked_at: Integer;
  readonly cause: string;
}

export interface RevokedKeyTable {
  readonly fingerprint: string;
  readonly revoked_at: Integer;
}

/** A row for each purpose. */
export interface KrlTable {
  readonly purpose: string;
  readonly number: Integer;
  readonly changed_at: Integer;
}

export interface CaKeyTable {
  /** Grows with each key. */
  readonly place: Integer;
  /** SSH public key blob. */
  readonly public_key: Uint8Array;
  readonly purpose: string;
  readonly state: string;
  readonly since: Integer;
  readonly published_at: OptionalInteger;
}

export interface HostTokenTable {
  readonly id: string;
  readonly host: string;
  readonly person: string;
  readonly created_at: Integer;
  readonly expires_at: Integer;
  readonly used_at: OptionalInteger;
}

export interface MachineTable {
  readonly name: string;
  readonly generation: Integer;
  readonly next_hash: Uint8Array;
  readonly last_hash: Uint8Array;
  /** Lists, as record JSON. */
  readonly keys: string;
  readonly serials: string;
  readonly enrolled_at: Integer;
  readonly renewed_at: Integer;
  readonly locked_at: OptionalInteger;
}

export interface HostReportTable {
  readonly host: string;
  readonly received_at: Integer;
  readonly number: Integer;
  readonly openssh: string;
  readonly pam_ussh: string;
  /** Lists, as record JSON. */
  readonly trusts: string;
  readonly shows: string;
  readonly problems: string;
  readonly busy_until: Integer;
}

export interface AlarmTable {
  readonly what: string;
  readonly host: string;
  readonly raised_at: Integer;
}

/** At most one row. */
export interface SudoStatementTable {
  readonly id: Integer;
  readonly number: Integer;
  readonly text: string;
}

export interface KeyRoleTable {
  readonly identity: string;
  readonly role: string;
  /** For whom the key touches; null with other roles. */
  readonly person: string | null;
}

export interface NonceTable {
  readonly nonce: string;
  readonly until: Integer;
}

export interface LogLeafTable {
  readonly leaf_index: Integer;
  readonly serial: OptionalInteger;
  readonly leaf: Uint8Array;
}

export interface LogNodeTable {
  /** See node-position.ts. */
  readonly position: Integer;
  readonly hash: Uint8Array;
}

/** One row. */
export interface LogHeadTable {
  readonly id: Integer;
  readonly size: Integer;
  readonly root: Uint8Array;
  readonly checkpoint: string;
}
