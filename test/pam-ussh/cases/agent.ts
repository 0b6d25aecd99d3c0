/** c6: what an agent holds, in which order, and how it fails. */
import { WireWriter } from '../../../src/ssh/wire.ts';
import { options, strings } from '../../support/raw-certificate.ts';
import { testKey } from '../agent-key.ts';
import { certify, host, plain } from '../certify.ts';
import { accepted, HANGS, panics, REFUSED, refused, UNKNOWN_CA, UNRECOGNIZED } from '../expected.ts';
import type { Expected, PamUsshCase, SceneAgent, SceneAnswer, SceneIdentity, World } from '../scene.ts';

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
const CAN_NOT_SIGN = refused('error signing data: agent: failed to sign challenge');

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

/** The answer to the question for a signature. */
const ANSWERS: Readonly<Record<string, readonly [answer: SceneAnswer, expected: Expect]>> = {
  'a failure': [{ kind: 'failure' }, CAN_NOT_SIGN],
  'the end of the connection': [{ kind: 'end' }, refused('error signing data: agent: client error: EOF')],
  nothing: [{ kind: 'wait' }, HANGS],
  'a signature over something else': [
    { kind: 'signature', sign: () => testKey('ed25519', 'subject').sign(Uint8Array.of(1)) },
    refused('signature verification failed: ssh: signature did not verify'),
  ],
  'a signature of another key': [
    { kind: 'signature', sign: (challenge) => testKey('ed25519', 'stranger').sign(challenge) },
    refused('signature verification failed: ssh: signature did not verify'),
  ],
  'a signature of another type': [
    { kind: 'signature', sign: (challenge) => testKey('rsa2048', 'stranger').sign(challenge) },
    refused('signature verification failed: ssh: signature type ssh-rsa for key type ssh-ed25519'),
  ],
  'a signature with bytes behind it': [
    {
      kind: 'signature',
      sign: (challenge) => Uint8Array.of(...testKey('ed25519', 'subject').sign(challenge), 1, 2, 3),
    },
    accepted(),
  ],
  'a signature that is cut': [
    { kind: 'signature', sign: (challenge) => testKey('ed25519', 'subject').sign(challenge).subarray(0, 40) },
    refused('error signing data: ssh: short read'),
  ],
  'an empty signature': [
    { kind: 'signature', sign: () => new Uint8Array() },
    refused('error signing data: ssh: parse error in message type 0'),
  ],
};

const signing = Object.entries(ANSWERS).map(
  ([id, [answer, expected]]): PamUsshCase => ({
    id: `c6 asked for a signature: ${id}`,
    expected,
    scene: (world) => host(world, [{ ...certify(world), answer }, certify(world, subject('second'))]),
  }),
);

const wrongSignReply: PamUsshCase = {
  id: 'c6 asked for a signature: a list',
  expected: panics(),
  isOld: true,
  scene: (world) =>
    host(world, [
      {
        ...certify(world),
        answer: { kind: 'message', message: Uint8Array.of(12, 0, 0, 0, 0), fact: { kind: 'wrong-message' } },
      },
    ]),
};

/** Messages with their length in front, as they go over the socket. */
const LISTS: Readonly<Record<string, readonly [answer: Uint8Array, message: string]>> = {
  'a failure': [framed(Uint8Array.of(5)), 'agent: failed to list keys'],
  HTTP: [new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n'), 'agent: client error: response too large'],
  'a message of no bytes': [framed(new Uint8Array()), 'agent: client error: agent: empty packet'],
  'a message of an unknown type': [
    framed(Uint8Array.of(99, 1)),
    'agent: client error: agent: unknown type tag 99',
  ],
  'fewer keys than it says': [framed(Uint8Array.of(12, 0, 0, 0, 1)), 'ssh: parse error in message type 0'],
  'more keys than there can be': [
    framed(Uint8Array.of(12, 255, 255, 255, 255)),
    'agent: too many keys in agent reply',
  ],
  'no number of keys': [framed(Uint8Array.of(12, 0)), 'agent: client error: ssh: short read'],
  'an empty key': [
    framed(new WireWriter().byte(12).uint32(1).string('').string('').bytes()),
    'ssh: parse error in message type 0',
  ],
};

function framed(message: Uint8Array): Uint8Array {
  return new WireWriter().string(message).bytes();
}

function answering(id: string, agent: SceneAgent, expected: Expect): PamUsshCase {
  return { id: `c6 asked for its keys: ${id}`, expected, scene: (world) => host(world, [], { agent }) };
}

const listing: readonly PamUsshCase[] = [
  ...Object.entries(LISTS).map(([id, [answer, message]]) =>
    answering(
      id,
      { kind: 'answers', answer, fact: { kind: 'no-list', message } },
      refused(`Error listing keys: ${message}`),
    ),
  ),
  answering(
    'the end of the connection',
    { kind: 'answers', answer: 'end', fact: { kind: 'no-list', message: 'agent: client error: EOF' } },
    refused('Error listing keys: agent: client error: EOF'),
  ),
  answering('nothing', { kind: 'answers', answer: 'wait', fact: { kind: 'silent' } }, HANGS),
  {
    ...answering(
      'a signature',
      {
        kind: 'answers',
        answer: framed(new WireWriter().byte(14).string('x').bytes()),
        fact: { kind: 'wrong-message' },
      },
      panics(),
    ),
    isOld: true,
  },
];

/** The blobs of a list that the agent gives as they are; the good certificate stands behind them. */
const BLOBS: Readonly<Record<string, readonly [blob: (world: World) => Uint8Array, expected: Expect]>> = {
  'a certificate that is cut': [(world) => certify(world).blob.subarray(0, -10), accepted()],
  'a key of an unknown type': [() => strings('ssh-unknown', 'x'), accepted()],
  'a name and nothing else': [() => strings('ssh-ed25519-cert-v01@openssh.com'), accepted()],
  'an empty blob': [
    () => new Uint8Array(),
    refused('Error listing keys: ssh: parse error in message type 0'),
  ],
  'a blob that is no string': [
    () => Uint8Array.of(1, 2, 3),
    refused('Error listing keys: ssh: unmarshal error for field Format of type wireKey'),
  ],
  'a blob whose name is longer than it': [
    () => Uint8Array.of(0, 0, 0, 9, 1),
    refused('Error listing keys: ssh: unmarshal error for field Format of type wireKey'),
  ],
};

const blobs = Object.entries(BLOBS).map(
  ([id, [blob, expected]]): PamUsshCase => ({
    id: `c6 ${id} before the good one`,
    expected,
    scene: (world) => host(world, [{ blob: blob(world), isForOpenssh: false }, certify(world)]),
  }),
);

const UNREACHABLE = refused('error opening auth sock');

export const AGENT_CASES: readonly PamUsshCase[] = [
  ...mixed,
  ...order,
  ...signing,
  wrongSignReply,
  ...listing,
  ...blobs,
  {
    id: 'c6 no SSH_AUTH_SOCK',
    expected: refused(),
    scene: (world) => host(world, [], { agent: { kind: 'no-socket' } }),
  },
  {
    id: 'c6 nothing at SSH_AUTH_SOCK',
    expected: UNREACHABLE,
    scene: (world) => host(world, [], { agent: { kind: 'unreachable', name: 'missing' } }),
  },
  {
    id: 'c6 a file at SSH_AUTH_SOCK',
    expected: UNREACHABLE,
    scene: (world) => host(world, [], { agent: { kind: 'unreachable', name: 'ca' } }),
  },
];
