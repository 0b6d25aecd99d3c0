/** c6: what an agent holds, and in which order. */
import { WireWriter } from '../../../src/ssh/wire.ts';
import { options, strings } from '../../support/raw-certificate.ts';
import { testKey } from '../agent-key.ts';
import { certify, host, plain } from '../certify.ts';
import { accepted, CAN_NOT_SIGN, REFUSED, refused, UNKNOWN_CA, UNRECOGNIZED } from '../expected.ts';
import type { Expected, PamUsshCase, SceneIdentity, World } from '../scene.ts';

type Expect = (world: World) => Expected;

/** Keys of one agent differ: OpenSSH's holds each certificate once. */
function subject(name: string) {
  return { subject: testKey('ed25519', name) };
}

const BAD: Readonly<Record<string, (world: World) => SceneIdentity>> = {
  'an expired certificate': (world) => certify(world, { ...subject('expired'), before: -60 }),
  'a certificate of another CA': (world) =>
    certify(world, { ...subject('foreign'), ca: testKey('ed25519', 'other ca') }),
  'a certificate of another user': (world) =>
    certify(world, { ...subject('other'), principals: [world.other, 'sudoer'] }),
  'a certificate with a critical option': (world) =>
    certify(world, { ...subject('critical'), raw: { criticalOptions: options(['force-command', 'x']) } }),
  'a certificate without the principal': (world) =>
    certify(world, { ...subject('login'), principals: [world.user] }),
  'a plain key': () => plain(testKey('ed25519', 'plain')),
  'a plain RSA key': () => plain(testKey('rsa2048', 'plain')),
};

const mixed = Object.entries(BAD).flatMap(([name, bad]): PamUsshCase[] => {
  const isForeign = name === 'a certificate of another CA';
  return [
    {
      id: `c6 ${name} before the good one`,
      expected: accepted('sudoer', isForeign ? { before: [UNRECOGNIZED] } : {}),
      scene: (world) => host(world, [bad(world), certify(world)]),
    },
    {
      id: `c6 ${name} behind the good one`,
      expected: accepted(),
      scene: (world) => host(world, [certify(world), bad(world)]),
    },
    {
      id: `c6 ${name} alone`,
      expected: isForeign ? UNKNOWN_CA : REFUSED,
      scene: (world) => host(world, [bad(world)]),
    },
  ];
});

/** PROTOCOL.agent: SSH_AGENT_CONSTRAIN_CONFIRM. There is no askpass, so that each use is denied. */
const CONFIRM = Uint8Array.of(2);

/** PROTOCOL.agent, restrict-destination-v00@openssh.com: this key may only be used to reach one host from here. */
function destination(): Uint8Array {
  const from = strings('', '', '');
  const to = new WireWriter()
    .raw(strings('', 'host.example.org', ''))
    .string(testKey('ed25519', 'host').blob)
    .bool(false)
    .bytes();
  const constraint = new WireWriter().string(from).string(to).string('').bytes();
  return new WireWriter()
    .byte(255)
    .string('restrict-destination-v00@openssh.com')
    .string(strings(constraint))
    .bytes();
}

function refusing(identity: SceneIdentity, constraints: Uint8Array = CONFIRM): SceneIdentity {
  return { ...identity, constraints, answer: { kind: 'failure' } };
}

const order: readonly PamUsshCase[] = [
  ...listed('all of these', [...Object.values(BAD)], UNKNOWN_CA),
  ...listed(
    '30 useless certificates before the good one',
    [
      ...[...Array(30).keys()].map(
        (n) => (world: World) => certify(world, { ...subject(`useless ${n}`), principals: [world.user] }),
      ),
      (world) => certify(world),
    ],
    accepted(),
  ),
  ...listed(
    'one that must be confirmed, before the good one',
    [confirmed(), (world) => certify(world)],
    CAN_NOT_SIGN,
  ),
  ...listed(
    'one that must be confirmed and lacks the principal, before the good one',
    [confirmed({ hasPrincipal: false }), (world) => certify(world)],
    CAN_NOT_SIGN,
  ),
  ...listed(
    'one that must be confirmed, behind the good one',
    [(world) => certify(world), confirmed()],
    accepted(),
  ),
  ...listed(
    'one that must be confirmed and has ended, before the good one',
    [confirmed({ before: -60 }), (world) => certify(world)],
    accepted(),
  ),
  ...listed(
    'one that is bound to a destination, before the good one',
    [(world) => refusing(certify(world, subject('bound')), destination()), (world) => certify(world)],
    CAN_NOT_SIGN,
  ),
  ...listed(
    'one with a lifetime',
    [(world) => ({ ...certify(world), constraints: new WireWriter().byte(1).uint32(3600).bytes() })],
    accepted(),
  ),
  ...listed(
    'a certificate beside its plain key',
    [() => plain(testKey('ed25519', 'subject')), (world) => certify(world)],
    accepted(),
  ),
  ...listed('nothing', [], refused('No certs loaded.')),
];

function listed(
  id: string,
  identities: readonly ((world: World) => SceneIdentity)[],
  expected: Expect,
): readonly PamUsshCase[] {
  return [
    {
      id: `c6 ${id}`,
      expected,
      scene: (world) =>
        host(
          world,
          identities.map((make) => make(world)),
        ),
    },
  ];
}

function confirmed({ hasPrincipal = true, before = 3600 } = {}): (world: World) => SceneIdentity {
  return (world) =>
    refusing(
      certify(world, {
        ...subject('confirmed'),
        before,
        principals: hasPrincipal ? [world.user, 'sudoer'] : [world.user],
      }),
    );
}

export const AGENT_CASES: readonly PamUsshCase[] = [...mixed, ...order];
