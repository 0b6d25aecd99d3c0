/** The roster as the rest of the program sees it: parsed, checked, and indexed by name. */
import type { SecurityPublicKey } from '../ssh/public-key.ts';
import type { Cidr } from './cidr.ts';

export interface Roster {
  /** SHA-256 of the file's bytes. */
  readonly digest: Uint8Array;
  readonly people: ReadonlyMap<string, Person>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly hosts: ReadonlyMap<string, Host>;
  /** The names of each group's hosts. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Which person has the security key of this identity (`keyIdentity`). */
  readonly keyOwners: ReadonlyMap<string, string>;
  /** The names of the roles that give anything, each list of them that at least one person has, once. */
  readonly roleLists: readonly (readonly string[])[];
  /** The same of those to sign in with. */
  readonly loginLists: readonly (readonly string[])[];
  /** The same of those for sudo. */
  readonly sudoLists: readonly (readonly string[])[];
  /** The same of those with any right over the authority. */
  readonly manageLists: readonly (readonly string[])[];
  /** The hosts by what stands behind the `@` of their sudo principals. */
  readonly sudoNames: ReadonlyMap<string, Host>;
  /** People's keys that sign for sudo instead of the authority; empty: the authority signs. */
  readonly sudoCa: readonly SudoCaKey[];
}

export interface Person {
  readonly name: string;
  /** Unix accounts the person may use. */
  readonly logins: readonly string[];
  /** Names of roles. For each host the first one that grants it counts. */
  readonly roles: readonly string[];
  /** Unix seconds from which on the person gets nothing. */
  readonly until?: number;
  readonly securityKeys: readonly RosterKey[];
}

/** A security key that the roster itself enrols: a credential of kind `ssh-sk`. */
export interface RosterKey {
  readonly key: SecurityPublicKey;
  readonly fingerprint: string;
  readonly comment: string;
}

/** A `builder` profile will stand beside these. */
export interface Role {
  readonly name: string;
  readonly login?: LoginProfile;
  readonly sudo?: SudoProfile;
  /** What its people may do to the authority itself. */
  readonly manage: ReadonlySet<Right>;
  readonly touch: TouchPolicy;
}

/** hosts: let hosts enrol. revoke: end what was issued. ca: replace the keys that sign. */
export const RIGHTS = ['hosts', 'revoke', 'ca'] as const;

export type Right = (typeof RIGHTS)[number];

export interface LoginProfile {
  /** Names of hosts and groups; a group covers each of its hosts. */
  readonly hosts: '*' | ReadonlySet<string>;
  /** Seconds when nobody asks for another lifetime. */
  readonly lifetime: number;
  /** Seconds that may be asked for at most. */
  readonly maxLifetime: number;
  /** From where the certificate may be used; absent: from anywhere. Never empty. */
  readonly sourceAddresses?: readonly Cidr[];
  readonly extensions: readonly Extension[];
}

export interface SudoProfile {
  /** Names of hosts and groups; "*" is every host of the roster. */
  readonly hosts: '*' | ReadonlySet<string>;
  /** Whether the principal may be asked for that each host takes. */
  readonly everywhere: boolean;
  /** Seconds when nobody asks for another lifetime. */
  readonly lifetime: number;
  /** Seconds that may be asked for at most. */
  readonly maxLifetime: number;
  /** How many other people have to approve. */
  readonly approvals: number;
  /** Names of roles whose people may approve; empty exactly when nobody has to. */
  readonly approvers: readonly string[];
  readonly reasonRequired: boolean;
  /** Only a security key may be certified: then each sudo costs a touch, where the host's pam-ussh insists on it. */
  readonly securityKeysOnly: boolean;
}

/** A security key of a person that signs certificates for sudo. */
export interface SudoCaKey extends RosterKey {
  readonly person: string;
  readonly state: 'coming' | 'active' | 'retired';
  /** In base64url: of a FIDO credential that `fido2-assert` reaches; absent: the key has a file of OpenSSH. */
  readonly credentialId?: string;
}

export const EXTENSIONS = [
  'permit-X11-forwarding',
  'permit-agent-forwarding',
  'permit-port-forwarding',
  'permit-pty',
  'permit-user-rc',
] as const;

export type Extension = (typeof EXTENSIONS)[number];

/** What a touch has to show for the role's certificates and acts. */
export interface TouchPolicy {
  readonly userVerification: boolean;
  readonly attestation: AttestationPolicy;
  /** Refuses touches from a browser on another machine than the command's. */
  readonly sameMachine: boolean;
}

export type AttestationPolicy =
  | { readonly required: false }
  /** Models (UUIDs) and PEM root certificates, neither list ever empty: an empty list must not come to mean "any". */
  | { readonly required: true; readonly aaguids: readonly string[]; readonly roots: readonly string[] };

export interface Host {
  readonly name: string;
  /** The names that clients use, for its host certificate. */
  readonly names: readonly string[];
  readonly groups: readonly string[];
  /** What stands behind the `@` of its sudo principal. */
  readonly sudoName: string;
}

/** Of a purpose (docs/roster.md), in seconds. */
export interface LifetimeBounds {
  readonly least: number;
  readonly usual: number;
  readonly most: number;
}

export const LOGIN_LIFETIME: LifetimeBounds = { least: 300, usual: 72_000, most: 86_400 };
export const SUDO_LIFETIME: LifetimeBounds = { least: 300, usual: 3_600, most: 86_400 };
/** What a role may ask for at most. */
export const MAX_APPROVALS = 4;
/** A request holds one alternative draft for each active one. */
export const MAX_SUDO_CA_KEYS = 8;
