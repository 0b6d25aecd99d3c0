/**
 * `usherd break-glass`: certificates for an emergency, signed by an offline CA key. It needs neither the service nor its directory nor its
 * store; what it signs is recorded beside the key before it is handed out, for `usherd log import`.
 */
import { base64urlnopad } from '@scure/base';
import type { BreakGlass, BreakGlassPurpose } from '../authority/break-glass.ts';
import {
  assertBreakGlass,
  assertReason,
  draftBreakGlass,
  MAX_LIFETIME,
  readBreakGlass,
} from '../authority/break-glass.ts';
import { formatRecord } from '../authority/break-glass-record.ts';
import { serialRange } from '../authority/break-glass-serials.ts';
import type { CaSigner, Clock, Random } from '../authority/ports.ts';
import { CommandError } from '../command-error.ts';
import { readKey, systemClock, systemRandom } from '../compose.ts';
import { fileSigner } from '../signer/file.ts';
import type { Certificate } from '../ssh/certificate.ts';
import { assembleCertificate, decodeCertificate } from '../ssh/certificate.ts';
import { parseDuration } from '../ssh/duration.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import type { Delivery, SignedForPurpose } from './break-glass-delivery.ts';
import { agentDelivery, fileDelivery } from './break-glass-delivery.ts';
import { appendRecords, takeSerials } from './break-glass-files.ts';
import { isoTime } from './credential-view.ts';

export interface BreakGlassOptions {
  readonly person: string;
  readonly host: string;
  /** The file of the offline key. */
  readonly ca: string;
  readonly reason: string;
  readonly login?: string;
  readonly purpose: BreakGlassPurpose | 'both';
  /** How long, as people write it. */
  readonly for?: string;
  /** The file of a public key. */
  readonly key?: string;
}

/** What a test puts around the ports; each is as it is when absent. */
export interface BreakGlassPorts {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly signer?: (signer: CaSigner) => CaSigner;
}

/** @returns what to tell the person. @throws before a serial is used, for whatever can be known then. */
export async function breakGlass(options: BreakGlassOptions, ports: BreakGlassPorts = {}): Promise<string> {
  const { clock = systemClock, random = systemRandom, signer: change = (signer) => signer } = ports;
  const asked = askedFor(options, clock.now(), base64urlnopad.encode(random.bytes(16)));
  const delivery = await openDelivery(options, { clock, random });
  try {
    const signer = change(fileSigner(await readKey(options.ca, 'break-glass')));
    const drafts = await draftAll(options, { asked, delivery, random, authority: signer.publicKey });
    const signed = await signAll(signer, drafts);
    const record = await appendRecords(options.ca, recordsOf(signed, clock.now(), options.reason));
    return summary(signed, await delivery.deliver(signed), record);
  } finally {
    delivery.close();
  }
}

function askedFor(options: BreakGlassOptions, now: number, id: string): readonly BreakGlass[] {
  const { person, host, login = person, purpose, reason } = options;
  assertReason(reason);
  const purposes = purpose === 'both' ? (['login', 'sudo'] as const) : [purpose];
  const lifetime = lifetimeOf(options);
  const asked = purposes.map((each) => ({ purpose: each, person, login, host, id, signedAt: now, lifetime }));
  asked.forEach(assertBreakGlass);
  return asked;
}

function lifetimeOf({ for: text }: BreakGlassOptions): number {
  const lifetime = text === undefined ? MAX_LIFETIME : parseDuration(text);
  if (lifetime === undefined) throw new CommandError(`"${text}" is no time span: write it like 30m or 1h`);
  return lifetime;
}

function openDelivery(
  { key }: BreakGlassOptions,
  ports: Pick<Required<BreakGlassPorts>, 'clock' | 'random'>,
): Promise<Delivery> {
  return key === undefined ? agentDelivery(process.env['SSH_AUTH_SOCK'], ports) : fileDelivery(key);
}

interface Wanted {
  readonly asked: readonly BreakGlass[];
  readonly delivery: Delivery;
  readonly random: Random;
  readonly authority: PublicKey;
}

interface Draft {
  readonly purpose: BreakGlassPurpose;
  readonly draft: Uint8Array;
}

/** Tried with the first serial there is, so that what can not be drafted uses none. */
async function draftAll(
  { ca }: BreakGlassOptions,
  { asked, delivery, random, authority }: Wanted,
): Promise<readonly Draft[]> {
  const draftWith = (serials: readonly bigint[]) =>
    asked.map((what, index): Draft => {
      const { purpose } = what;
      const serial = serials[index] ?? serialRange(authority).first;
      const keys = { subject: delivery.subject(purpose), authority, serial, nonce: random.bytes(32) };
      return { purpose, draft: draftBreakGlass(what, keys) };
    });
  draftWith([]);
  return draftWith(await takeSerials(ca, authority, asked.length));
}

async function signAll(signer: CaSigner, drafts: readonly Draft[]): Promise<readonly SignedForPurpose[]> {
  const signed: SignedForPurpose[] = [];
  for (const { purpose, draft } of drafts) signed.push({ purpose, certificate: await sign(signer, draft) });
  return signed;
}

/** Read back and checked as the import will: what could not be entered into the log is not handed out. */
async function sign(signer: CaSigner, draft: Uint8Array): Promise<Certificate> {
  const certificate = decodeCertificate(assembleCertificate(draft, await signer.sign(draft)));
  readBreakGlass(certificate, [signer.publicKey]);
  return certificate;
}

function recordsOf(signed: readonly SignedForPurpose[], now: number, reason: string): string {
  return signed.map(({ certificate }) => formatRecord(now, reason, certificate)).join('');
}

function summary(signed: readonly SignedForPurpose[], places: readonly string[], record: string): string {
  const lines = signed.map(({ purpose, certificate: { fields } }, index) =>
    [`  ${purpose.padEnd(5)}`, `serial ${fields.serial}`, fields.principals.join(','), places[index]].join(
      '  ',
    ),
  );
  const [first] = signed;
  const until = isoTime(Number(first?.certificate.fields.validBefore ?? 0n));
  return [
    `signed ${first?.certificate.fields.keyId}, until ${until}`,
    ...lines,
    `recorded in ${record}: enter it into the log as soon as the authority is back (usherd log import)`,
  ].join('\n');
}
