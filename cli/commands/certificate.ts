/** `usher certificate show`: look into any OpenSSH certificate. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { fileReason } from '../../src/file-reason.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { parseCertificateLine } from '../../src/ssh/certificate-line.ts';
import { SshError } from '../../src/ssh/error.ts';
import { printable } from '../../src/ssh/printable.ts';
import { viewCertificate, viewLines } from '../certificate-view.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { warn, writeData, writeJson } from '../terminal.ts';

const MAX_FILE_CHARACTERS = 262_144;

export function certificateCommand(surroundings: Surroundings): Command {
  const show = new Command('show')
    .description('decode a certificate, whoever issued it, and say who would refuse it')
    .argument('<file>', 'a file such as id_ed25519-cert.pub, or "-" for stdin')
    .option('--json', 'print it as JSON; times are Unix seconds, numbers beyond 2^53 are strings')
    .action((file: string, options: { readonly json?: boolean }) =>
      showCertificate(surroundings, file, options),
    );
  return new Command('certificate').description('look into certificates').addCommand(show);
}

async function showCertificate(
  surroundings: Surroundings,
  file: string,
  options: { readonly json?: boolean },
): Promise<void> {
  const certificate = readCertificate(file, await readText(surroundings, file));
  const view = viewCertificate(certificate, surroundings.now());
  if (options.json === true) return writeJson(surroundings, view);
  const lines = viewLines(view);
  const width = Math.max(...lines.map(([name]) => name.length));
  for (const [name, value] of lines)
    writeData(surroundings, `${name.padEnd(width)}  ${printable(value, 20_000)}`);
  for (const { message } of view.warnings) warn(surroundings, message);
}

async function readText({ stdin }: Surroundings, file: string): Promise<string> {
  try {
    const content = file === '-' ? await text(stdin) : await readFile(file, 'utf8');
    if (content.length <= MAX_FILE_CHARACTERS) return content;
  } catch (cause) {
    throw new UsherCommandError('key-file', `${file} can not be read: ${fileReason(cause)}`, { cause });
  }
  throw new UsherCommandError('key-file', `${file} is too long for a certificate`);
}

/** The first certificate of the file; lines of other keys around it are passed over. */
function readCertificate(file: string, content: string): Certificate {
  const line = content.split(/\r?\n/).find((candidate) => candidate.includes('-cert-v01@openssh.com'));
  const words = line?.trim().split(/[ \t]+/) ?? [];
  const start = words.findIndex((word) => word.endsWith('-cert-v01@openssh.com'));
  if (start === -1)
    throw new UsherCommandError('key-file', `${file} holds no OpenSSH certificate`, {
      hint: 'certificates stand in files that end in -cert.pub',
    });
  try {
    return parseCertificateLine(words.slice(start).join(' ')).certificate;
  } catch (cause) {
    if (cause instanceof SshError)
      throw new UsherCommandError('key-file', `${file}: ${cause.message}`, { cause });
    throw cause;
  }
}
