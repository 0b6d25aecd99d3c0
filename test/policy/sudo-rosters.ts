/** A roster with sudo in it, and requests for sudo. */
import type { SudoRequest } from '../../src/policy/decision.ts';
import { OTHER_SK_LINE, SK_ECDSA_LINE, SUBJECT } from './rosters.ts';

/** The end of `guest` is an hour after `NOW`, that of `former` long before. */
export const SUDO_COMPANY = `
people:
  ann: { logins: [ann, deploy], roles: [engineer] }
  ben: { logins: [ben], roles: [web, database] }
  carol: { logins: [carol], roles: [lead] }
  dan: { logins: [dan], roles: [lead, security] }
  eve: { logins: [eve], roles: [security, operator] }
  fay: { logins: [fay], roles: [mail, database] }
  gus: { logins: [gus], roles: [signer] }
  guest: { logins: [guest], roles: [engineer], until: 2027-01-15T09:00:00Z }
  former: { logins: [former], roles: [engineer, lead], until: 2020-01-01T00:00:00Z }
  nobody: { logins: [nobody], roles: [] }
roles:
  engineer:
    login: { hosts: '*' }
    sudo: { hosts: [web, db1], lifetime: 30m, max_lifetime: 4h }
  web:
    sudo: { hosts: [web], approvals: 1, approvers: [lead, security], reason: required, lifetime: 2h }
    touch: { user_verification: required }
  database:
    sudo: { hosts: [db1], approvals: 2, approvers: [lead], max_lifetime: 1h, subject_keys: sk }
    touch: { same_machine: true }
  mail:
    sudo: { hosts: [mail1], approvals: 1, approvers: [security] }
  lead: { login: { hosts: [web], lifetime: 8h } }
  security: {}
  operator:
    sudo: { hosts: '*', everywhere: true, lifetime: 5m, max_lifetime: 10m }
  signer:
    sudo: { hosts: [web1], everywhere: true }
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  web2: { groups: [web], sudo_name: web-2 }
  db1: {}
  mail1: {}
`;

/** Keys of people sign for sudo; dan is both approver and owner. */
export const TOUCH_CA = `
people:
  ann: { logins: [ann], roles: [engineer] }
  carol: { logins: [carol], roles: [lead], until: 2027-01-15T09:00:00Z }
  dan: { logins: [dan], roles: [lead, engineer] }
roles:
  engineer: { sudo: { hosts: '*', approvals: 1, approvers: [lead] } }
  lead: {}
hosts:
  web1: {}
sudo_ca:
  - { person: carol, key: '${OTHER_SK_LINE}' }
  - { person: dan, key: '${SK_ECDSA_LINE}', credential_id: AAAAAAAAAAAAAAAAAAAAAA }
`;

export function asksSudo(changes: Partial<SudoRequest>): SudoRequest {
  return { purpose: 'sudo', subject: SUBJECT, login: 'ann', hosts: ['web1'], reason: '', ...changes };
}
