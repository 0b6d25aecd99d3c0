import { Command, Option } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { REMOVAL_REASONS } from './authority/remove-credential.ts';
import { breakGlass } from './commands/break-glass.ts';
import { certificateCount } from './commands/certificate-count.ts';
import { credentialJson, credentialLine, isoTime } from './commands/credential-view.ts';
import { init } from './commands/init.ts';
import { importRecords, listGaps } from './commands/log.ts';
import { dropCredential, invite, listCredentials } from './commands/people.ts';
import { restored } from './commands/restored.ts';
import { checkRoster, diffRosters, loadRoster } from './commands/roster.ts';
import { printable, printableLines } from './ssh/printable.ts';

const DESCRIPTION = `The SSH certificate authority.
Exit codes: 0 done; 1 failed or refused; 2 wrong usage; 69 Node.js is too old.`;

/** The whole command line of `usherd`; docs/cli is generated from it. stdout is data, everything else goes to stderr. */
export function makeProgram(): Command {
  const program = new Command('usherd').description(DESCRIPTION).version(manifest.version);
  addInit(program);
  addServe(program);
  addRoster(program);
  addInvite(program);
  addCredential(program);
  addBreakGlass(program);
  addLog(program);
  addRestored(program);
  speakAsUsherd(program);
  return program;
}

/** Wrong usage is told like every other error; what exit code it has is for main.ts to say. */
function speakAsUsherd(command: Command): void {
  command.exitOverride().configureOutput({ outputError: (text, write) => write(`usherd: ${text}`) });
  for (const child of command.commands) speakAsUsherd(child);
}

function directoryOption(): Option {
  return new Option('--dir <directory>', "the authority's directory").env('USHERD_DIR').makeOptionMandatory();
}

function addInit(program: Command): void {
  program
    .command('init')
    .description('make a new authority: settings, sample roster, CA keys, log key, store')
    .addOption(directoryOption())
    .requiredOption('--origin <origin>', 'its address for people, like https://ca.example.org')
    .option('--listen <address>', 'where usherd listens', '127.0.0.1:8022')
    .action(async (options) => print(await init(options)));
}

function addServe(program: Command): void {
  program
    .command('serve')
    .description('answer requests until SIGTERM; SIGHUP loads the roster file and TLS certificate anew')
    .addOption(directoryOption())
    .action(async ({ dir }) => {
      // The web server and all its parts: half of what every other command would wait for.
      const { serve } = await import('./commands/serve.ts');
      await serve(dir);
    });
}

function addRoster(program: Command): void {
  const roster = program.command('roster').description('the file that says who may have what');
  roster
    .command('check')
    .description('tell every fault of a roster at once, with line numbers')
    .argument('<file>')
    .action(async (file) => {
      const faults = await checkRoster(file);
      if (faults.length > 0) fail(faults.join('\n'));
      else print(`${file} is good`);
    });
  roster
    .command('diff')
    .description('what each person gains and loses')
    .argument('<old>')
    .argument('<new>')
    .action(async (oldFile, newFile) => print(await diffRosters(oldFile, newFile)));
  roster
    .command('load')
    .description('put a roster in force, whole or not at all (default: roster.yaml of the directory)')
    .argument('[file]')
    .addOption(directoryOption())
    .action(async (file, { dir }) => print(await loadRoster(dir, file)));
}

function addInvite(program: Command): void {
  program
    .command('invite')
    .description('print a one-time address with which a person enrols a credential, good for 24 hours')
    .argument('<person>')
    .addOption(directoryOption())
    .action(async (person, { dir }) => {
      const { address, expiresAt } = await invite(dir, person);
      print(address);
      tell(`for ${person}, once, until ${isoTime(expiresAt)}; hand it over in private`);
    });
}

function addCredential(program: Command): void {
  const credential = program
    .command('credential')
    .description('the security keys and passkeys that people touch');
  credential
    .command('list')
    .description('enrolled credentials, removed ones included')
    .argument('[person]')
    .addOption(directoryOption())
    .option('--json', 'as JSON')
    .action(async (person, { dir, json }) => {
      const credentials = await listCredentials(dir, person);
      if (json) process.stdout.write(`${JSON.stringify(credentials.map(credentialJson), null, 2)}\n`);
      else print(credentials.map(credentialLine).join('\n'));
    });
  credential
    .command('remove')
    .description('a lost key counts no more, from this moment')
    .argument('<id>')
    .addOption(directoryOption())
    .addOption(
      new Option('--reason <word>', 'why; stands in the log for ever')
        .choices(REMOVAL_REASONS)
        .default('lost'),
    )
    .action(async (id, { dir, reason }) => {
      const { credential, serials } = await dropCredential(dir, id, reason);
      print(`removed ${printable(credential.label)} of ${credential.person}`);
      if (serials.length > 0) print(`revoked ${certificateCount(serials.length)} that rested on it`);
    });
}

function addBreakGlass(program: Command): void {
  program
    .command('break-glass')
    .description('sign for an emergency with an offline CA key: no service, no directory, no store')
    .argument('<person>')
    .argument('<host>')
    .requiredOption('--ca <file>', 'the offline key')
    .requiredOption('--reason <text>', 'why; stands in the log for ever')
    .option('--for <time>', 'how long, at most 1h', '1h')
    .addOption(
      new Option('--purpose <purpose>', 'what for')
        .choices(['login', 'sudo', 'both'] as const)
        .default('both' as const),
    )
    .option('--login <login>', 'the account on the host, when it is not called like the person')
    .option(
      '--key <file>',
      'certify this public key, and write files beside it (default: new keys in the ssh-agent)',
    )
    .action(async (person, host, options) => print(await breakGlass({ person, host, ...options })));
}

function addLog(program: Command): void {
  const log = program.command('log').description('the log of everything that changed who may do what');
  log
    .command('import')
    .description('enter what break-glass signed: all of it or nothing; each certificate is an alarm')
    .argument('<file...>', 'KEY.issued, beside the offline key')
    .addOption(directoryOption())
    .action(async (files, { dir }) => {
      for (const line of await importRecords(dir, files)) tell(line);
    });
  log
    .command('gaps')
    .description(
      'serials of offline keys that were used up and never imported; ends with 1 when there are any',
    )
    .addOption(directoryOption())
    .action(async ({ dir }) => {
      const gaps = await listGaps(dir);
      if (gaps.length > 0) fail(gaps.join('\n'));
      else print('no gaps');
    });
}

function addRestored(program: Command): void {
  program
    .command('restored')
    .description('once after a backup was put back: hosts take revocation lists again; says what else to do')
    .addOption(directoryOption())
    .action(async ({ dir }) => print(await restored(dir)));
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${printableLines(text)}\n`);
}

/** For people, beside the data. */
function tell(line: string): void {
  process.stderr.write(`usherd: ${printable(line, 2000)}\n`);
}

function fail(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
  process.exitCode = 1;
}
