/** The settings of `usherd`, from `usherd.yaml` in its directory. All faults are told at once, each with its name. */
import { isAbsolute, join } from 'node:path';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import type { Purpose } from './authority/purpose.ts';
import { parseCidr } from './policy/cidr.ts';
import { LOOPBACK_NETWORKS } from './policy/network.ts';
import { mayBeAuthority } from './ssh/origin.ts';

const strict = { additionalProperties: false } as const;
const Path = Type.String({ minLength: 1 });

const Signer = Type.Union([
  Type.Object({ file: Path, passphrase_file: Type.Optional(Path) }, strict),
  Type.Object({ agent: Path, public_key: Path }, strict),
]);

/** More than one: others that take its place when they are made to, one after the other. */
const Signers = Type.Union([Signer, Type.Array(Signer, { minItems: 1, maxItems: 4 })]);

const ConfigFile = Type.Object(
  {
    origin: Type.String(),
    rp_id: Type.Optional(Type.String({ pattern: '^[a-z0-9.-]{1,253}$' })),
    listen: Type.Optional(Type.String({ pattern: '^(\\[[0-9a-f:]+\\]|[0-9a-z.-]+):[0-9]{1,5}$' })),
    trusted_proxies: Type.Optional(Type.Array(Type.String())),
    metrics_from: Type.Optional(Type.Array(Type.String())),
    tls: Type.Optional(Type.Object({ certificate: Path, key: Path }, strict)),
    signers: Type.Object(
      // "touch": security keys of people sign, which the roster names (sudo_ca).
      { login: Signers, sudo: Type.Union([Signers, Type.Literal('touch')]), builder: Signers, host: Signers },
      strict,
    ),
    break_glass: Type.Optional(Type.Array(Path, { maxItems: 4 })),
    limits: Type.Optional(
      Type.Object(
        {
          requests_per_minute: Type.Optional(Type.Integer({ minimum: 1 })),
          per_person_hourly: Type.Optional(Type.Integer({ minimum: 1 })),
          waiting_per_person: Type.Optional(Type.Integer({ minimum: 1 })),
          pending_total: Type.Optional(Type.Integer({ minimum: 10 })),
          pending_per_address: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        strict,
      ),
    ),
  },
  strict,
);

export type KeySignerConfig =
  | { readonly kind: 'file'; readonly path: string; readonly passphraseFile?: string }
  | { readonly kind: 'agent'; readonly socket: string; readonly publicKeyPath: string };

export interface Config {
  readonly directory: string;
  /** As browsers write it; https, or http on this machine only. */
  readonly origin: string;
  readonly rpId: string;
  readonly host: string;
  readonly port: number;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** Networks that may read `/metrics`. */
  readonly metricsFrom: readonly string[];
  readonly tls?: { readonly certificatePath: string; readonly keyPath: string };
  readonly signers: SignerConfigs;
  /** Files with the public halves of CA keys that are kept away from here, for emergencies. */
  readonly breakGlassPaths: readonly string[];
  readonly limits: Limits;
}

/** "touch": people's security keys sign for sudo, and the authority has no key for it. */
export type SignerConfigs = Readonly<Record<Exclude<Purpose, 'sudo'>, readonly KeySignerConfig[]>> & {
  readonly sudo: readonly KeySignerConfig[] | 'touch';
};

export interface Limits {
  /** Of one network address. */
  readonly requestsPerMinute: number;
  /** Certificates; counted after verified touches only. */
  readonly perPersonHourly: number;
  /** Requests of one person that wait for approval at the same time. */
  readonly waitingPerPerson: number;
  readonly pendingTotal: number;
  readonly pendingPerAddress: number;
}

const DEFAULT_LIMITS: Limits = {
  requestsPerMinute: 600,
  perPersonHourly: 120,
  waitingPerPerson: 8,
  pendingTotal: 50_000,
  pendingPerAddress: 50,
};
const DEFAULT_LISTEN = '127.0.0.1:8022';

export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(`usherd.yaml has faults:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** @throws ConfigError that names every fault. Relative paths are meant from `directory`. */
export function parseConfig(text: string, directory: string): Config {
  const file = readFile(text);
  const faults = [...originFaults(file), ...listenFaults(file), ...networkFaults(file)];
  if (faults.length > 0) throw new ConfigError(faults);
  const url = new URL(file.origin);
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(file.listen ?? DEFAULT_LISTEN) ?? [];
  const at = (path: string): string => (isAbsolute(path) ? path : join(directory, path));
  return {
    directory,
    origin: file.origin,
    rpId: file.rp_id ?? url.hostname,
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    trustedProxies: file.trusted_proxies ?? [],
    metricsFrom: file.metrics_from ?? LOOPBACK_NETWORKS,
    ...(file.tls === undefined
      ? {}
      : { tls: { certificatePath: at(file.tls.certificate), keyPath: at(file.tls.key) } }),
    signers: signersOf(file, at),
    breakGlassPaths: (file.break_glass ?? []).map(at),
    limits: limitsOf(file),
  };
}

type ConfigFile = Static<typeof ConfigFile>;

function readFile(text: string): ConfigFile {
  const value: unknown = parseYaml(text);
  if (Value.Check(ConfigFile, value)) return value;
  throw new ConfigError(
    [...Value.Errors(ConfigFile, value)].map(
      ({ instancePath, message }) => `${instancePath || '/'} ${message}`,
    ),
  );
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new ConfigError([cause instanceof Error ? cause.message : 'it is not YAML']);
  }
}

function originFaults({ origin, rp_id: rpId }: ConfigFile): readonly string[] {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    return ['/origin must be like https://ca.example.org: no path, no slash at the end, lower case'];
  if (!mayBeAuthority(new URL(origin)))
    return ['/origin must begin with https:// (http:// is for localhost only: browsers touch nowhere else)'];
  const { hostname } = new URL(origin);
  if (rpId !== undefined && hostname !== rpId && !hostname.endsWith(`.${rpId}`))
    return [`/rp_id must be ${hostname} or a parent domain of it`];
  return [];
}

function listenFaults({ listen = DEFAULT_LISTEN }: ConfigFile): readonly string[] {
  const port = Number(listen.slice(listen.lastIndexOf(':') + 1));
  return port >= 1 && port <= 65_535 ? [] : [`/listen names port ${port}: there are 1 to 65535`];
}

/** A proxy that is not meant here could choose from which address requests seem to come. */
function networkFaults(file: ConfigFile): readonly string[] {
  return (['trusted_proxies', 'metrics_from'] as const).flatMap((name) =>
    (file[name] ?? []).flatMap((text, index) => {
      const network = parseCidr(text);
      return typeof network === 'string' ? [`/${name}/${index} ${network}`] : [];
    }),
  );
}

function signersOf({ signers }: ConfigFile, at: (path: string) => string): SignerConfigs {
  const each = (one: Static<typeof Signers>) => [one].flat().map((signer) => signerOf(signer, at));
  return {
    login: each(signers.login),
    sudo: signers.sudo === 'touch' ? 'touch' : each(signers.sudo),
    builder: each(signers.builder),
    host: each(signers.host),
  };
}

function signerOf(signer: Static<typeof Signer>, at: (path: string) => string): KeySignerConfig {
  if ('agent' in signer)
    return { kind: 'agent', socket: at(signer.agent), publicKeyPath: at(signer.public_key) };
  const { file, passphrase_file: passphraseFile } = signer;
  const path = at(file);
  return passphraseFile === undefined
    ? { kind: 'file', path }
    : { kind: 'file', path, passphraseFile: at(passphraseFile) };
}

function limitsOf({ limits = {} }: ConfigFile): Limits {
  return {
    requestsPerMinute: limits.requests_per_minute ?? DEFAULT_LIMITS.requestsPerMinute,
    perPersonHourly: limits.per_person_hourly ?? DEFAULT_LIMITS.perPersonHourly,
    waitingPerPerson: limits.waiting_per_person ?? DEFAULT_LIMITS.waitingPerPerson,
    pendingTotal: limits.pending_total ?? DEFAULT_LIMITS.pendingTotal,
    pendingPerAddress: limits.pending_per_address ?? DEFAULT_LIMITS.pendingPerAddress,
  };
}
