/**
 * The grammars of names. They differ by kind, and `check-names.ts` keeps the kinds disjoint, so that no name can be read as
 * another kind: a host called like a login would let a host certificate pass for a person (pam-ussh never looks at
 * the type of a certificate).
 */
export interface Grammar {
  /** Anchored, for JSON Schema and RegExp alike. */
  readonly pattern: string;
  /** Completes "is not a …": what a good name looks like. */
  readonly meaning: string;
}

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** A Unix account, as useradd makes them. */
export const LOGIN: Grammar = {
  pattern: '^[a-z_][a-z0-9_-]{0,31}$',
  meaning: 'login: 1 to 32 of a-z 0-9 _ -, not beginning with a digit or -',
};

export const PERSON: Grammar = {
  pattern: '^[a-z_][a-z0-9_.-]{0,31}$',
  meaning: 'name of a person: 1 to 32 of a-z 0-9 _ . -, beginning with a letter or _',
};

export const ROLE: Grammar = {
  pattern: '^[a-z][a-z0-9-]{0,62}$',
  meaning: 'name of a role: 1 to 63 of a-z 0-9 -, beginning with a letter',
};

/** DNS's grammar in lower case; also that of groups. At most 200 characters, so that `<login>@<host>` always fits. */
export const HOST: Grammar = {
  pattern: `^(?=.{1,200}$)${LABEL}(\\.${LABEL})*$`,
  meaning: 'name of a host or group: labels of a-z 0-9 - joined by dots, at most 200 characters',
};

/** Which model an authenticator is (WebAuthn section 6.5.1). */
export const AAGUID: Grammar = {
  pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  meaning: 'model of an authenticator: a UUID in lower case',
};

/** WebAuthn section 4: a credential id has at least 16 and at most 1023 bytes. */
export const CREDENTIAL_ID: Grammar = {
  pattern: '^[A-Za-z0-9_-]{22,1364}$',
  meaning: 'credential id: 16 to 1023 bytes in base64url without padding',
};

export const GRAMMARS: readonly Grammar[] = [LOGIN, PERSON, ROLE, HOST, AAGUID, CREDENTIAL_ID];

/** Principals and accounts of other purposes: whoever could choose one of these names would gain that purpose. */
const RESERVED_LOGINS: ReadonlySet<string> = new Set(['sudoer', 'nix-builder']);
const RESERVED_HOSTS: ReadonlySet<string> = new Set(['sudoer', 'nix-builder', 'root']);

export function isReservedLogin(name: string): boolean {
  return RESERVED_LOGINS.has(name);
}

export function isReservedHost(name: string): boolean {
  return RESERVED_HOSTS.has(name);
}

const LOGIN_EXPRESSION = new RegExp(LOGIN.pattern);
const ROLE_EXPRESSION = new RegExp(ROLE.pattern);
const HOST_EXPRESSION = new RegExp(HOST.pattern);

export function isLogin(name: string): boolean {
  return LOGIN_EXPRESSION.test(name);
}

export function isRole(name: string): boolean {
  return ROLE_EXPRESSION.test(name);
}

export function isHostName(name: string): boolean {
  return HOST_EXPRESSION.test(name);
}
