/** c2: the principals of certificates. */
import { certify, host } from '../certify.ts';
import { accepted, acceptedWithoutPrincipals, panics, REFUSED } from '../expected.ts';
import type { Expected, PamUsshCase, World } from '../scene.ts';

/** `U` is the user's name, `O` the name of another user. */
type Row = readonly [principals: readonly string[], expected: (world: World) => Expected];

const ROWS: readonly Row[] = [
  [['U', 'sudoer'], accepted()],
  [['U', 'sudoer@myhost'], accepted('sudoer@myhost')],
  [['U', 'sudoer@myhost', 'sudoer'], accepted('sudoer@myhost')],
  [['sudoer', 'U'], accepted('sudoer', { first: 'sudoer' })],
  [['U', 'sudoer@otherhost'], REFUSED],
  [['U', 'sudoer@otherhost', 'sudoer@myhost'], accepted('sudoer@myhost')],
  [['sudoer'], REFUSED],
  [['sudoer@myhost'], REFUSED],
  [['U'], REFUSED],
  [['O', 'sudoer'], REFUSED],
  [['root', 'sudoer'], REFUSED],
  [['U', 'Sudoer'], REFUSED],
  [['U', 'sudoer@MYHOST'], REFUSED],
  [['*', 'sudoer'], REFUSED],
  [['U', '*'], REFUSED],
  [['U', 'sudo*'], REFUSED],
  [['U ', 'sudoer'], REFUSED],
  [['U', ' sudoer'], REFUSED],
  [['U,sudoer'], REFUSED],
  [['U', 'O', 'sudoer'], accepted()],
  [['O', 'U', 'sudoer'], (world) => accepted('sudoer', { first: world.other })(world)],
  [[], REFUSED],
];

function named(name: string, { user, other }: World): string {
  return name.replace('U', user).replace('O', other);
}

const fromRows = ROWS.map(
  ([principals, expected]): PamUsshCase => ({
    id: `c2 [${principals.map((name) => `"${name}"`).join(' ')}]`,
    expected,
    scene: (world) =>
      host(world, [certify(world, { principals: principals.map((name) => named(name, world)) })]),
  }),
);

const NO_PRINCIPALS = (world: World) => ({ moduleArguments: [`ca_file=${world.directory}/ca`] });

export const PRINCIPAL_CASES: readonly PamUsshCase[] = [
  ...fromRows,
  {
    id: 'c2 the name of the user in capitals',
    expected: REFUSED,
    scene: (world) => host(world, [certify(world, { principals: [world.user.toUpperCase(), 'sudoer'] })]),
  },
  {
    id: 'c2 the name of the user with a wildcard',
    expected: REFUSED,
    scene: (world) =>
      host(world, [certify(world, { principals: [`${world.user.slice(0, -1)}?`, 'sudoer'] })]),
  },
  {
    id: 'c2 the certificate of another user',
    expected: REFUSED,
    scene: (world) => host(world, [certify(world, { principals: [world.other, 'sudoer'] })]),
  },
  {
    id: 'c2 no principals, none configured',
    expected: panics(),
    scene: (world) => host(world, [certify(world, { principals: [] })], NO_PRINCIPALS(world)),
  },
  {
    id: 'c2 the name of the user, none configured',
    expected: acceptedWithoutPrincipals(),
    scene: (world) => host(world, [certify(world, { principals: [world.user] })], NO_PRINCIPALS(world)),
  },
  {
    id: 'c2 sudoer, none configured',
    expected: REFUSED,
    scene: (world) => host(world, [certify(world, { principals: ['sudoer'] })], NO_PRINCIPALS(world)),
  },
  {
    id: 'c2 the name of the user, and that is configured',
    expected: (world) => accepted(world.user)(world),
    scene: (world) =>
      host(world, [certify(world, { principals: [world.user] })], {
        moduleArguments: [`ca_file=${world.directory}/ca`, `authorized_principals=${world.user}`],
      }),
  },
];
