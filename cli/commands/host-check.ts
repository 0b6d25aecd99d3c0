/** `usher host check`: which certificates a host shows, and whether ssh takes them. */
import { Command } from 'commander';
import type { NamedHost } from '../../src/fleet/known-hosts.ts';
import type { Certificate } from '../../src/ssh/certificate.ts';
import { keyInWords } from '../../src/ssh/key-words.ts';
import { printable } from '../../src/ssh/printable.ts';
import { openEnrolled } from '../authority/enrolled.ts';
import type { VerifiedKnownHosts } from '../authority/known-hosts.ts';
import { ensureKnownHostsFiles } from '../authority/known-hosts-files.ts';
import { loadKnownHosts } from '../authority/load-known-hosts.ts';
import { readSshConfig } from '../doctor/ssh-config.ts';
import { UsherCommandError } from '../error.ts';
import { faultOfHostCertificate, namesOf, validity } from '../hosts/host-certificate.ts';
import type { Address } from '../hosts/meet-host.ts';
import { askSsh, scanCertificates } from '../hosts/meet-host.ts';
import type { Surroundings } from '../surroundings.ts';
import { say, writeData } from '../terminal.ts';
import { findHost } from './export-trust.ts';

interface CheckOptions {
  readonly port?: string;
  readonly authority?: string;
}

const DEFAULT_PORT = 22;

export function hostCheckCommand(surroundings: Surroundings): Command {
  return new Command('check')
    .description(
      'connect to a host without logging in: which certificates it shows, and whether ssh takes them',
    )
    .argument('<name>', 'of the host, as the roster or clients name it')
    .option('--port <number>', 'where its sshd listens (default: as ssh is configured)')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)')
    .action((name: string, options: CheckOptions) => checkHost(surroundings, name, options));
}

async function checkHost(surroundings: Surroundings, name: string, options: CheckOptions): Promise<void> {
  const port = portOf(options.port);
  const enrolled = await openEnrolled(surroundings, options.authority);
  const list = await loadKnownHosts(enrolled);
  const host = findHost(list, name);
  const address = await addressOf(surroundings, name, host, port);
  const certificates = await scanCertificates(surroundings, address);
  const faults = certificates.map((certificate) => describe(surroundings, certificate, host, list));
  const { isTaken, said } = await askSsh(surroundings, address, host, await ensureKnownHostsFiles(enrolled));
  const isAnyGood = faults.includes(undefined);
  if (isTaken && isAnyGood) return say(surroundings, `ssh takes ${name} by its certificate`);
  throw refusedHost(name, isTaken, isAnyGood ? said : inWords(faults[0], said));
}

/** @returns what is wrong with it. */
function describe(
  surroundings: Surroundings,
  certificate: Certificate,
  host: NamedHost,
  list: VerifiedKnownHosts,
): string | undefined {
  const { serial, subject, principals } = certificate.fields;
  const fault = faultOfHostCertificate(certificate, host, list, surroundings.now());
  const what = `certificate ${serial} (${keyInWords(subject)}) for ${namesOf(principals)}, ${validity(certificate)}`;
  writeData(surroundings, printable(`${what}: ${fault === undefined ? 'good' : `it ${fault}`}`, 4000));
  return fault;
}

/** As the person reaches it; a name of the roster alone may stand in no directory of names. */
async function addressOf(
  surroundings: Surroundings,
  name: string,
  { names }: NamedHost,
  port: number | undefined,
): Promise<Address> {
  const config = await readSshConfig(surroundings, name);
  const configured = config.get('hostname') ?? name;
  const isReached = names.includes(name) || configured !== name;
  const [first = name] = names;
  return {
    name: isReached ? name : first,
    hostName: isReached ? configured : first,
    port: port ?? Number(config.get('port') ?? DEFAULT_PORT),
  };
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsherCommandError('usage', `"${text}" is no port`);
}

function inWords(fault: string | undefined, said: string): string {
  return fault === undefined ? `it shows no certificate; ssh says: ${said}` : `its certificate ${fault}`;
}

/** Some versions of ssh take what no authority should have issued: a certificate without names. */
function refusedHost(name: string, isTaken: boolean, why: string): UsherCommandError {
  const verdict = isTaken ? `ssh takes ${name}, and should not` : `ssh does not take ${name}`;
  return new UsherCommandError('refused', `${verdict}: ${why}`, {
    hint: 'on the host, as root: usher host sync; what it reported last: usher host list',
  });
}
