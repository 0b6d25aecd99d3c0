/** c1: the types of subjects and CAs, and the forms of their signatures. */
import { WireWriter } from '../../../src/ssh/wire.ts';
import { options, strings } from '../../support/raw-certificate.ts';
import type { AgentTestKey, AgentTestKeyKind } from '../agent-key.ts';
import { testKey, testSecurityKey } from '../agent-key.ts';
import type { CertifyOptions } from '../certify.ts';
import { certify, host, keyLine } from '../certify.ts';
import { accepted, REFUSED, refused } from '../expected.ts';
import type { PamUsshCase, World } from '../scene.ts';

const KINDS: readonly AgentTestKeyKind[] = [
  'ed25519',
  'rsa1024',
  'rsa2048',
  'rsa3072',
  'rsa4096',
  'ecdsa256',
  'ecdsa384',
  'ecdsa521',
  'dsa',
];
const SECURITY_TYPES = ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const;
const NO_TOUCH_EXTENSION = { extensions: options(['no-touch-required', '']) };

/** A case with one certificate. */
function one(id: string, make: () => CertifyOptions, expected = accepted()): PamUsshCase {
  return { id: `c1 ${id}`, expected, scene: (world) => host(world, [certify(world, make())]) };
}

const subjects = KINDS.map((kind) => one(`subject ${kind}`, () => ({ subject: testKey(kind) })));

const securitySubjects = SECURITY_TYPES.flatMap((type) => [
  one(`subject ${type}`, () => ({ subject: testSecurityKey(type) })),
  one(`subject ${type} of another application`, () => ({
    subject: testSecurityKey(type, { application: 'ssh:foo' }),
  })),
  one(`subject ${type} with a PIN`, () => ({ subject: testSecurityKey(type, { signing: { flags: 5 } }) })),
  one(
    `subject ${type} that signs for another application than its own`,
    () => ({ subject: testSecurityKey(type, { signing: { application: 'ssh:other' } }) }),
    refused('signature verification failed: ssh: signature did not verify'),
  ),
  noTouch(`subject ${type} without a touch`, type, {}),
  noTouch(`subject ${type} without a touch, which the certificate allows`, type, NO_TOUCH_EXTENSION),
]);

function noTouch(
  id: string,
  type: (typeof SECURITY_TYPES)[number],
  raw: CertifyOptions['raw'] & {},
): PamUsshCase {
  const subject = (): AgentTestKey => testSecurityKey(type, { signing: { flags: 0 } });
  return {
    ...one(id, () => ({ subject: subject(), raw })),
    expectedNew: refused('signature verification failed: ssh: signature missing required user presence flag'),
  };
}

/** A case with a CA of this key. */
function byCa(id: string, make: () => AgentTestKey, caFormat?: string): PamUsshCase {
  const scene = (world: World) => {
    const key = make();
    const format = caFormat === undefined ? {} : { caFormat };
    return host(world, [certify(world, { ca: key, ...format })], { files: { ca: { text: keyLine(key) } } });
  };
  return { id: `c1 ${id}`, expected: accepted(), scene };
}

const RSA_FORMATS = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];

const authorities: readonly PamUsshCase[] = [
  ...(['ed25519', 'ecdsa256', 'ecdsa384', 'ecdsa521', 'dsa'] as const).map((kind) =>
    byCa(`CA ${kind}`, () => testKey(kind, 'ca')),
  ),
  ...(['rsa1024', 'rsa2048', 'rsa3072'] as const).flatMap((kind) =>
    RSA_FORMATS.map((format) => byCa(`CA ${kind} as ${format}`, () => testKey(kind, 'ca'), format)),
  ),
  ...SECURITY_TYPES.flatMap((type) => [
    byCa(`CA ${type}`, () => testSecurityKey(type)),
    byCa(`CA ${type} without a touch`, () => testSecurityKey(type, { signing: { flags: 0 } })),
  ]),
  {
    id: 'c1 CA in the webauthn form',
    expected: REFUSED,
    scene: (world) => {
      const key = webauthnCa();
      const identity = { ...certify(world, { ca: key }), isForOpenssh: false };
      return host(world, [identity], { files: { ca: { text: keyLine(key) } } });
    },
  },
];

/** What a browser makes of the same key: OpenSSH knows the form, x/crypto does not. */
function webauthnCa(): AgentTestKey {
  const key = testSecurityKey('sk-ecdsa-sha2-nistp256@openssh.com');
  const sign = (): Uint8Array =>
    new WireWriter()
      .string('webauthn-sk-ecdsa-sha2-nistp256@openssh.com')
      .string(strings(Uint8Array.of(1), Uint8Array.of(1)))
      .byte(1)
      .uint32(1)
      .string('https://ca.example.org')
      .string('{}')
      .string('')
      .bytes();
  return { ...key, sign };
}

export const KEY_CASES: readonly PamUsshCase[] = [...subjects, ...securitySubjects, ...authorities];
