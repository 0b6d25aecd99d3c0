/** c5: what stands in ca_file, and whether the user can read it. */
import { generateKeyPairSync } from 'node:crypto';
import { base64 } from '@scure/base';
import { testKey } from '../agent-key.ts';
import { ca, certify, host, keyLine, PRINCIPALS } from '../certify.ts';
import { accepted, REFUSED, refused, SKIPPED_KEY, UNKNOWN_CA, UNRECOGNIZED } from '../expected.ts';
import type { Expected, PamUsshCase, Scene, World } from '../scene.ts';

const NOTHING_READ = refused(SKIPPED_KEY, UNRECOGNIZED, 'no valid certs found');
const WITH_REST = accepted('sudoer', { before: [SKIPPED_KEY] });

type Row = readonly [text: () => string, expected: (world: World) => Expected];

function line(): string {
  return keyLine(ca());
}

function otherLine(): string {
  return keyLine(testKey('ed25519', 'other ca'));
}

function blob(): string {
  return base64.encode(ca().blob);
}

const ROWS: Readonly<Record<string, Row>> = {
  'the CA first of several': [() => `${line()}\n${otherLine()}\n`, accepted()],
  'the CA last of several': [
    () => `${otherLine()}\n${keyLine(testKey('rsa2048', 'ca'))}\n${line()}\n`,
    accepted(),
  ],
  'comments, blank lines and garbage in front and between': [
    () => `# cas\n\n   \ngarbage\n${otherLine()}\n\n# more\nssh-ed25519 AAAA\n${line()}\n`,
    accepted(),
  ],
  'an unknown type of key in front': [
    () => `ssh-unknown ${base64.encode(Buffer.from('\0\0\0\x0bssh-unknown'))}\n${line()}\n`,
    accepted(),
  ],
  'a byte order mark': [() => `\ufeff${line()}\n`, accepted()],
  CRLF: [() => `${otherLine()}\r\n${line()}\r\n`, accepted()],
  'a return behind the key': [() => `${keyLine(ca(), '')}\rand more\n`, accepted()],
  'lines that end with a return only': [() => `${otherLine()}\r${line()}\r`, UNKNOWN_CA],
  'no newline at the end': [line, accepted()],
  'no comment': [() => `${keyLine(ca(), '')}\n`, accepted()],
  'blanks in front': [() => ` \t ${line()}\n`, accepted()],
  'another word where the type belongs': [() => `nonsense ${blob()} ca\n`, accepted()],
  'several blanks behind the type': [() => `ssh-ed25519 \t ${blob()}\n`, accepted()],
  'a comment behind the key': [() => `${line()}\n# the end\n`, WITH_REST],
  'a blank line behind the key': [() => `${line()}\n\n`, WITH_REST],
  'garbage behind the key': [() => `${line()}\ngarbage\n`, WITH_REST],
  'cert-authority in front': [() => `cert-authority ${line()}\n`, accepted()],
  'cert-authority with principals in front': [
    () => `cert-authority,principals="bob" ${line()}\n`,
    accepted(),
  ],
  'from in front': [() => `from="192.0.2.1" ${line()}\n`, accepted()],
  'an option with a quoted blank': [() => `command="/bin/echo a \\" b",no-pty ${line()}\n`, accepted()],
  'an option whose quote does not end': [() => `command="/bin/echo ${line()}\n`, NOTHING_READ],
  'another CA': [() => `${otherLine()}\n`, UNKNOWN_CA],
  "the subject's own key": [() => `${keyLine(testKey('ed25519', 'subject'))}\n`, UNKNOWN_CA],
  empty: [() => '', NOTHING_READ],
  'comments only': [() => '# none\n# at all\n', NOTHING_READ],
  '@cert-authority': [() => `@cert-authority * ${line()}\n`, NOTHING_READ],
  PEM: [pem, NOTHING_READ],
  'RFC 4716': [rfc4716, NOTHING_READ],
  'base64 without padding': [
    () => `${keyLine(testKey('ecdsa521', 'ca')).replaceAll('=', '')}\n`,
    NOTHING_READ,
  ],
  'a key that is cut': [() => `ssh-ed25519 ${blob().slice(0, -8)}\n`, NOTHING_READ],
  'a key with a byte too many': [
    () => `ssh-ed25519 ${base64.encode(Uint8Array.of(...ca().blob, 0))}\n`,
    NOTHING_READ,
  ],
};

