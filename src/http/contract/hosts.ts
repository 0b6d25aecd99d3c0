/**
 * What hosts send and get: documents of lines (docs/hosts.md), which are read as a whole by `src/fleet/host`. The schemas only say how
 * long they may be.
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { MAX_SIGNED_CERTIFICATES_CHARACTERS } from '../../fleet/host/certificates-document.ts';
import { MAX_SIGNED_FETCH_CHARACTERS } from '../../fleet/host/fetch-document.ts';
import { MAX_SIGNED_REPORT_CHARACTERS } from '../../fleet/host/report-document.ts';
import { strict } from './fields.ts';

export const HOST_MEDIA_TYPE = 'application/x-usher-host';

/** "secret ", 43 characters and the end of the line. */
const SECRET_LINE_CHARACTERS = 51;

function document(description: string, maxLength: number) {
  return Type.String({ description, maxLength });
}

export const CertificatesBody = document(
  'a secret, and a document "usher host certificates v1" that every key of the host signs',
  MAX_SIGNED_CERTIFICATES_CHARACTERS + SECRET_LINE_CHARACTERS,
);

export const FetchBody = document(
  'a document "usher host fetch v1" with the signature of a host key',
  MAX_SIGNED_FETCH_CHARACTERS,
);

export const ReportBody = document(
  'a document "usher host report v1" with the signature of a host key',
  MAX_SIGNED_REPORT_CHARACTERS,
);

export const FilesParams = Type.Object(
  { hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the archive' }) },
  strict,
);

export const TextReply = { content: { 'text/plain': { schema: Type.String() } } };

export const ArchiveReply = {
  content: { 'application/x-tar': { schema: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }) } },
};

export const Done = Type.Null();

export const SudoStatementBody = Type.Object(
  {
    statement: Type.String({
      maxLength: 49_152,
      description: 'the newest statement about a keyless sudo CA, with its signature',
    }),
  },
  strict,
);

export type SudoStatementBody = Static<typeof SudoStatementBody>;
