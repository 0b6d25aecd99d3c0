/** c3 and (a): the arguments of the line in /etc/pam.d, and the file of principals. */
import { certify, host } from '../certify.ts';
import { accepted, acceptedWithoutPrincipals, panics, REFUSED, refused, unchecked } from '../expected.ts';
import type { Expected, PamUsshCase, Scene, SceneFile, World } from '../scene.ts';

/** `D` is the directory; ca_file stands in front of these. */
interface Row {
  readonly line: readonly string[];
  /** Its principals besides the user's name. */
  readonly principals: readonly string[];
  readonly file?: string;
  readonly expected: (world: World) => Expected;
}

const FILE = 'authorized_principals_file=D/principals';
const LONG_LINE = 'x'.repeat(65_536);

const INLINE: Readonly<Record<string, Row>> = {
  'a blank behind the comma': {
    line: ['authorized_principals=sudoer, other'],
    principals: ['other'],
    expected: REFUSED,
  },
  'a blank behind the comma, the other name': {
    line: ['authorized_principals=sudoer, other'],
    principals: ['sudoer'],
    expected: accepted(),
  },
  'an empty list': { line: ['authorized_principals='], principals: ['sudoer'], expected: REFUSED },
  'an empty list, and an empty principal': {
    line: ['authorized_principals='],
    principals: [''],
    expected: accepted(''),
  },
  'twice: the first': {
    line: ['authorized_principals=a', 'authorized_principals=sudoer'],
    principals: ['a'],
    expected: accepted('a'),
  },
  'twice: the second': {
    line: ['authorized_principals=a', 'authorized_principals=sudoer'],
    principals: ['sudoer'],
    expected: accepted(),
  },
  'a value with "=", whole': {
    line: ['authorized_principals=role=admin'],
    principals: ['role=admin'],
    expected: REFUSED,
  },
  'a value with "=", cut': {
    line: ['authorized_principals=role=admin'],
    principals: ['role'],
    expected: accepted('role'),
  },
  'a token': { line: ['authorized_principals=%u'], principals: ['sudoer'], expected: REFUSED },
  'an unknown option': {
    line: ['debug', 'authorized_principals=sudoer'],
    principals: ['sudoer'],
    expected: accepted('sudoer', { before: ['unkown option: debug'] }),
  },
  'an option in capitals': {
    line: ['AUTHORIZED_PRINCIPALS=sudoer', 'authorized_principals=sudoer'],
    principals: ['sudoer'],
    expected: accepted('sudoer', { before: ['unkown option: AUTHORIZED_PRINCIPALS'] }),
  },
  'an option without a value': {
    line: ['authorized_principals'],
    principals: ['sudoer'],
    expected: panics(),
  },
  'a file without a value': {
    line: ['authorized_principals_file'],
    principals: ['sudoer'],
    expected: panics(),
  },
  'a group without a value': { line: ['group'], principals: ['sudoer'], expected: panics() },
  'an option without a value behind a missing file': {
    line: ['authorized_principals_file=D/missing', 'group'],
    principals: ['sudoer'],
    expected: missing('missing'),
  },
};

