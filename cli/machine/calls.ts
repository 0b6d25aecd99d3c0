/** What a host asks of its authority: each call is a document that its own key signs. */
import { hex } from '@scure/base';
import type { BundleStatement } from '../../src/fleet/host/bundle-statement.ts';
import { MAX_SIGNED_BUNDLE_CHARACTERS } from '../../src/fleet/host/bundle-statement.ts';
import { MAX_CERTIFICATES_REPLY_CHARACTERS } from '../../src/fleet/host/certificates-reply.ts';
import { formatFetch } from '../../src/fleet/host/fetch-document.ts';
import type { HostCall } from '../../src/fleet/host/host-call.ts';
import { HOST_MEDIA_TYPE } from '../../src/http/contract/hosts.ts';
import { Client } from '../authority/client.ts';
import { signDocument } from './host-keys.ts';
import type { Machine } from './machine.ts';

const NONCE_BYTES = 16;
/** Nothing is expected, and what comes is not read. */
const MAX_NO_REPLY_BYTES = 4096;

/** @throws UsherCommandError `unreachable`, `refused`, `bad-reply` */
export async function askForCertificates(
  { surroundings, settings }: Pick<Machine, 'surroundings' | 'settings'>,
  body: string,
): Promise<string> {
  const client = new Client(settings.authority, surroundings);
  const most = MAX_CERTIFICATES_REPLY_CHARACTERS;
  return asText(await send(client, '/v1/hosts/certificates', body, most));
}

/** The signed statement about the files of this host. */
export async function fetchStatement(machine: Machine): Promise<string> {
  return asText(await sendFetch(machine, '/v1/hosts/bundle', MAX_SIGNED_BUNDLE_CHARACTERS));
}

export async function fetchArchive(
  machine: Machine,
  { filesHash, filesSize }: BundleStatement,
): Promise<Uint8Array> {
  return sendFetch(machine, `/v1/hosts/files/${filesHash}`, filesSize);
}

export async function sendReport(machine: Machine, text: string): Promise<void> {
  const client = new Client(machine.settings.authority, machine.surroundings);
  await send(client, '/v1/hosts/report', signDocument(text, [machine.keys[0]]), MAX_NO_REPLY_BYTES);
}

/** What every call says: who calls whom, when, and something that is never said twice. */
export function callOf({ surroundings, settings }: Pick<Machine, 'surroundings' | 'settings'>): HostCall {
  return {
    authority: settings.authority,
    host: settings.host,
    time: surroundings.now(),
    nonce: hex.encode(surroundings.randomBytes(NONCE_BYTES)),
  };
}

function sendFetch(machine: Machine, target: string, maxReplyBytes: number): Promise<Uint8Array> {
  const client = new Client(machine.settings.authority, machine.surroundings);
  return send(client, target, signDocument(formatFetch(callOf(machine)), [machine.keys[0]]), maxReplyBytes);
}

function send(client: Client, target: string, text: string, maxReplyBytes: number): Promise<Uint8Array> {
  return client.sendDocument({ target, contentType: HOST_MEDIA_TYPE, text, maxReplyBytes });
}

/** Whatever is not ASCII no document has. */
function asText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
