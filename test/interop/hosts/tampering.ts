/** What an authority that went wrong, or somebody on the way, may say to a host: some with the right signature, to see what is refused behind it. */
import { createHash } from 'node:crypto';
import type { HostArchive } from '../../../src/fleet/host/archive.ts';
import { packFiles, unpackFiles } from '../../../src/fleet/host/archive.ts';
import type { BundleStatement } from '../../../src/fleet/host/bundle-statement.ts';
import {
  formatBundleStatement,
  HOST_BUNDLE_NAMESPACE,
  openBundleStatement,
} from '../../../src/fleet/host/bundle-statement.ts';
import { joinSigned } from '../../../src/fleet/host/signed-document.ts';
import type { PrivateKey } from '../../../src/ssh/private-key.ts';
import { signSshsig } from '../../../src/ssh/sshsig.ts';
import { newKey } from '../../authority/scene.ts';
import type { Meddling, RelayedReply } from '../../support/relay.ts';
import type { Fleet } from './fleet.ts';

const BUNDLE = '/v1/hosts/bundle';
const FILES = '/v1/hosts/files/';
export const CERTIFICATES = '/v1/hosts/certificates';
export const REPORT = '/v1/hosts/report';

/** Changes what is said at an address that begins so. */
export function saying(path: string, change: (reply: RelayedReply) => RelayedReply | 'lost'): Meddling {
  return (request, reply) => (request.path.startsWith(path) ? change(reply) : reply);
}

export function instead(
  body: string | Uint8Array,
  status = 200,
  type = 'text/plain',
): (reply: RelayedReply) => RelayedReply {
  return () => ({ status, type, body: typeof body === 'string' ? new TextEncoder().encode(body) : body });
}

/** A statement that says something else, and is signed again, by the bundle key or another one. */
export function stating(
  { bundleKey }: Fleet,
  change: (statement: BundleStatement) => BundleStatement,
  signer: PrivateKey = bundleKey,
): Meddling {
  return saying(BUNDLE, (reply) => {
    const statement = openBundleStatement(Buffer.from(reply.body).toString(), bundleKey.publicKey);
    return { ...reply, body: signed(change(statement), signer) };
  });
}

export function unsigned(): Meddling {
  return saying(BUNDLE, (reply) => ({
    ...reply,
    body: Buffer.from(
      Buffer.from(reply.body)
        .toString()
        .replace(/^number (\d)/m, 'number 9'),
    ),
  }));
}

export function signedByAnother(fleet: Fleet): Meddling {
  return stating(fleet, (statement) => statement, newKey());
}

/** Repeats what was said when it was made. */
export async function replaying(remembered: Meddled): Promise<Meddling> {
  return (request, reply) => remembered.replies.get(request.path) ?? reply;
}

interface Meddled {
  readonly replies: Map<string, RelayedReply>;
}

/** Keeps every reply, to say it again later. */
export function remembering(): Meddled & { readonly meddle: Meddling } {
  const replies = new Map<string, RelayedReply>();
  return {
    replies,
    meddle: (request, reply) => {
      replies.set(request.path, reply);
      return reply;
    },
  };
}

/** Other bytes instead of the archive, that the statement does not name. */
export function otherBytes(): Meddling {
  return saying(FILES, (reply) => ({
    ...reply,
    body: reply.body.map((byte, index) => (index === 700 ? byte ^ 1 : byte)),
  }));
}

/** Another archive, with a statement that names it and is signed by the bundle key. */
export function archive(fleet: Fleet, change: (tar: Uint8Array) => Uint8Array): Meddling {
  let original: Uint8Array | undefined;
  let changed = new Uint8Array();
  return async (request, reply) => {
    if (request.path.startsWith(FILES)) return { status: 200, type: 'application/x-tar', body: changed };
    if (request.path !== BUNDLE) return reply;
    const text = Buffer.from(reply.body).toString();
    const statement = openBundleStatement(text, fleet.bundleKey.publicKey);
    original = await fleet.archiveFor(request.body, statement.filesHash);
    changed = new Uint8Array(change(original));
    const filesHash = createHash('sha256').update(changed).digest('hex');
    return {
      ...reply,
      body: signed({ ...statement, filesHash, filesSize: changed.length }, fleet.bundleKey),
    };
  };
}

/** The same with other contents of its files; undefined: a file is missing. */
export function files(
  fleet: Fleet,
  change: (files: HostArchive) => Readonly<Record<string, Uint8Array | undefined>>,
): Meddling {
  return archive(fleet, (tar) => {
    const before = unpackFiles(tar);
    const after = Object.entries({ ...before, ...change(before) });
    return packFiles(Object.fromEntries(after.filter(([, data]) => data !== undefined)));
  });
}

/** An archive with one more entry in front, as only a program of an attacker writes it. */
export function withEntry(entry: TarEntry): (tar: Uint8Array) => Uint8Array {
  return (tar) => Buffer.concat([tarEntry(entry), tar]);
}

interface TarEntry {
  readonly name: string;
  readonly data?: string;
  /** "2" is a symbolic link. */
  readonly type?: string;
  readonly link?: string;
  /** What the header says, whatever there is. */
  readonly size?: number;
}

function tarEntry({ name, data = '', type = '0', link = '', size = data.length }: TarEntry): Uint8Array {
  const block = Buffer.alloc(512 + Math.ceil(data.length / 512) * 512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(name, 0);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(link, 157);
  block.write('ustar\0' + '00', 257);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(octal(sum, 7), 148);
  block.write(data, 512);
  return block;
}

function signed(statement: BundleStatement, signer: PrivateKey): Uint8Array {
  const text = formatBundleStatement(statement);
  const signature = signSshsig(signer, HOST_BUNDLE_NAMESPACE, new TextEncoder().encode(text));
  return new TextEncoder().encode(joinSigned(text, [signature]));
}
