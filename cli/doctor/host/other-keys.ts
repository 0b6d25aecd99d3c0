/** Which CA keys of other purposes this host knows: whoever has a certificate from one of those must get no sudo with it. */
import { base64 } from '@scure/base';
import { OFFLINE_COMMENT } from '../../../src/fleet/ca-file.ts';
import { parseCaFile } from '../../../src/pam-ussh/ca-file.ts';
import { decodeCertificate } from '../../../src/ssh/certificate.ts';
import { encodePublicKey } from '../../../src/ssh/public-key.ts';
import type { VerifiedBundle } from '../../authority/bundle.ts';
import type { OtherKey } from './ca-file.ts';
import type { HostFiles } from './files.ts';
import { linesOf, textOf } from './files.ts';
import type { SshdConfig } from './sshd.ts';
import { settingOf } from './sshd.ts';

const DIRECTORY = '/etc/ssh/usher';
const LOGIN_CA = `${DIRECTORY}/login_ca.pub`;
const SUDO_CA = `${DIRECTORY}/sudo_ca.pub`;
const KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts';

export function otherKeys(
  files: HostFiles,
  config: SshdConfig | undefined,
  bundle: VerifiedBundle | undefined,
): readonly OtherKey[] {
  const emergency = emergencyKeys(files);
  const sudo = new Set(keysOf(files, SUDO_CA).map(({ blob }) => base64.encode(blob)));
  const trusted = config && settingOf(config, 'trustedusercakeys');
  return [
    ...keysOf(files, LOGIN_CA)
      .filter(({ blob }) => !emergency.has(base64.encode(blob)))
      .map(({ blob }) => ({ blob, what: `a login CA (${LOGIN_CA})` })),
    ...hostAuthorities(files),
    ...(config?.get('hostcertificate') ?? []).flatMap((path) => authorityOf(files, path)),
    ...ofBundle(bundle),
    ...(trusted === undefined ? [] : keysOf(files, trusted))
      // A key for sudo that sshd trusts is sshd's fault, and said there.
      .filter(({ blob }) => !sudo.has(base64.encode(blob)))
      .map(({ blob }) => ({ blob, what: `a CA key of sshd's logins (${trusted})` })),
  ];
}

/** Those for logins and for sudo alike: kept offline, and named so in the file that usher exports. In base64. */
export function emergencyKeys(files: HostFiles): ReadonlySet<string> {
  const offline = keysOf(files, LOGIN_CA).filter(({ comment }) => comment === OFFLINE_COMMENT);
  return new Set(offline.map(({ blob }) => base64.encode(blob)));
}

interface KnownKey {
  readonly blob: Uint8Array;
  readonly comment: string;
}

function keysOf(files: HostFiles, path: string): readonly KnownKey[] {
  const fact = files.read(path);
  if (fact.kind !== 'bytes') return [];
  return parseCaFile(fact.bytes).keys.map(({ key: { blob }, comment }) => ({ blob, comment }));
}

/** `@cert-authority *.example.org ssh-ed25519 AAAA…`: the host CAs that this machine trusts. */
function hostAuthorities(files: HostFiles): readonly OtherKey[] {
  return linesOf(textOf(files, KNOWN_HOSTS) ?? '').flatMap((line) => {
    const [marker, , , encoded = ''] = line.trim().split(/\s+/);
    const blob = marker === '@cert-authority' ? tryBase64(encoded) : undefined;
    return blob === undefined ? [] : [{ blob, what: `a host CA (${KNOWN_HOSTS})` }];
  });
}

function authorityOf(files: HostFiles, path: string): readonly OtherKey[] {
  const blob = tryBase64((textOf(files, path) ?? '').split(/\s+/)[1] ?? '');
  if (blob === undefined) return [];
  try {
    const { authority } = decodeCertificate(blob).fields;
    return [{ blob: encodePublicKey(authority), what: `the host CA that signed ${path}` }];
  } catch {
    // A certificate that we can not read says nothing about sudo.
    return [];
  }
}

function ofBundle(bundle: VerifiedBundle | undefined): readonly OtherKey[] {
  const keys = (bundle?.caKeys ?? []).filter(
    ({ purpose, state }) => purpose !== 'sudo' && state !== 'offline',
  );
  return keys.map(({ purpose, key }) => ({
    blob: encodePublicKey(key),
    what: `a ${purpose} CA key of ${bundle?.rpId ?? ''}`,
  }));
}

function tryBase64(text: string): Uint8Array | undefined {
  try {
    return text === '' ? undefined : base64.decode(text);
  } catch {
    return undefined;
  }
}
