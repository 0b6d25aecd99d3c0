/** The login certificate that signs calls. */
import type { Enrolled } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { Entry } from './entries.ts';
import { findUsable } from './own-entries.ts';

/** @param otherwise what else could be done, as a hint. @throws UsherCommandError `no-certificate` */
export async function requireLogin(enrolled: Enrolled, otherwise = ''): Promise<Entry> {
  const [entry] = await findUsable(enrolled, 'login');
  if (entry !== undefined) return entry;
  throw new UsherCommandError('no-certificate', 'the authority answers only who is logged in', {
    hint: `first: usher login${otherwise}`,
  });
}
