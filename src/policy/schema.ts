/** The structure of the roster file. Published as docs/roster.schema.json (`npm run docs`); what it can not say is in `check.ts`. */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { DURATION_PATTERN } from '../ssh/duration.ts';
import type { Grammar } from './names.ts';
import { AAGUID, HOST, LOGIN, PERSON, ROLE } from './names.ts';
import { EXTENSIONS } from './roster.ts';

const CLOSED = { additionalProperties: false } as const;
const UNIQUE = { uniqueItems: true } as const;

function name({ pattern, meaning }: Grammar) {
  return Type.String({ pattern, description: `A ${meaning}.` });
}

/** Entries by name. The name has a rule of its own, so that an entry under a bad name is still read. */
function named<Entry extends TSchema>(grammar: Grammar, entry: Entry) {
  return Type.Record(Type.String(), entry, { propertyNames: name(grammar), ...CLOSED });
}

function duration(description: string) {
  return Type.Optional(Type.String({ pattern: DURATION_PATTERN, description }));
}

const PersonEntry = Type.Object(
  {
    logins: Type.Array(name(LOGIN), { ...UNIQUE, minItems: 1, description: 'Unix accounts.' }),
    roles: Type.Array(name(ROLE), {
      ...UNIQUE,
      description: 'For each host the first role that grants it counts.',
    }),
    until: Type.Optional(
      Type.String({ description: 'RFC 3339 time from which on the person gets nothing.' }),
    ),
    security_keys: Type.Optional(
      Type.Array(Type.String({ maxLength: 1024 }), { description: 'Lines of .pub files of type sk-*.' }),
    ),
  },
  CLOSED,
);

const LoginEntry = Type.Object(
  {
    hosts: Type.Union([Type.Literal('*'), Type.Array(name(HOST), { ...UNIQUE, minItems: 1 })], {
      description: 'Names of hosts and groups, or "*" for every host.',
    }),
    lifetime: duration('When nobody asks for another. Default: 20h, or max_lifetime if that is less.'),
    max_lifetime: duration('The most that may be asked for. Default and limit: 24h.'),
    source_addresses: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        minItems: 1,
        maxItems: 64,
        description: 'Networks from which the certificate may be used. Default: any.',
      }),
    ),
    extensions: Type.Optional(
      Type.Array(Type.Enum(EXTENSIONS), {
        ...UNIQUE,
        description: 'Default: permit-pty and permit-agent-forwarding.',
      }),
    ),
  },
  CLOSED,
);

const TouchEntry = Type.Object(
  {
    user_verification: Type.Optional(
      Type.Enum(['required', 'preferred'], {
        description: 'PIN or biometrics with each touch. Default: preferred.',
      }),
    ),
    attestation: Type.Optional(
      Type.Object(
        {
          aaguids: Type.Array(
            Type.String({
              pattern: AAGUID.pattern,
              description: `A ${AAGUID.meaning}.`,
            }),
            { ...UNIQUE, minItems: 1, description: 'Models that are allowed.' },
          ),
          roots: Type.Array(Type.String({ maxLength: 16_384 }), {
            minItems: 1,
            description: 'PEM certificates of makers that are trusted to say which model it is.',
          }),
        },
        { ...CLOSED, description: 'Only credentials that proved their model at enrolment. Default: any.' },
      ),
    ),
    same_machine: Type.Optional(
      Type.Boolean({ description: 'Refuse touches from another machine than the command. Default: false.' }),
    ),
  },
  CLOSED,
);

const RoleEntry = Type.Object({ login: Type.Optional(LoginEntry), touch: Type.Optional(TouchEntry) }, CLOSED);

const HostEntry = Type.Object(
  {
    names: Type.Optional(
      Type.Array(name(HOST), { ...UNIQUE, description: 'What clients call it. Default: its name here.' }),
    ),
    groups: Type.Optional(Type.Array(name(HOST), UNIQUE)),
  },
  CLOSED,
);

export const RosterFile = Type.Object(
  {
    people: named(PERSON, PersonEntry),
    roles: named(ROLE, RoleEntry),
    hosts: Type.Optional(named(HOST, HostEntry)),
  },
  { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Usher roster', ...CLOSED },
);

export type RosterFile = Static<typeof RosterFile>;
export type PersonEntry = Static<typeof PersonEntry>;
export type LoginEntry = Static<typeof LoginEntry>;
export type TouchEntry = Static<typeof TouchEntry>;
