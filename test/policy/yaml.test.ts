import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/policy/yaml.ts';

const bomb = `a: &a [x, x]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => `${name}: &${name} [*${'abcdefgh'[index]}, *${'abcdefgh'[index]}]`).join('\n')}`;

describe('parseYaml refuses', () => {
  it.each([
    ['an alias', 'a: &x b\nc: *x', 'alias', 1],
    ['a bomb of aliases', bomb, 'alias', 1],
    ['an alias as a name', '&x a: b\n*x : c', 'bad-name', 1],
    ['a name that stands twice', 'a: 1\nb: 2\na: 3', 'duplicate-name', 3],
    ['a name that stands twice, once in quotes', 'a: 1\n"a": 3', 'duplicate-name', 2],
    ['a name that is a number', 'a: 1\n0x10: 2', 'bad-name', 2],
    ['a name that is null', '~: 2', 'bad-name', 1],
    ['a name that is a list', '? [a]\n: b', 'bad-name', 1],
    ['a tag', 'a: !!binary AAAA', 'bad-yaml', 1],
    ['a tag of JavaScript', 'a: !!js/function "x"', 'bad-yaml', 1],
    ['a tag on a mapping', 'a: !!set {}', 'bad-yaml', 1],
    ['a second document', 'a: 1\n---\nb: 2', 'bad-yaml', 2],
    ['a bracket that is left open', 'a: [b', 'bad-yaml', 1],
    ['a tab as indentation', 'a:\n\tb: c', 'bad-yaml', 2],
    ['too deep brackets', '['.repeat(100_000), 'too-deep', 1],
    ['too deep lists', `${'- '.repeat(50_000)}a`, 'too-deep', 1],
    ['too deep names', '? '.repeat(50_000), 'too-deep', 1],
    ['more than 4 MiB', 'a'.repeat(4 * 1024 * 1024 + 1), 'too-large', 1],
  ])('%s', (_, text, code, line) => {
    expect(parseYaml(text).faults).toContainEqual(expect.objectContaining({ code, line }));
  });
});

describe('parseYaml reads', () => {
  it('words that older YAML takes for truth, and times, as strings', () => {
    expect(parseYaml('[no, yes, on, off, 2027-06-30T00:00:00Z]').value).toEqual([
      'no',
      'yes',
      'on',
      'off',
      '2027-06-30T00:00:00Z',
    ]);
  });

  it('no merge keys', () => {
    expect(parseYaml('a: {<<: {b: c}}').value).toEqual({ a: { '<<': { b: 'c' } } });
  });

  it('__proto__ as a name like any other', () => {
    const { value } = parseYaml('__proto__: {admin: true}');
    expect(Object.entries(value ?? {})).toEqual([['__proto__', { admin: true }]]);
    expect(Reflect.get(Object(value), 'admin')).toBeUndefined();
  });

  it('a file that begins with a byte order mark', () => {
    expect(parseYaml('\uFEFFa: b').value).toEqual({ a: 'b' });
  });

  it('every JSON document as JSON does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (json) => {
        const plain = JSON.parse(JSON.stringify(json));
        expect(JSON.parse(JSON.stringify(parseYaml(JSON.stringify(json)).value))).toEqual(plain);
      }),
    );
  });

  it('any text without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,-?&*!|>"\'#%@ \n\tab0~') }), (text) => {
        expect(parseYaml(text).faults).toBeInstanceOf(Array);
      }),
    );
  });
});
