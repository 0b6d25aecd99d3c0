/** The schema's errors as faults that a keeper can act on. */
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { DURATION_PATTERN } from '../ssh/duration.ts';
import type { Fault } from './fault.ts';
import type { Grammar } from './names.ts';
import { GRAMMARS, HOST, PERSON, ROLE } from './names.ts';
import type { Places } from './places.ts';
import { member, namesOf } from './places.ts';
import { RosterFile } from './schema.ts';
import type { YamlFile } from './yaml.ts';

export function isRosterFile(value: unknown): value is RosterFile {
  return Value.Check(RosterFile, value);
}

export function checkStructure({ value, places }: YamlFile): readonly Fault[] {
  const errors = allErrors(value).filter((error) => !isNoise(error));
  const explained = new Set(errors.flatMap(explains));
  return errors
    .filter(({ keyword, instancePath }) => keyword !== 'anyOf' || !explained.has(instancePath))
    .flatMap((error) => faultsOf(error, places));
}

/** The library stops at eight errors unless told otherwise, in a setting of the whole process. */
function allErrors(value: unknown): readonly TLocalizedValidationError[] {
  const { maxErrors } = Settings.Get();
  try {
    Settings.Set({ maxErrors: Number.MAX_SAFE_INTEGER });
    return Value.Errors(RosterFile, value);
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** What is reported a second time: fields that do not belong ("boolean"), names, and why each branch of a union fails. */
function isNoise({ keyword, schemaPath, instancePath }: TLocalizedValidationError): boolean {
  if (keyword === 'additionalProperties' || schemaPath.endsWith('/propertyNames')) return true;
  if (keyword === 'boolean' && Object.hasOwn(SECTIONS, parentOf(instancePath))) return true;
  return /\/anyOf\/\d+$/.test(schemaPath) && keyword !== 'uniqueItems';
}

/** The unions whose error says less than this one: the one it is in, or whose list it is about. */
function explains({ keyword, instancePath }: TLocalizedValidationError): readonly string[] {
  if (keyword === 'anyOf') return [];
  return [instancePath, parentOf(instancePath)];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function faultsOf(error: TLocalizedValidationError, places: Places): readonly Fault[] {
  const path = error.instancePath;
  switch (error.keyword) {
    case 'boolean':
      return [places.faultOfName('unknown-field', path, `there is no field "${namesOf(path).at(-1)}" here`)];
    case 'required':
      return error.params.requiredProperties.map((name) =>
        places.faultOfName('bad-structure', path, `"${name}" is missing here`),
      );
    case 'propertyNames':
      return error.params.propertyNames.map((name) => badName(path, name, places));
    case 'uniqueItems':
      return error.params.duplicateItems.map((index) =>
        places.faultOfValue('bad-structure', member(path, index), 'this stands in the list twice'),
      );
    case 'pattern':
      return [badPattern(path, String(error.params.pattern), places)];
    default:
      return [places.faultOfValue('bad-structure', path, describe(error))];
  }
}

const SECTIONS: Readonly<Record<string, Grammar>> = { '/people': PERSON, '/roles': ROLE, '/hosts': HOST };

function badName(section: string, name: string, places: Places): Fault {
  const meaning = SECTIONS[section]?.meaning ?? 'name that is allowed here';
  return places.faultOfName('bad-name', member(section, name), `"${name.slice(0, 64)}" is not a ${meaning}`);
}

function badPattern(path: string, pattern: string, places: Places): Fault {
  if (pattern === DURATION_PATTERN)
    return places.faultOfValue('bad-lifetime', path, 'this is not a duration like 90m, 8h or 1d');
  const meaning = GRAMMARS.find((grammar) => grammar.pattern === pattern)?.meaning;
  return places.faultOfValue(
    'bad-name',
    path,
    `this is not a ${meaning ?? 'name of the form that is needed here'}`,
  );
}

function describe(error: TLocalizedValidationError): string {
  if (error.keyword === 'enum') return `this is not one of ${error.params.allowedValues.join(', ')}`;
  if (error.keyword === 'anyOf') return 'write "*" or a list of names of hosts and groups';
  if (error.keyword === 'type')
    return `this has to be ${WORDS[String(error.params.type)] ?? error.params.type}`;
  return error.message;
}

/** YAML's words for the types of JSON Schema. */
const WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping; an empty one is written {}',
  array: 'a list',
  string: 'a string; write it in quotes if it looks like a number',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a whole number',
};
