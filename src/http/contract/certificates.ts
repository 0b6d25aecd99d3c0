/** What a person does to certificates of the own by a signed call. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Reason, Serial, strict } from './fields.ts';

export const CertificateParams = Type.Object({ serial: Serial }, strict);

export const RevokeOwnBody = Type.Object({ reason: Reason }, strict);

export type RevokeOwnBody = Static<typeof RevokeOwnBody>;

/** It counts no more; there is nothing else to say. */
export const Revoked = Type.Null();
