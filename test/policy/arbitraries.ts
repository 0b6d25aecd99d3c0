/** Rosters and requests of every form, for laws. */
import fc from 'fast-check';
import type { LoginRequest, SudoRequest } from '../../src/policy/decision.ts';
import { parseRoster } from '../../src/policy/parse.ts';
import type { Roster } from '../../src/policy/roster.ts';
import { RIGHTS } from '../../src/policy/roster.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { SK_LINE, SUBJECT } from './rosters.ts';

/** A security key that no roster here knows. */
export const SK = parsePublicKeyLine(SK_LINE).key;

const LOGINS = ['ann', 'ben', 'root'];
const PEOPLE = ['ann', 'ben', 'cy', 'di'];
export const ROLES = ['r1', 'r2', 'r3'];
const HOSTS = ['h1', 'h2', 'h3'];
/** `h2` has another name for sudo. */
const SUDO_NAMES = ['h1', 's2', 'h3'];
const GROUPS = ['g1', 'g2'];

const some = <T>(from: readonly T[], minLength = 0): fc.Arbitrary<readonly T[]> =>
  fc.uniqueArray(fc.constantFrom(...from), { minLength });
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined });

const sudo = fc
  .record(
    {
      hosts: fc.oneof(fc.constant('*'), some([...HOSTS, ...GROUPS], 1)),
      everywhere: fc.boolean(),
      lifetime: fc.constantFrom('5m', '30m'),
      max_lifetime: fc.constantFrom('1h', '1d'),
      approval: maybe(fc.record({ approvals: fc.constantFrom(1, 1, 2), approvers: some(ROLES, 1) })),
      reason: fc.constantFrom('required', 'optional'),
      subject_keys: fc.constantFrom('any', 'any', 'sk'),
    },
    { requiredKeys: ['hosts'] },
  )
  .map(({ approval, ...fields }) => ({ ...fields, ...approval }));

const login = fc.record({
  hosts: fc.oneof(fc.constant('*'), some([...HOSTS, ...GROUPS], 1)),
  lifetime: maybe(fc.constantFrom('5m', '1h')),
  max_lifetime: maybe(fc.constantFrom('2h', '1d')),
  source_addresses: maybe(some(['10.0.0.0/8', '10.1.0.0/16', '192.0.2.0/24', '::/0'], 1)),
  extensions: maybe(some(['permit-pty', 'permit-agent-forwarding', 'permit-X11-forwarding'])),
});

const touch = fc.record({
  user_verification: maybe(fc.constantFrom('required', 'preferred')),
  same_machine: maybe(fc.boolean()),
});

const manage = maybe(some(RIGHTS, 1));

const person = fc.record({
  logins: some(LOGINS, 1),
  roles: some(ROLES),
  until: maybe(fc.constantFrom('2027-01-15T07:00:00Z', '2027-01-15T08:30:00Z', '2028-01-01T00:00:00Z')),
});

const entries = <T>(names: readonly string[], entry: fc.Arbitrary<T>) =>
  fc
    .tuple(...names.map(() => entry))
    .map((list) => Object.fromEntries(names.map((name, index) => [name, list[index]])));

export const rosters: fc.Arbitrary<Roster> = fc
  .record({
    people: entries(PEOPLE, person),
    roles: entries(ROLES, fc.record({ login: maybe(login), sudo: maybe(sudo), manage, touch: maybe(touch) })),
    hosts: fc
      .tuple(some(GROUPS), some(GROUPS))
      .map(([a, b]) => ({ h1: { groups: a }, h2: { groups: b, sudo_name: 's2' }, h3: { groups: GROUPS } })),
  })
  .map((file) => parseRoster(JSON.stringify(file)).roster)
  .filter((roster) => roster !== undefined);

export const people = fc.constantFrom(...PEOPLE);
export const names = fc.constantFrom(...PEOPLE, 'mallory', '__proto__', 'toString');

export const requests: fc.Arbitrary<LoginRequest> = fc
  .record({
    logins: some(LOGINS, 1),
    hosts: fc.oneof(fc.constant<readonly string[]>(['*']), some([...HOSTS, ...GROUPS], 1)),
    lifetime: maybe(fc.constantFrom(300, 1800, 3600, 7200, 86_400)),
  })
  .map(toRequest);

export const wildRequests: fc.Arbitrary<LoginRequest> = fc
  .record({
    logins: fc.array(fc.oneof(fc.string(), fc.constantFrom(...LOGINS, '*'))),
    hosts: fc.array(fc.oneof(fc.string(), fc.constantFrom(...HOSTS, '*'))),
    lifetime: maybe(fc.oneof(fc.double(), fc.integer())),
  })
  .map(toRequest);

export const sudoRequests: fc.Arbitrary<SudoRequest> = fc
  .record({
    login: fc.constantFrom(...LOGINS),
    hosts: fc.oneof(fc.constant<readonly string[]>(['*']), some(SUDO_NAMES, 1)),
    lifetime: maybe(fc.constantFrom(300, 1800, 3600, 7200, 86_400)),
    reason: fc.constantFrom('', 'x', 'x'),
    subject: fc.constantFrom(SUBJECT, SK, SK),
  })
  .map(toSudoRequest);

export const wildSudoRequests: fc.Arbitrary<SudoRequest> = fc
  .record({
    login: fc.oneof(fc.string(), fc.constantFrom(...LOGINS, '*', 'sudoer')),
    hosts: fc.array(fc.oneof(fc.string(), fc.constantFrom(...SUDO_NAMES, ...GROUPS, '*'))),
    lifetime: maybe(fc.oneof(fc.double(), fc.integer())),
    reason: fc.string(),
    subject: fc.constantFrom(SUBJECT, SK),
  })
  .map(toSudoRequest);

interface SudoAsk extends Omit<SudoRequest, 'purpose' | 'lifetime'> {
  readonly lifetime: number | undefined;
}

function toSudoRequest({ lifetime, ...asked }: SudoAsk): SudoRequest {
  const request = { purpose: 'sudo', ...asked } as const;
  return lifetime === undefined ? request : { ...request, lifetime };
}

interface Ask {
  readonly logins: readonly string[];
  readonly hosts: readonly string[];
  readonly lifetime: number | undefined;
}

export function toRequest({ logins, hosts, lifetime }: Ask): LoginRequest {
  const request = { purpose: 'login', subject: SUBJECT, logins, hosts } as const;
  return lifetime === undefined ? request : { ...request, lifetime };
}

/** A third of the requests to sign in or so are granted: enough of them that a law about grants means something. */
export const RUNS = { numRuns: 100 };
