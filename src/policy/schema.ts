/** The structure of the roster file. Published as docs/roster.schema.json (`npm run docs`); what it can not say is in `check.ts`. */
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import { DURATION_PATTERN } from '../ssh/duration.ts';
import type { Grammar } from './names.ts';
import { AAGUID, CREDENTIAL_ID, HOST, LOGIN, PERSON, ROLE } from './names.ts';
import { EXTENSIONS, MAX_APPROVALS, MAX_SUDO_CA_KEYS, RIGHTS } from './roster.ts';

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

function hosts(description: string) {
  return Type.Union([Type.Literal('*'), Type.Array(name(HOST), { ...UNIQUE, minItems: 1 })], { description });
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
    hosts: hosts('Names of hosts and groups, or "*" for every host.'),
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

const SudoEntry = Type.Object(
  {
    hosts: hosts('Names of hosts and groups, or "*" for every host of this file.'),
    everywhere: Type.Optional(
      Type.Boolean({
        description:
          'Whether the principal "sudoer" may be asked for, which each host takes. Default: false.',
      }),
    ),
    lifetime: duration('When nobody asks for another. Default: 1h, or max_lifetime if that is less.'),
    max_lifetime: duration('The most that may be asked for. Default and limit: 24h.'),
    approvals: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_APPROVALS,
        description: 'How many other people have to approve. Default: 0.',
      }),
    ),
    approvers: Type.Optional(
      Type.Array(name(ROLE), {
        ...UNIQUE,
        minItems: 1,
        description: 'Roles whose people may approve; needed when approvals is more than 0.',
      }),
    ),
    reason: Type.Optional(
      Type.Enum(['required', 'optional'], {
        description: 'Whether the person has to say what it is for. Default: optional.',
      }),
    ),
    subject_keys: Type.Optional(
      Type.Enum(['any', 'sk'], {
        description: '"sk": only security keys are certified, so that each sudo costs a touch. Default: any.',
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

const RoleEntry = Type.Object(
  {
    login: Type.Optional(LoginEntry),
    sudo: Type.Optional(SudoEntry),
    manage: Type.Optional(
      Type.Array(Type.Enum(RIGHTS), {
        ...UNIQUE,
        minItems: 1,
        description: 'What its people may do to the authority itself. Default: nothing.',
      }),
    ),
    touch: Type.Optional(TouchEntry),
  },
  CLOSED,
);

const HostEntry = Type.Object(
  {
    names: Type.Optional(
      Type.Array(name(HOST), { ...UNIQUE, description: 'What clients call it. Default: its name here.' }),
    ),
    groups: Type.Optional(Type.Array(name(HOST), UNIQUE)),
    sudo_name: Type.Optional(
      Type.String({
        pattern: HOST.pattern,
        description: 'What stands behind the @ of its sudo principal. Default: its name here.',
      }),
    ),
  },
  CLOSED,
);

const SudoCaEntry = Type.Object(
  {
    person: Type.String({ pattern: PERSON.pattern, description: 'Whose key it is.' }),
    key: Type.String({ maxLength: 1024, description: 'The line of a .pub file of type sk-*.' }),
    state: Type.Optional(
      Type.Enum(['coming', 'active', 'retired'], {
        description: 'Hosts trust all of them; only active ones sign. Default: active.',
      }),
    ),
    credential_id: Type.Optional(
      Type.String({
        pattern: CREDENTIAL_ID.pattern,
        description: 'For a FIDO credential that fido2-assert reaches: its id in base64url.',
      }),
    ),
  },
  CLOSED,
);

export const RosterFile = Type.Object(
  {
    people: named(PERSON, PersonEntry),
    roles: named(ROLE, RoleEntry),
    hosts: Type.Optional(named(HOST, HostEntry)),
    sudo_ca: Type.Optional(
      Type.Array(SudoCaEntry, {
        minItems: 1,
        maxItems: MAX_SUDO_CA_KEYS,
        description: "People's security keys that sign for sudo instead of the authority.",
      }),
    ),
  },
  { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Usher roster', ...CLOSED },
);

export type RosterFile = Static<typeof RosterFile>;
export type PersonEntry = Static<typeof PersonEntry>;
export type HostEntry = Static<typeof HostEntry>;
export type LoginEntry = Static<typeof LoginEntry>;
export type SudoEntry = Static<typeof SudoEntry>;
export type SudoCaEntry = Static<typeof SudoCaEntry>;
export type TouchEntry = Static<typeof TouchEntry>;
