/** `usher doctor log`: what a line of pam-ussh in a host's log means. */
import { Command } from 'commander';
import type { LogLine } from '../../src/pam-ussh/log-lines.ts';
import { explainLog, LOG_LINES } from '../../src/pam-ussh/log-lines.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { writeData, writeJson } from '../terminal.ts';

interface DoctorLogOptions {
  readonly json?: boolean;
}

export function doctorLogCommand(surroundings: Surroundings): Command {
  return new Command('log')
    .description('say what a line of pam-ussh in the log of a host means (journalctl -t pam-ussh, auth.log)')
    .argument('[text]', 'the line, or several; "nothing" when there is none; left out: every line there is')
    .option('--json', 'print the lines with their causes as JSON')
    .action((text: string | undefined, options: DoctorLogOptions) => doctorLog(surroundings, text, options));
}

function doctorLog(surroundings: Surroundings, text: string | undefined, { json }: DoctorLogOptions): void {
  const rows = text === undefined ? LOG_LINES : explainLog(text);
  if (rows.length === 0)
    throw new UsherCommandError('refused', 'this is no line of pam-ussh that usher knows', {
      hint: 'usher doctor log, without a line, shows those that it knows',
    });
  if (json === true) writeJson(surroundings, { lines: rows.map(plain) });
  else for (const row of rows) writeRow(surroundings, row);
}

function plain({ id, line, causes }: LogLine) {
  return { id, line, causes };
}

/** The first cause is the first to look for. */
function writeRow(surroundings: Surroundings, { line, causes }: LogLine): void {
  writeData(surroundings, line);
  for (const { cause, hint, check } of causes) {
    writeData(surroundings, `  - ${cause}`);
    writeData(surroundings, `    ${hint}${check === undefined ? '' : ` (check ${check})`}`);
  }
}
