/** Why a file that a person named can not be read, in words. */
import { systemCode } from './command-error.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a directory',
};

export function fileReason(cause: unknown): string {
  const code = systemCode(cause);
  return code === undefined ? 'the reason is not known' : (REASONS[code] ?? code);
}
