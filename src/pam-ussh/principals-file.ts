/** `authorized_principals_file`, as Go's line scanner reads it: one literal name a line, and nothing else is understood. */
import type { Finding } from './finding.ts';
import { goText } from './go-text.ts';

export interface PrincipalsFile {
  readonly names: readonly string[];
  readonly findings: readonly Finding[];
}

/** bufio.MaxScanTokenSize: a line with its end must fit, and the scanner ends without an error where one does not. */
const MAX_LINE_BYTES = 65_536;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export function parsePrincipalsFile(bytes: Uint8Array): PrincipalsFile {
  const { lines, isCut } = scanLines(bytes);
  const names = lines.map(goText);
  return { names, findings: [...faultsOfFile(names, isCut), ...names.flatMap(faultsOfName)] };
}

function scanLines(bytes: Uint8Array): { readonly lines: readonly Uint8Array[]; readonly isCut: boolean } {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    // At the end of the file the scanner wants room for one byte more, to see that it is the end.
    if (end + 1 - start > MAX_LINE_BYTES) return { lines, isCut: true };
    lines.push(bytes.subarray(start, end > start && bytes[end - 1] === RETURN ? end - 1 : end));
    start = end + 1;
  }
  return { lines, isCut: false };
}

function faultsOfFile(names: readonly string[], isCut: boolean): readonly Finding[] {
  const cut = isCut
    ? [
        fault(
          'error',
          `pam-ussh stops reading at line ${names.length + 1}, which is longer than 64 KiB`,
          'write one principal on each line',
        ),
      ]
    : [];
  if (names.length > 0) return cut;
  const empty = fault(
    'error',
    'no principal is read from the file: every certificate with the name of the user passes',
    'keep at least one line in it; a name that nobody has, such as -nobody-, closes the gate',
  );
  return [...cut, empty];
}

/** What people write there and pam-ussh takes for part of a name. */
function faultsOfName(name: string, index: number): readonly Finding[] {
  const line = `line ${index + 1}`;
  if (name === '')
    return [fault('warning', `${line} is empty, which is a name for pam-ussh`, 'remove the line')];
  if (name.startsWith('#'))
    return [fault('warning', `${line} is a name for pam-ussh, no comment`, 'remove the line')];
  if (name !== name.trim())
    return [
      fault(
        'error',
        `${line} has blanks around "${name.trim()}", which are part of the name`,
        'remove the blanks',
      ),
    ];
  if (/[\s,="#]/.test(name))
    return [
      fault(
        'error',
        `${line}, "${name.slice(0, 80)}", is one single name for pam-ussh`,
        'write one principal on each line, without comments, commas and options',
      ),
    ];
  return [];
}

function fault(level: Finding['level'], sentence: string, hint: string): Finding {
  return { check: 'host.principals-file', level, sentence, hint };
}
