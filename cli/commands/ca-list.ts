/** `usher ca list`: the CA keys of the authority. */
import { Command } from 'commander';
import { fetchCaKeys } from '../authority/ca-keys.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import { keyLine } from '../ca/key-words.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData, writeJson } from '../terminal.ts';

interface ListOptions {
  readonly authority?: string;
  readonly json?: boolean;
}

export function caListCommand(surroundings: Surroundings): Command {
  return new Command('list')
    .description('list the CA keys of each purpose with their states, and how many certificates each has out')
    .option('--json', 'print them, and what hosts reported, as JSON')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((options: ListOptions) => list(surroundings, options));
}

async function list(surroundings: Surroundings, options: ListOptions): Promise<void> {
  const enrolled = await openEnrolled(surroundings, options.authority);
  const { keys, hosts } = await fetchCaKeys(enrolled);
  if (options.json === true)
    return writeJson(surroundings, { authority: enrolled.settings.origin, keys, hosts });
  for (const key of keys) writeData(surroundings, `${key.purpose.padEnd(8)}${keyLine(key)}`);
}