function pem(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function rfc4716(): string {
  return `---- BEGIN SSH2 PUBLIC KEY ----\nComment: "ca"\n${blob()}\n---- END SSH2 PUBLIC KEY ----\n`;
}

const fromRows = Object.entries(ROWS).map(
  ([id, [text, expected]]): PamUsshCase => ({
    id: `c5 ${id}`,
    expected,
    scene: (world) => host(world, [certify(world)], { files: { ca: { text: text() } } }),
  }),
);

/** The line names this file, whatever the scene has. */
function named(
  id: string,
  name: string,
  files: Scene['files'],
  expected: (world: World) => Expected,
): PamUsshCase {
  return {
    id: `c5 ${id}`,
    expected,
    scene: (world) =>
      host(world, [certify(world)], {
        moduleArguments: [`ca_file=${world.directory}/${name}`, PRINCIPALS],
        files,
      }),
  };
}

const elsewhere = [
  named('a file that only root can read', 'ca', { ca: { text: line(), reader: 'root' } }, (world) =>
    refused(`error reading ca: open ${world.directory}/ca: permission denied`)(world),
  ),
  named('missing', 'missing', {}, (world) =>
    refused(`error reading ca: open ${world.directory}/missing: no such file or directory`)(world),
  ),
  named('a folder', 'folder', { folder: { text: '', isDirectory: true } }, (world) =>
    refused(`error reading ca: read ${world.directory}/folder: is a directory`)(world),
  ),
];

export const CA_FILE_CASES: readonly PamUsshCase[] = [
  ...fromRows,
  ...elsewhere,
  {
    id: 'c5 a path with "="',
    expected: (world) =>
      refused(`error reading ca: open ${world.directory}/c: no such file or directory`)(world),
    scene: (world) =>
      host(world, [certify(world)], {
        moduleArguments: [`ca_file=${world.directory}/c=a`, PRINCIPALS],
        files: { 'c=a': { text: line() } },
      }),
  },
  {
    id: 'c5 an empty path',
    expected: refused('error reading ca: open : no such file or directory'),
    scene: (world) => host(world, [certify(world)], { moduleArguments: ['ca_file=', PRINCIPALS] }),
  },
  {
    id: 'c5 ca_file twice: the second',
    expected: accepted(),
    scene: (world) => {
      const scene = host(world, [certify(world)]);
      return { ...scene, moduleArguments: [`ca_file=${world.directory}/missing`, ...scene.moduleArguments] };
    },
  },
  {
    id: 'c5 a certificate of the CA, and not its key',
    expected: UNKNOWN_CA,
    scene: (world) => {
      const { blob: certificate } = certify(world, { subject: ca(), ca: testKey('ed25519', 'root ca') });
      const text = `ssh-ed25519-cert-v01@openssh.com ${base64.encode(certificate)}\n`;
      return host(world, [certify(world)], { files: { ca: { text } } });
    },
  },
  {
    id: 'c5 a certificate that is named as CA by another, and stands there',
    expected: accepted(),
    expectedNew: REFUSED,
    scene: (world) => {
      const issuer = testKey('ed25519', 'sub ca');
      const { blob: authority } = certify(world, { subject: issuer, ca: testKey('ed25519', 'root ca') });
      const text = `ssh-ed25519-cert-v01@openssh.com ${base64.encode(authority)}\n`;
      const identity = certify(world, { ca: issuer, raw: { authority } });
      return host(world, [{ ...identity, isForOpenssh: false }], { files: { ca: { text } } });
    },
  },
];
