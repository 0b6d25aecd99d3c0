import { describe, expect, it } from 'vitest';
import { parseQuickStatus } from '../../cli/quick-status.ts';
import { readSources } from '../support/sources.ts';

describe('the quick way of status --quiet', () => {
  it.each([
    [['status', '--quiet'], { authority: undefined }],
    [['status', '-q'], { authority: undefined }],
    [['status', '--quiet', '--authority', 'ca.example.org'], { authority: 'ca.example.org' }],
    [['status', '--authority', 'ca.example.org', '-q'], { authority: 'ca.example.org' }],
    [['status'], undefined],
    [['status', '--json', '--quiet'], undefined],
    [['status', '--quiet', '--authority'], undefined],
    [['status', '--quiet', '--authority', 'a', 'b'], undefined],
    [['login', '--quiet'], undefined],
    [[], undefined],
  ])('%j', (args, expected) => {
    expect(parseQuickStatus(args)).toEqual(expected);
  });

  it('loads no parser of options, no schemas, no HTTP: it has 60 ms', () => {
    const loaded = closureOf('cli/quick-status.ts');
    expect([...loaded]).toEqual(
      expect.arrayContaining(['src/agent/connection.ts', 'src/ssh/certificate.ts']),
    );
    const packages = [...loaded].filter((name) => !name.endsWith('.ts'));
    expect(packages.sort()).toEqual(PACKAGES);
  });
});

const PACKAGES = [
  ...['@noble/hashes/sha2.js', '@scure/base'],
  ...['node:crypto', 'node:fs', 'node:net', 'node:os', 'node:path'],
];

/** Everything that a file loads, by the imports that are not for types only. */
function closureOf(start: string): ReadonlySet<string> {
  const sources = new Map(readSources(['src', 'cli']).map((source) => [source.path, source]));
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { target, typeOnly } of sources.get(path)?.imports ?? []) if (!typeOnly) visit(target);
  };
  visit(start);
  return seen;
}
