/** What the sections of a KRL have in common: strings in ascending order, plain keys, extensions. */
import { SshError } from './error.ts';
import { printable } from './printable.ts';
import { WireReader } from './wire.ts';

/** Adds one or more to `all`, each greater by its bytes than the one before, also where a section continues another. */
export function readAscending<T extends Uint8Array | string>(
  section: WireReader,
  all: T[],
  read: (section: WireReader) => T,
): void {
  do {
    const next = read(section);
    const previous = all.at(-1);
    if (previous !== undefined && Buffer.compare(bytesOf(previous), bytesOf(next)) >= 0)
      throw new SshError(
        'not-canonical',
        'the strings in a section of the KRL are not in byte order, each once',
      );
    all.push(next);
  } while (section.remaining > 0);
}

/** The key is not decoded, as OpenSSH does not either; but a certificate here would seem to be revoked, and is not. */
export function readPlainKey(section: WireReader): Uint8Array {
  const blob = section.string();
  if (new WireReader(blob).text().includes('-cert-'))
    throw new SshError('nested-certificate', 'a certificate stands where the KRL has a plain key');
  return blob;
}

/** PROTOCOL.krl, sections 2.5 and 5: nobody defines any; one that is critical must be understood. */
export function readExtension(section: WireReader): void {
  const name = readTextWithoutNul(section);
  const isCritical = section.bool();
  section.string();
  section.end('the extension of the KRL');
  if (isCritical)
    throw new SshError('unknown-type', `the KRL has a critical extension "${printable(name, 64)}"`);
}

/** C programs would end it at the NUL. */
export function readTextWithoutNul(reader: WireReader): string {
  const text = reader.text();
  if (text.includes('\0')) throw new SshError('bad-krl', 'a text in the KRL contains NUL');
  return text;
}

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
