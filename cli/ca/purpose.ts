import type { Bundle } from '../../src/http/contract/bundle.ts';
import { UsherCommandError } from '../error.ts';

export type Purpose = Bundle['caKeys'][number]['purpose'];

export const PURPOSES = ['login', 'builder', 'host', 'sudo'] as const satisfies readonly Purpose[];

/** @throws UsherCommandError `usage` */
export function purposeOf({ purpose }: { readonly purpose: string }): Purpose {
  const known = PURPOSES.find((each) => each === purpose);
  if (known !== undefined) return known;
  throw new UsherCommandError('usage', `"${purpose}" is no purpose of a CA key`, {
    hint: `CA keys are for ${PURPOSES.join(', ')}`,
  });
}
