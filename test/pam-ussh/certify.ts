/** Certificates for the table, well formed or not, and the agents and hosts around them. */
import { randomBytes } from 'node:crypto';
import { base64 } from '@scure/base';
import { WireWriter } from '../../src/ssh/wire.ts';
import { generateSigner } from '../support/keys.ts';
import type { RawFields } from '../support/raw-certificate.ts';
import { rawDraft, strings } from '../support/raw-certificate.ts';
import type { AgentTestKey } from './agent-key.ts';
import { testKey } from './agent-key.ts';
import { SERIAL } from './expected.ts';
import type { Scene, SceneIdentity, World } from './scene.ts';

export interface CertifyOptions {
  readonly subject?: AgentTestKey;
  readonly ca?: AgentTestKey;
  /** The format of the CA's signature, for RSA; else the one of its kind. */
  readonly caFormat?: string;
  readonly principals?: readonly (string | Uint8Array)[];
  /** Seconds from now. */
  readonly after?: number;
  readonly before?: number;
  /** Fields as they stand on the wire, by no rules. */
  readonly raw?: Partial<RawFields>;
  /** Instead of the CA's signature over the draft. */
  readonly signature?: (draft: Uint8Array) => Uint8Array;
}

export function ca(): AgentTestKey {
  return testKey('ed25519', 'ca');
}

/** `rawDraft` wants somebody whose key it would name; the raw field `authority` names the real one. */
const NOBODY = generateSigner('ssh-ed25519');

/** An identity with a good sudo certificate, and the changes that a case wants. */
export function certify(world: World, options: CertifyOptions = {}): SceneIdentity {
  const key = options.subject ?? testKey('ed25519', 'subject');
  const authority = options.ca ?? ca();
  const draft = rawDraft(NOBODY, {
    typeName: `${key.type.replace('@openssh.com', '')}-cert-v01@openssh.com`,
    nonce: randomBytes(32),
    subject: key.fields,
    serial: SERIAL,
    keyId: 'sudo:test',
    principals: strings(...(options.principals ?? [world.user, 'sudoer'])),
    validAfter: BigInt(world.now + (options.after ?? -300)),
    validBefore: BigInt(world.now + (options.before ?? 3600)),
    extensions: new Uint8Array(),
    authority: authority.blob,
    ...options.raw,
  });
  const sign =
    options.signature ??
    ((bytes: Uint8Array) => authority.sign(bytes, options.caFormat ?? caFormatOf(authority)));
  return { blob: new WireWriter().raw(draft).string(sign(draft)).bytes(), key };
}

/** OpenSSH's default. */
function caFormatOf({ type }: AgentTestKey): string {
  return type === 'ssh-rsa' ? 'rsa-sha2-512' : type;
}

export function plain(key: AgentTestKey): SceneIdentity {
  return { blob: key.blob, key };
}

/** As a line of a .pub file. */
export function keyLine(key: AgentTestKey, comment = 'ca'): string {
  return [key.type, base64.encode(key.blob), comment].filter((part) => part !== '').join(' ');
}

export const PRINCIPALS = 'authorized_principals=sudoer,sudoer@myhost';

/** The host of the measurements: one CA, `sudoer` and `sudoer@myhost`. */
export function host(
  world: World,
  identities: readonly SceneIdentity[],
  changes: Partial<Scene> = {},
): Scene {
  return {
    moduleArguments: [`ca_file=${world.directory}/ca`, PRINCIPALS],
    agent: { kind: 'identities', identities },
    ...changes,
    files: { ca: { text: `${keyLine(ca())}\n` }, ...changes.files },
  };
}
