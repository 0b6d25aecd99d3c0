/** c6: how an agent fails, and what it answers that it should not. */
import { WireWriter } from '../../../src/ssh/wire.ts';
import { strings } from '../../support/raw-certificate.ts';
import { testKey } from '../agent-key.ts';
import { certify, host } from '../certify.ts';
import { accepted, CAN_NOT_SIGN, HANGS, panics, refused } from '../expected.ts';
import type { Expected, PamUsshCase, SceneAgent, SceneAnswer, World } from '../scene.ts';

type Expect = (world: World) => Expected;

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
    scene: (world) =>
      host(world, [{ ...certify(world), answer }, certify(world, { subject: testKey('ed25519', 'second') })]),
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

export const AGENT_FAULT_CASES: readonly PamUsshCase[] = [
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
