/** c4: validity, options, type and the other fields of certificates that OpenSSH could have made. */
import { options, strings } from '../../support/raw-certificate.ts';
import type { CertifyOptions } from '../certify.ts';
import { certify, host } from '../certify.ts';
import { accepted, REFUSED } from '../expected.ts';
import type { Expected, PamUsshCase, World } from '../scene.ts';

type Row = readonly [options: CertifyOptions, expected: (world: World) => Expected];

const FOR_EVER = 2n ** 64n - 1n;

const ROWS: Readonly<Record<string, Row>> = {
  'begins in half a minute': [{ after: 30 }, REFUSED],
  'begins now': [{ after: 0 }, accepted()],
  'ended a second ago': [{ before: -1 }, REFUSED],
  'ends now': [{ before: 0 }, REFUSED],
  'always and for ever': [{ raw: { validAfter: 0n, validBefore: FOR_EVER } }, accepted()],
  'since a minute and for ever': [{ after: -60, raw: { validBefore: FOR_EVER } }, accepted()],
  'until 2^63 - 1': [{ raw: { validBefore: 2n ** 63n - 1n } }, accepted()],
  'until 2^63': [{ raw: { validBefore: 2n ** 63n } }, REFUSED],
  'until 2^64 - 2': [{ raw: { validBefore: FOR_EVER - 1n } }, REFUSED],
  'from 2^63': [{ raw: { validAfter: 2n ** 63n, validBefore: FOR_EVER } }, REFUSED],
  'from 2^64 - 1': [{ raw: { validAfter: FOR_EVER, validBefore: FOR_EVER } }, REFUSED],
  'force-command': [critical(['force-command', '/bin/true']), REFUSED],
  'verify-required': [critical(['verify-required', '']), REFUSED],
  'an unknown critical option': [critical(['x@example.org', '']), REFUSED],
  'an unknown critical option with a value': [critical(['x@example.org', 'value']), REFUSED],
  'source-address and force-command': [
    critical(['force-command', '/bin/true'], ['source-address', '192.0.2.0/24']),
    REFUSED,
  ],
  'a source-address that never matches': [critical(['source-address', '192.0.2.0/24']), accepted()],
  'a source-address that is none': [critical(['source-address', 'nonsense']), accepted()],
  'a source-address without a value': [critical(['source-address', '']), accepted()],
  'no extensions': [{}, accepted()],
  'the default extensions': [
    extensions(
      ...['X11-forwarding', 'agent-forwarding', 'port-forwarding', 'pty', 'user-rc'].map(
        (name) => [`permit-${name}`, ''] as const,
      ),
    ),
    accepted(),
  ],
  'only permit-pty': [extensions(['permit-pty', '']), accepted()],
  'an unknown extension': [extensions(['x@example.org', '']), accepted()],
  'no-touch-required on an ed25519 key': [extensions(['no-touch-required', '']), accepted()],
  'a host certificate': [{ raw: { type: 2 } }, accepted()],
  'serial 0': [{ raw: { serial: 0n } }, accepted('sudoer', { serial: 0n })],
  'serial 2^64 - 1': [{ raw: { serial: FOR_EVER } }, accepted('sudoer', { serial: FOR_EVER })],
  'an empty key id': [{ raw: { keyId: '' } }, accepted()],
  'a key id that is not UTF-8': [{ raw: { keyId: Uint8Array.of(0xff, 0xfe) } }, accepted()],
};

function critical(...all: readonly (readonly [string, string])[]): CertifyOptions {
  return { raw: { criticalOptions: options(...all) } };
}

function extensions(...all: readonly (readonly [string, string])[]): CertifyOptions {
  return { raw: { extensions: options(...all) } };
}

export const CONTENT_CASES: readonly PamUsshCase[] = [
  ...Object.entries(ROWS).map(
    ([id, [changes, expected]]): PamUsshCase => ({
      id: `c4 ${id}`,
      expected,
      scene: (world) => host(world, [certify(world, changes)]),
    }),
  ),
  {
    id: 'c4 a format in a principal',
    expected: accepted('sudoer', { first: '%s%n' }),
    scene: (world) => host(world, [certify(world, { principals: ['%s%n', world.user, 'sudoer'] })]),
  },
  {
    id: 'c4 a principal that is not UTF-8',
    expected: REFUSED,
    scene: (world) =>
      host(world, [
        certify(world, {
          raw: { principals: strings(world.user, Uint8Array.of(...Buffer.from('sudoer'), 0xff)) },
        }),
      ]),
  },
];
