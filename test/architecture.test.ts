import { describe, expect, test } from 'vitest';
import { faultsOf } from './support/architecture.ts';
import { parseSource, readSources } from './support/sources.ts';

describe('a file breaks the rules', () => {
  const cases: readonly [situation: string, files: Readonly<Record<string, string>>, fault: string][] = [
    [
      'a lower part imports a higher one',
      { 'src/ssh/wire.ts': "import { decide } from '../policy/decide.ts';" },
      'src/ssh/wire.ts must not import src/policy/decide.ts at run time',
    ],
    [
      'so does an import of types only',
      { 'src/policy/decide.ts': "import type { Store } from '../authority/ports.ts';" },
      'src/policy/decide.ts must not import src/authority/ports.ts',
    ],
    [
      'the command runs code of the service',
      { 'cli/client.ts': "import {\n  ask,\n} from '../src/authority/ask.ts';" },
      'cli/client.ts must not import src/authority/ask.ts at run time',
    ],
    [
      'an import happens later',
      { 'cli/client.ts': "const { app } = await import('../src/app.ts');" },
      'cli/client.ts must not import src/app.ts at run time',
    ],
    [
      'the sources use what the tests use',
      { 'src/http/routes.ts': "import { program } from '../../test/support/parts.ts';" },
      'src/http/routes.ts must not import test/support/parts.ts at run time',
    ],
    [
      'nobody knows the folder',
      { 'src/misc/thing.ts': '' },
      'src/misc/thing.ts is in no part that MAY_IMPORT knows',
    ],
    [
      'a key file library decodes certificates',
      { 'src/ssh/certificate.ts': "import sshpk from 'sshpk';" },
      'src/ssh/certificate.ts is no place for sshpk',
    ],
    [
      'a route queries the store',
      { 'src/http/routes.ts': "import { sql } from 'kysely';" },
      'src/http/routes.ts is no place for kysely',
    ],
    [
      'a pure folder reads files',
      { 'src/policy/parse.ts': "import { readFileSync } from 'node:fs';" },
      'src/policy/parse.ts is pure and must not import node:fs',
    ],
    [
      'a pure folder has a clock',
      { 'src/authority/issue.ts': 'const now = Date.now();' },
      'src/authority/issue.ts is pure and must not use Date',
    ],
    [
      'a pure folder reads the environment',
      { 'src/log/leaf.ts': "const debug = process.env['DEBUG'];" },
      'src/log/leaf.ts is pure and must not use process',
    ],
    [
      'a pure folder throws dice',
      { 'src/authority/serial.ts': 'const serial = Math.random();' },
      'src/authority/serial.ts is pure and must not use Math.random',
    ],
    [
      'a page reaches a file that needs Node',
      {
        'web/review.tsx': "import { readX } from '../src/ssh/x.ts';",
        'src/ssh/x.ts': "import { readY } from './y.ts';",
        'src/ssh/y.ts': "import { createHash } from 'node:crypto';",
      },
      'src/ssh/y.ts runs in browsers and must not import node:crypto',
    ],
    [
      'code for browsers uses Buffer',
      { 'src/fido/touch-digest.ts': "export const read = (text: string) => Buffer.from(text, 'hex');" },
      'src/fido/touch-digest.ts runs in browsers and must not use Buffer',
    ],
    [
      'two files need each other, be it for types',
      {
        'src/log/tree.ts': "import type { Proof } from './proof.ts';",
        'src/log/proof.ts': "import { root } from './tree.ts';",
      },
      'a cycle: src/log/tree.ts -> src/log/proof.ts -> src/log/tree.ts',
    ],
    [
      'a barrel',
      { 'src/ssh/all.ts': "export * from './wire.ts';" },
      'src/ssh/all.ts exports what another file defines',
    ],
    [
      'a folder for everything',
      { 'src/ssh/utils/bytes.ts': '' },
      'src/ssh/utils/bytes.ts is in a folder whose name says nothing',
    ],
    ['a default export', { 'cli/main.ts': 'export default 1;' }, 'cli/main.ts has a default export'],
    ['an any', { 'cli/main.ts': 'export const read = (x: any) => x;' }, 'cli/main.ts has an any'],
  ];

  test.for(cases)('%s', ([, files, fault]) => {
    const sources = Object.entries(files).map(([path, text]) => parseSource(path, text));
    expect(faultsOf(sources)).toContain(fault);
  });
});

test('comments and strings are not code', () => {
  const text = "// Date: import { x } from 'fastify'\n/* process */ export const message = 'fetch: any';";
  expect(faultsOf([parseSource('src/policy/words.ts', text)])).toEqual([]);
});

test('every source keeps the rules', () => {
  const sources = readSources(['src', 'cli', 'web']);
  expect(sources.length).toBeGreaterThan(20);
  expect(faultsOf(sources)).toEqual([]);
});
