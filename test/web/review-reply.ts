/** Replies as the authority gives them, around real drafts. */
import { sha256 } from '@noble/hashes/sha2.js';
import { base64urlnopad } from '@scure/base';
import type { Act } from '../../src/http/contract/acts.ts';
import type { ViewReply } from '../../src/http/contract/approvals.ts';
import type { ActReview, IssueReview } from '../../src/http/contract/pages.ts';
import { encodeDraft, flagOption, valueOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';

export const ORIGIN = 'https://ca.example.org';
export const REQUEST_ID = 'AbCdEfGhIjKlMnOpQrStUv';
export const DRAFTED_AT = 1_800_000_000;

export function fieldsOf(changes: Partial<CertificateFields> = {}): CertificateFields {
  return {
    nonce: bytes(32, 1),
    subject: { type: 'ssh-ed25519', point: bytes(32, 9) },
    serial: LEAST_RANDOM_SERIAL + 4_711n,
    type: 'user',
    keyId: `login:alice:${REQUEST_ID}`,
    principals: ['alice@web1', 'alice@web2', 'deploy@web1'],
    validAfter: BigInt(DRAFTED_AT - 300),
    validBefore: BigInt(DRAFTED_AT + 72_000),
    criticalOptions: [valueOption('source-address', '10.0.0.0/8,2001:db8::/32')],
    extensions: [flagOption('permit-agent-forwarding'), flagOption('permit-pty')],
    authority: { type: 'ssh-ed25519', point: bytes(32, 3) },
    ...changes,
  };
}

export function sudoFieldsOf(changes: Partial<CertificateFields> = {}): CertificateFields {
  return {
    ...fieldsOf(),
    serial: LEAST_RANDOM_SERIAL + 4_712n,
    keyId: `sudo:alice:${REQUEST_ID}`,
    principals: ['alice', 'sudoer@web1', 'sudoer@web2'],
    validBefore: BigInt(DRAFTED_AT + 3_600),
    criticalOptions: [],
    extensions: [],
    ...changes,
  };
}

export function replyOf(drafts: readonly Uint8Array[] = [encodeDraft(fieldsOf())]): IssueReview {
  return { ...requestOf(drafts), openedFrom: '198.51.100.4', proof: 'code', approvals: 0 };
}

export function actReplyOf(act: Act): ActReview {
  return { ...frame(), openedFrom: '198.51.100.4', proof: 'code', act };
}

export function viewReplyOf(changes: Partial<ViewReply> = {}): ViewReply {
  return {
    ...requestOf([encodeDraft(sudoFieldsOf())]),
    reason: 'the disk of web1 is full',
    createdAt: DRAFTED_AT,
    approveBy: DRAFTED_AT + 1_800,
    needed: 2,
    given: 1,
    answer: 'touch',
    answered: false,
    ...changes,
  };
}

/** What both kinds of replies tell. */
function requestOf(drafts: readonly Uint8Array[]): Omit<IssueReview, 'openedFrom' | 'proof' | 'approvals'> {
  return { ...frame(), reason: '', drafts: drafts.map((draft) => base64urlnopad.encode(draft)) };
}

function frame(): Omit<ActReview, 'openedFrom' | 'proof' | 'act'> {
  return {
    person: 'alice',
    askedFrom: '203.0.113.9',
    requestId: REQUEST_ID,
    origin: ORIGIN,
    rpId: 'ca.example.org',
    nonce: base64urlnopad.encode(bytes(32, 7)),
    expiresAt: DRAFTED_AT + 120,
    credentialIds: ['Y3JlZGVudGlhbA'],
    userVerification: 'required',
  };
}

export function bytes(length: number, fill: number): Uint8Array {
  return new Uint8Array(length).fill(fill);
}

export function hashOf(draft: Uint8Array): Uint8Array {
  return sha256(draft);
}
