/** A pending request as a row, and back. */
import type { Selectable } from 'kysely';
import type { OpenPage, PendingAct, PendingIssue, PendingRequest } from '../authority/records.ts';
import { StoreError } from './error.ts';
import { readRecordJson, writeRecordJson } from './record-json.ts';
import type { RequestTable } from './schema.ts';

export const REQUEST_COLUMNS = [
  'id',
  'action',
  'state',
  'state_detail',
  'version',
  'person',
  'nonce',
  'created_at',
  'expires_at',
  'keep_until',
  'asked_from',
  'asked_network',
  'poll_secret_hash',
  'drafts',
  'invite_id',
  'act',
  'page_secret_hash',
  'page_opened_from',
  'page_proof',
  'page_wrong_codes',
] as const;

export type RequestRow = Pick<Selectable<RequestTable>, (typeof REQUEST_COLUMNS)[number]>;

/** What may change after a request was made. What its digest covers is written once. */
export function changingColumns(request: PendingRequest) {
  return {
    state: request.state.kind,
    state_detail: writeRecordJson(request.state),
    keep_until: request.keepUntil,
    page_secret_hash: request.page?.secretHash ?? null,
    page_opened_from: request.page?.openedFrom ?? null,
    page_proof: request.page?.proof ?? null,
    page_wrong_codes: request.page?.wrongCodes ?? null,
  };
}

export function lastingColumns(request: PendingRequest) {
  return {
    id: request.id,
    action: request.action,
    person: request.person,
    nonce: request.nonce,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    asked_from: request.askedFrom,
    asked_network: request.askedNetwork,
    poll_secret_hash: request.pollSecretHash,
    drafts: request.action === 'issue' ? writeRecordJson(request.certificates) : null,
    invite_id: request.action === 'enroll' ? request.inviteId : null,
    act: request.action === 'act' ? writeRecordJson(request.act) : null,
  };
}

export function readRequestRow(row: RequestRow): PendingRequest {
  const base = {
    id: row.id,
    person: row.person,
    nonce: row.nonce,
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    keepUntil: Number(row.keep_until),
    askedFrom: row.asked_from,
    askedNetwork: row.asked_network,
    pollSecretHash: row.poll_secret_hash,
    version: Number(row.version),
    ...readPage(row),
  };
  if (row.action === 'issue' && row.drafts !== null) {
    const certificates = readRecordJson<PendingIssue['certificates']>(row.drafts);
    return { ...base, action: 'issue', certificates, state: readRecordJson(row.state_detail) };
  }
  if (row.action === 'enroll' && row.invite_id !== null)
    return { ...base, action: 'enroll', inviteId: row.invite_id, state: readRecordJson(row.state_detail) };
  if (row.action === 'act' && row.act !== null) {
    const act = readRecordJson<PendingAct['act']>(row.act);
    return { ...base, action: 'act', act, state: readRecordJson(row.state_detail) };
  }
  throw new StoreError('corrupt', 'a stored request is of no known action');
}

function readPage(row: RequestRow): { readonly page?: OpenPage } {
  if (row.page_secret_hash === null) return {};
  return {
    page: {
      secretHash: row.page_secret_hash,
      openedFrom: row.page_opened_from ?? '',
      proof: readProof(row.page_proof),
      wrongCodes: Number(row.page_wrong_codes),
    },
  };
}

function readProof(proof: string | null): OpenPage['proof'] {
  if (proof === 'none' || proof === 'code' || proof === 'loopback') return proof;
  throw new StoreError('corrupt', 'a stored page has an unknown proof');
}
