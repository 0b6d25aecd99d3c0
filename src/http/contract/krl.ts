/** Revocation lists in OpenSSH's binary form (PROTOCOL.krl). */
import { Type } from 'typebox';
import { Purpose, strict } from './fields.ts';

export const KrlParams = Type.Object({ purpose: Purpose }, strict);

export const KrlReply = {
  content: {
    'application/octet-stream': { schema: Type.Unsafe<Uint8Array>({ type: 'string', format: 'binary' }) },
  },
};

/** The caller has it already. */
export const Unchanged = Type.Null();
