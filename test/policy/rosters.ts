/** Rosters and requests for tests. */
import type { LoginRequest } from '../../src/policy/decision.ts';
import type { Fault } from '../../src/policy/fault.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import type { Roster } from '../../src/policy/roster.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { formatPublicKeyLine, isSecurityKey, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { MAKER_A, MAKER_B } from './roots.ts';

// ssh-keygen -t ed25519 -N '' -C alice@laptop
export const PLAIN_LINE =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII5Zs3RiDJyS4wYebypvZTN+1NXmC/b46HoxHGINppYN alice@laptop';

// SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so ssh-keygen -t ed25519-sk -N '' -C k1, k2
export const SK_LINE =
  'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIKfcO4LrFJIyPPrkoUgWxWHCQbD5gaHJ9XME3efREgn5AAAABHNzaDo= k1';
export const OTHER_SK_LINE =
  'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBCiX0nXtcArhrfxQdSPvZvKOyBb4oUKIn/RzPi5L/oAAAABHNzaDo= k2';
// The same with -t ecdsa-sk -C e1
export const SK_ECDSA_LINE =
  'sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBJxAFz6O1Si3FPlIJ9RWy/zZgaqtHrmrhUSL059rbLNq4VQBJS/eayPA6nWWZlcLQCiLaidyEcp0+J81wuWM6dUAAAAEc3NoOg== e1';

export const SUBJECT: PublicKey = parsePublicKeyLine(PLAIN_LINE).key;

/** The same physical key as `line`, under another application. */
export function underApplication(line: string, application: string): string {
  const { key, comment } = parsePublicKeyLine(line);
  if (!isSecurityKey(key)) throw new TypeError('not a security key');
  return formatPublicKeyLine({ ...key, application }, comment);
}

/** A time at which everybody in `COMPANY` has access, `guest` for one more hour. */
export const NOW = 1_800_000_000;

export const COMPANY = `
people:
  alice: { logins: [alice, deploy], roles: [engineer], security_keys: ['${SK_LINE}'] }
  bob: { logins: [bob], roles: [web, database] }
  carol: { logins: [carol], roles: [auditor] }
  dave: { logins: [dave], roles: [web, tokyo] }
  erin: { logins: [erin], roles: [lab-a, lab-b] }
  guest: { logins: [guest], roles: [web], until: 2027-01-15T09:00:00Z }
  nobody: { logins: [nobody], roles: [] }
roles:
  engineer: { login: { hosts: '*', lifetime: 8h, max_lifetime: 12h } }
  web:
    login:
      hosts: [web]
      lifetime: 20h
      source_addresses: [10.0.0.0/8, 192.0.2.0/24]
      extensions: [permit-pty, permit-port-forwarding, permit-agent-forwarding]
  database:
    login: { hosts: [db1], lifetime: 1h, max_lifetime: 2h, source_addresses: [10.1.0.0/16, 198.51.100.7] }
    touch: { user_verification: required, same_machine: true }
  auditor: { touch: { user_verification: required } }
  tokyo: { login: { hosts: [tokyo1], source_addresses: ['2001:db8::/32'] } }
  lab-a:
    login: { hosts: [db1] }
    touch:
      attestation: { aaguids: [ee882879-721c-4913-9775-3dfcce97072a], roots: [${JSON.stringify(MAKER_A)}] }
  lab-b:
    login: { hosts: [web1] }
    touch:
      attestation: { aaguids: [ee882879-721c-4913-9775-3dfcce97072a], roots: [${JSON.stringify(MAKER_B)}] }
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  web2: { groups: [web] }
  db1: {}
  tokyo1: {}
`;

const known = new Map<string, Roster>();

/** Parsed once for each text: some tests ask for the same one hundreds of times. */
export function rosterOf(text: string): Roster {
  const found = known.get(text);
  if (found !== undefined) return found;
  const { roster, faults } = parseRoster(text);
  if (roster === undefined) throw new TypeError(`the roster of a test has faults: ${JSON.stringify(faults)}`);
  known.set(text, roster);
  return roster;
}

export function faultsOf(text: string): readonly Fault[] {
  return parseRoster(text).faults ?? [];
}

export function asks(changes: Partial<LoginRequest>): LoginRequest {
  return { purpose: 'login', subject: SUBJECT, logins: ['alice'], hosts: ['web1'], ...changes };
}
