/** Rosters and steps of tests about sudo. */

import type { PendingIssue } from '../../src/authority/records.ts';
import { release } from '../../src/authority/release.ts';
import type { ReviewedCertificateLeaf } from '../../src/log/leaf.ts';
import { decodeLeaf } from '../../src/log/leaf.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { decodeCertificate } from '../../src/ssh/certificate.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import type { Scene } from './scene.ts';

interface SudoRoster {
  /** More fields of the role's `sudo`, as YAML: `approvals: 1, approvers: [lead]`. */
  readonly sudo?: string;
  readonly touch?: string;
  /** Fields of whole people, one a line. */
  readonly people?: readonly string[];
  readonly caKeys?: Readonly<Record<string, PublicKey>>;
}

const PEOPLE = [
  'alice: { logins: [alice], roles: [engineer] }',
  'bob: { logins: [bob], roles: [engineer, lead] }',
  'carol: { logins: [carol], roles: [lead] }',
  'dave: { logins: [dave], roles: [engineer] }',
  'erin: { logins: [erin], roles: [lead] }',
];

/** alice, bob and dave have sudo on the web hosts; bob, carol and erin are leads, who may approve where the test says so. */
export function sudoRoster({ sudo = '', touch, people = PEOPLE, caKeys = {} }: SudoRoster = {}): string {
  const more = sudo === '' ? '' : `, ${sudo}`;
  const owners = Object.entries(caKeys).map(
    ([person, key]) => `  - { person: ${person}, key: "${formatPublicKeyLine(key)}" }`,
  );
  return [
    'people:',
    ...people.map((person) => `  ${person}`),
    'roles:',
    '  engineer:',
    '    login: { hosts: "*" }',
    `    sudo: { hosts: [web]${more} }`,
    '    manage: [hosts]',
    ...(touch === undefined ? [] : [`    touch: ${touch}`]),
    '  lead: { login: { hosts: "*" } }',
    'hosts:',
    '  web1: { groups: [web] }',
    '  web2: { groups: [web] }',
    '  db1: { groups: [db] }',
    ...(owners.length === 0 ? [] : ['sudo_ca:', ...owners]),
    '',
  ].join('\n');
}

export const ONE_APPROVAL = 'approvals: 1, approvers: [lead]';
export const TWO_APPROVALS = 'approvals: 2, approvers: [lead]';

export interface IssuedSudo {
  readonly certificate: Certificate;
  readonly blob: Uint8Array;
  readonly leaf: ReviewedCertificateLeaf;
}

/** The sudo certificate of a request that is issued, as it is released. */
export async function issuedSudo(scene: Scene, request: PendingIssue): Promise<IssuedSudo> {
  const { certificates } = await release(scene.authority, request, 0);
  const one = certificates.find(({ purpose }) => purpose === 'sudo');
  if (one === undefined) throw new Error('no certificate for sudo was issued');
  const leaf = decodeLeaf(one.leaf);
  if (leaf.kind !== 'reviewed-certificate') throw new Error(`a leaf of kind ${leaf.kind}`);
  return { certificate: decodeCertificate(one.certificate), blob: one.certificate, leaf };
}
