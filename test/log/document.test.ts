import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/log/checkpoint.ts';
import type { Leaf } from '../../src/log/leaf.ts';
import { encodeLeaf } from '../../src/log/leaf.ts';
import { parseVerifierKey } from '../../src/log/note-key.ts';
import { WireReader } from '../../src/ssh/wire.ts';
import { certificateLeaf, goodLeaves } from './leaves.ts';

interface DocumentedField {
  readonly type: string;
  readonly name: string;
}

const document = readFileSync(join(import.meta.dirname, '../../docs/log.md'), 'utf8');

/** The text of the block of docs/log.md that is marked so. */
function blockOf(mark: string): string {
  const block = new RegExp(`^\`\`\`${mark}\n([^\`]*)\`\`\``, 'm').exec(document)?.[1];
  return block ?? expect.fail(`docs/log.md has no block "${mark}"`);
}

function documented(of: string): readonly DocumentedField[] {
  return blockOf(`leaf ${of}`)
    .trim()
    .split('\n')
    .map((line) => {
      const [, type = '', name = ''] = /^(string|uint32|uint64) +("[^"]+"|[a-z-]+)/.exec(line) ?? [];
      return { type, name };
    });
}

/** Reads bytes as the document says, and nothing else. */
function readAsDocumented(bytes: Uint8Array, fields: readonly DocumentedField[]): Record<string, unknown> {
  const reader = new WireReader(bytes);
  const values = fields.map(({ type, name }) => [camelCase(name), readValue(reader, type)]);
  reader.end('what the document describes');
  return Object.fromEntries(values);
}

function readValue(reader: WireReader, type: string): unknown {
  if (type === 'string') return reader.string();
  return type === 'uint64' ? Number(reader.uint64()) : reader.uint32();
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Values as they were read from the wire: texts as bytes; what is wrapped is left out. */
function scalars(values: object): Record<string, unknown> {
  const entries = Object.entries(values).filter(([, value]) => !isWrapped(value));
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === 'string' ? new TextEncoder().encode(value) : value,
    ]),
  );
}

function wrappedNames(values: object): readonly string[] {
  return Object.entries(values).flatMap(([name, value]) => (isWrapped(value) ? [name] : []));
}

/** A list or a record. */
function isWrapped(value: unknown): boolean {
  return typeof value === 'object' && !(value instanceof Uint8Array);
}

describe('docs/log.md', () => {
  it.each(goodLeaves.map((leaf) => [leaf.kind, leaf] as const))(
    'describes leaves of kind %s to the last byte',
    (kind, leaf: Leaf) => {
      const read = readAsDocumented(encodeLeaf(leaf), [...documented('header'), ...documented(kind)]);
      const { '"usher leaf v1"': magic, ...fields } = read;
      expect(magic).toEqual(new TextEncoder().encode('usher leaf v1'));
      expect(Object.keys(fields).sort()).toEqual(Object.keys(leaf).sort());
      expect(fields).toMatchObject(scalars(leaf));
      for (const name of wrappedNames(leaf)) expect(fields[name]).toBeInstanceOf(Uint8Array);
    },
  );

  it('shows a checkpoint that its verifier key opens', () => {
    const key = parseVerifierKey(blockOf('verifier-key').trim());
    expect(openCheckpoint(blockOf('checkpoint'), key)).toMatchObject({
      origin: 'ca.example.org',
      size: 1234,
    });
  });

  it('describes a touch to the last byte', () => {
    const { touches } = readAsDocumented(encodeLeaf(certificateLeaf), [
      ...documented('header'),
      ...documented('certificate'),
    ]);
    if (!(touches instanceof Uint8Array)) return expect.fail('there are no touches');
    const read = readAsDocumented(new WireReader(touches).string(), documented('touch'));
    expect(read).toEqual(scalars(certificateLeaf.touches[0] ?? {}));
  });
});