const FROM_FILE: Readonly<Record<string, Row>> = {
  'a name': fromFile('sudoer\n'),
  'no newline at the end': fromFile('sudoer'),
  CRLF: fromFile('sudoer\r\nother\r\n'),
  'CRLF, but no newline at the end': fromFile('sudoer\r'),
  'comments around': fromFile('# who may\nsudoer\n# the end\n'),
  'a comment behind the name': { ...fromFile('sudoer # x\n'), expected: REFUSED },
  'a blank in front': { ...fromFile(' sudoer\n'), expected: REFUSED },
  'a blank behind': { ...fromFile('sudoer \n'), expected: REFUSED },
  'two returns': { ...fromFile('sudoer\r\r\n'), expected: REFUSED },
  'an option of sshd': { ...fromFile('from="192.0.2.1" sudoer\n'), expected: REFUSED },
  'a comma': { ...fromFile('sudoer,other\n'), expected: REFUSED },
  'a byte order mark': { ...fromFile('\ufeffsudoer\n'), expected: REFUSED },
  'only a newline': { ...fromFile('\n'), principals: [], expected: REFUSED },
  'only comments': { ...fromFile('# none\n'), principals: [], expected: REFUSED },
  'empty: the gate is open': { ...fromFile(''), principals: [], expected: acceptedWithoutPrincipals() },
  'empty, behind a list: the gate is open': {
    ...fromFile(''),
    line: ['authorized_principals=sudoer', FILE],
    principals: [],
    expected: acceptedWithoutPrincipals(),
  },
  'a first line of 64 KiB: the gate is open': {
    ...fromFile(`${LONG_LINE}\nsudoer\n`),
    principals: [],
    expected: acceptedWithoutPrincipals(),
  },
  'a line of 64 KiB behind the name': fromFile(`sudoer\n${LONG_LINE}\n`),
  'a name behind a line of 64 KiB': {
    ...fromFile(`other\n${LONG_LINE}\nsudoer\n`),
    expected: REFUSED,
  },
  'a line of 64 KiB less the newline': fromFile(`${LONG_LINE.slice(1)}\nsudoer\n`),
  'a line of 64 KiB less one, CRLF: the gate is open': {
    ...fromFile(`${LONG_LINE.slice(1)}\r\nsudoer\r\n`),
    principals: [],
    expected: acceptedWithoutPrincipals(),
  },
  'only a line of 64 KiB less one': { ...fromFile(LONG_LINE.slice(1)), principals: [], expected: REFUSED },
  'a list and a file: the list': {
    ...fromFile('sudoer\n'),
    line: ['authorized_principals=a', FILE],
    principals: ['a'],
    expected: REFUSED,
  },
  'a list and a file: the file': { ...fromFile('sudoer\n'), line: ['authorized_principals=a', FILE] },
  'a file and a list: the list': {
    ...fromFile('sudoer\n'),
    line: [FILE, 'authorized_principals=a'],
    principals: ['a'],
    expected: accepted('a'),
  },
  'a file and a list: the file': { ...fromFile('sudoer\n'), line: [FILE, 'authorized_principals=a'] },
  missing: { line: [FILE], principals: ['sudoer'], expected: missing('principals') },
  'missing, behind a list': {
    line: ['authorized_principals=sudoer', FILE],
    principals: ['sudoer'],
    expected: missing('principals'),
  },
};

function fromFile(text: string): Row {
  return { line: [FILE], principals: ['sudoer'], file: text, expected: accepted() };
}

function missing(name: string): (world: World) => Expected {
  return (world) => refused(`open ${world.directory}/${name}: no such file or directory`)(world);
}

function caseOf(id: string, { line, principals, file, expected }: Row): PamUsshCase {
  const scene = (world: World): Scene => {
    const files: Record<string, SceneFile> = file === undefined ? {} : { principals: { text: file } };
    return host(world, [certify(world, { principals: [world.user, ...principals] })], {
      moduleArguments: [
        `ca_file=${world.directory}/ca`,
        ...line.map((argument) => argument.replace('D/', `${world.directory}/`)),
      ],
      files,
    });
  };
  return { id: `c3 ${id}`, expected, scene };
}

/** Nothing is checked for whoever is outside the group; the user's certificate lacks the principal. */
function inGroup(
  id: string,
  name: string,
  group: Scene['group'],
  expected: (world: World) => Expected,
): PamUsshCase {
  const scene = (world: World): Scene => {
    const base = host(world, [certify(world, { principals: [world.user] })]);
    return { ...base, moduleArguments: [...base.moduleArguments, `group=${name}`], group };
  };
  return { id: `c3 group: ${id}`, expected, scene };
}

export const LINE_CASES: readonly PamUsshCase[] = [
  ...Object.entries(INLINE).map(([id, row]) => caseOf(id, row)),
  ...Object.entries(FROM_FILE).map(([id, row]) => caseOf(`file: ${id}`, row)),
  {
    id: 'c3 file: a folder: the gate is open',
    expected: acceptedWithoutPrincipals(),
    scene: (world) =>
      host(world, [certify(world, { principals: [world.user] })], {
        moduleArguments: [
          `ca_file=${world.directory}/ca`,
          `authorized_principals_file=${world.directory}/folder`,
        ],
        files: { folder: { text: '', isDirectory: true } },
      }),
  },
  // The tests run as root, whose group is that.
  inGroup('a member', 'root', 'member', (world) => ({
    outcome: 'refused',
    log: ['group set to root', ...REFUSED(world).log],
  })),
  inGroup('somebody else', 'nogroup', 'outside', unchecked('group set to nogroup')),
  inGroup(
    'one that does not exist',
    'usher-no-such-group',
    'unknown-group',
    unchecked('group set to usher-no-such-group', 'bad group: usher-no-such-group'),
  ),
  inGroup('none', '', undefined, (world) => ({
    outcome: 'refused',
    log: ['group set to ', ...REFUSED(world).log],
  })),
];
