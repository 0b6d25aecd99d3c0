import { base64 } from '@scure/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../src/log/checkpoint.ts';
import {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../src/log/checkpoint.ts';
import { MAX_NOTE_BYTES, openNote, signNote } from '../../src/log/note.ts';
import type { NoteSigner } from '../../src/log/note-key.ts';
import { formatVerifierKey, keyId, logName, parseVerifierKey } from '../../src/log/note-key.ts';
import { logErrorCode } from './errors.ts';
import { seededSigner } from './signer.ts';

function signer(name: string, seedByte = 1): NoteSigner {
  return seededSigner(name, new Uint8Array(32).fill(seedByte));
}

const log = signer('ca.example.org');
const root = new Uint8Array(32).fill(0xab);
const tree = { size: 1234, root };
const good = signCheckpoint(tree, log);
const [text = '', signatureLine = ''] = good.split('\n\n');

/** The checkpoint note over another text, well signed. */
function signedText(body: string): string {
  return signNote(body, log);
}

describe('a hostile checkpoint', () => {
  const rootLine = base64.encode(root);

  it.each([
    ['without origin', `\n1\n${rootLine}\n`],
    ['with a blank in its origin', `ca example\n1\n${rootLine}\n`],
    ['with a plus in its origin', `ca+b\n1\n${rootLine}\n`],
    ['with a no-break space in its origin', `ca\u00a0b\n1\n${rootLine}\n`],
    ['with a leading zero', `ca.example.org\n01\n${rootLine}\n`],
    ['with a double zero', `ca.example.org\n00\n${rootLine}\n`],
    ['with a negative size', `ca.example.org\n-1\n${rootLine}\n`],
    ['with a signed size', `ca.example.org\n+1\n${rootLine}\n`],
    ['with a size in exponents', `ca.example.org\n1e3\n${rootLine}\n`],
    ['with a hexadecimal size', `ca.example.org\n0x10\n${rootLine}\n`],
    ['with a blank before its size', `ca.example.org\n 1\n${rootLine}\n`],
    ['with a size in other digits', `ca.example.org\n١٢\n${rootLine}\n`],
    ['without size', `ca.example.org\n\n${rootLine}\n`],
    ['with size 2^53', `ca.example.org\n9007199254740992\n${rootLine}\n`],
    ['with size 2^64', `ca.example.org\n18446744073709551616\n${rootLine}\n`],
    ['with a size of a thousand digits', `ca.example.org\n${'9'.repeat(1000)}\n${rootLine}\n`],
    ['with a short root', `ca.example.org\n1\n${base64.encode(root.subarray(1))}\n`],
    ['with a long root', `ca.example.org\n1\n${base64.encode(new Uint8Array(33))}\n`],
    ['with an unpadded root', `ca.example.org\n1\n${rootLine.slice(0, -1)}\n`],
    ['with stray bits in its root', `ca.example.org\n1\n${rootLine.slice(0, -2)}t=\n`],
    ['with a root in base64url', `ca.example.org\n1\n${'_'.repeat(42)}8=\n`],
    ['with a blank after its root', `ca.example.org\n1\n${rootLine} \n`],
    ['with an extension line', `ca.example.org\n1\n${rootLine}\nextension\n`],
    ['with a doubled line', `ca.example.org\n1\n1\n${rootLine}\n`],
    ['with an empty last line', `ca.example.org\n1\n${rootLine}\n\n`],
    ['of two lines', `ca.example.org\n1\n`],
  ])('%s is refused although its signature is good', (_, body) => {
    expect(logErrorCode(() => openCheckpoint(signedText(body), log))).toBe('bad-checkpoint');
  });

  it('without its last newline is refused', () => {
    expect(logErrorCode(() => parseCheckpoint(text))).toBe('bad-checkpoint');
  });

  it('of another log under the same key is refused', () => {
    const other = signedText(formatCheckpoint({ origin: 'other.example.org', ...tree }));
    expect(logErrorCode(() => openCheckpoint(other, log))).toBe('wrong-origin');
  });

  it('is not made from values that make none', () => {
    for (const bad of [
      { size: -1, root },
      { size: 2 ** 53, root },
      { size: 0.5, root },
      { size: 1, root: root.subarray(1) },
    ])
      expect(() => signCheckpoint(bad, log)).toThrow(TypeError);
    expect(() => formatCheckpoint({ origin: 'two lines\n', ...tree })).toThrow(TypeError);
  });
});

describe('a hostile note', () => {
  const line = (name: string, bytes: Uint8Array) => `— ${name} ${base64.encode(bytes)}\n`;

  it.each([
    ['nothing', ''],
    ['only a newline', '\n'],
    ['only a text', `${text}\n`],
    ['a text and a blank line', `${text}\n\n`],
    ['no blank line', `${text}\n${signatureLine}`],
    ['no last newline', good.slice(0, -1)],
    ['a blank line more at the end', `${good}\n`],
    ['two blank lines before the signature', `${text}\n\n\n\n`],
    ['CRLF line ends', good.replaceAll('\n', '\r\n')],
    ['a CR in the text', good.replace('\n1234', '\r\n1234')],
    ['a CR after the signature', `${good.slice(0, -1)}\r\n`],
    ['a tab in the text', good.replace('1234', '12\t34')],
    ['a NUL in the text', good.replace('1234', '12\u000034')],
    ['half a character', good.replace('1234', '12\ud80034')],
    ['a hyphen for the dash', good.replace('—', '-')],
    ['no blank after the dash', good.replace('— ', '—')],
    ['two blanks after the name', good.replace('— ca.example.org', '— ca.example.org ')],
    ['a word after the signature', `${good.slice(0, -1)} more\n`],
    ['no signature after the name', `${text}\n\n— ca.example.org\n`],
    ['an empty signature', `${text}\n\n— ca.example.org \n`],
    ['a key id alone', `${text}\n\n${line('ca.example.org', keyId(log))}`],
    ['a signature in base64url', good.replaceAll(/[+/]/g, '_').replace('— ', '— ')],
    ['an unpadded signature', `${good.trimEnd().replace(/=+$/, '')}\n`],
    ['a bad line beside the good one', `${good}— bad\n`],
    ['a name with a plus beside the good line', `${good}${line('a+b', new Uint8Array(68))}`],
    ['the good line twice', `${good}${signatureLine}`],
    [
      'a second line of the same key that is bad',
      `${good}${line('ca.example.org', Uint8Array.of(...keyId(log), 1, 2))}`,
    ],
    ['65 signatures', `${good}${line('witness', new Uint8Array(68)).repeat(64)}`],
    ['more bytes than a note has', `${text}\n${'x'.repeat(MAX_NOTE_BYTES)}\n\n${signatureLine}`],
    [
      'more bytes than a note has, in few characters',
      `${'—'.repeat(MAX_NOTE_BYTES / 2)}\n\n${signatureLine}`,
    ],
  ])('with %s is refused', (_, note) => {
    expect(logErrorCode(() => openNote(note, log))).toBe('bad-note');
  });

  it.each([
    ['another key of the same name', signer('ca.example.org', 2)],
    ['the same key under another name', signer('ca.example.com')],
  ])('signed by %s is refused', (_, other) => {
    expect(logErrorCode(() => openCheckpoint(signCheckpoint(tree, other), log))).toBe('unknown-signer');
  });

  it('with the key id of the log but the signature of another key is refused', () => {
    const forged = Uint8Array.of(
      ...keyId(log),
      ...signer('x', 2).sign(new TextEncoder().encode(`${text}\n`)),
    );
    expect(logErrorCode(() => openNote(`${text}\n\n${line(log.name, forged)}`, log))).toBe('bad-signature');
  });

  it('with a signature that is too long or too short is refused', () => {
    const whole = base64.decode(signatureLine.trim().split(' ')[2] ?? '');
    for (const bytes of [whole.subarray(0, -1), Uint8Array.of(...whole, 0)])
      expect(logErrorCode(() => openNote(`${text}\n\n${line(log.name, bytes)}`, log))).toBe('bad-signature');
  });

  it('with any one character changed is refused', () => {
    for (let index = 0; index < good.length; index++) {
      const spoiled = `${good.slice(0, index)}${good[index] === 'A' ? 'B' : 'A'}${good.slice(index + 1)}`;
      const code = logErrorCode(() => openCheckpoint(spoiled, log));
      expect(['bad-note', 'unknown-signer', 'bad-signature'], `character ${index}`).toContain(code);
    }
  });

  it('is not signed by a signer whose key is another', () => {
    const mixed = { ...log, sign: signer('x', 2).sign };
    expect(logErrorCode(() => signCheckpoint(tree, mixed))).toBe('bad-signature');
    expect(logErrorCode(() => signCheckpoint(tree, { ...log, sign: () => new Uint8Array() }))).toBe(
      'bad-signature',
    );
  });
});

describe('a verifier key', () => {
  const key = formatVerifierKey(log);
  const [name = '', id = '', encoded = ''] = key.split('+');

  it.each([
    ['nothing', ''],
    ['two parts', `${name}+${id}`],
    ['no name', `+${id}+${encoded}`],
    ['another name', `ca.example.com+${id}+${encoded}`],
    ['a name with a blank', `ca example+${id}+${encoded}`],
    ['another id', `${name}+00000000+${encoded}`],
    ['an id in capitals', `${name}+${id.toUpperCase()}+${encoded}`],
    ['a key that is too short', `${name}+${id}+${base64.encode(new Uint8Array(32))}`],
    ['another algorithm', `${name}+${id}+${base64.encode(Uint8Array.of(2, ...log.publicKey))}`],
    ['stray bits', `${name}+${id}+${encoded.slice(0, -1)}${encoded.endsWith('=') ? 'A' : '='}`],
    ['a newline after it', `${key}\n`],
  ])('with %s is refused', (_, text) => {
    expect(logErrorCode(() => parseVerifierKey(text))).toBe('bad-key');
  });

  it.each([
    ['no name', { ...log, name: '' }],
    ['a name with a newline', { ...log, name: 'ca.example.org\n' }],
    ['a name with a plus', { ...log, name: 'a+b' }],
    ['a name of 256 characters', { ...log, name: 'a'.repeat(256) }],
    ['a name with half a character', { ...log, name: 'a\ud800' }],
    ['31 bytes', { ...log, publicKey: log.publicKey.subarray(1) }],
  ])('is not written for a key with %s', (_, bad) => {
    expect(logErrorCode(() => formatVerifierKey(bad))).toBe('bad-key');
  });

  it('is read as it was written', () => {
    for (let seed = 0; seed < 100; seed++) {
      const { name, publicKey } = signer('ca.example.org:8443', seed);
      expect(parseVerifierKey(formatVerifierKey({ name, publicKey }))).toEqual({ name, publicKey });
    }
  });

  it('is the one of the Go checksum database', () => {
    const sumdb = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    expect(formatVerifierKey(parseVerifierKey(sumdb))).toBe(sumdb);
  });

  it('is named after the origin of the authority', () => {
    expect(logName('https://ca.example.org')).toBe('ca.example.org');
    expect(logName('http://localhost:8022')).toBe('localhost:8022');
    expect(logErrorCode(() => logName('https://'))).toBe('bad-key');
    expect(logErrorCode(() => logName('https://ca example'))).toBe('bad-key');
  });
});

describe('a checkpoint', () => {
  it('has three lines and one signature', () => {
    expect(good).toMatch(
      /^ca\.example\.org\n1234\nq6ur[A-Za-z0-9+/]+=\n\n— ca\.example\.org [A-Za-z0-9+/=]{92}\n$/,
    );
  });

  it('is opened as it was signed, at every size', () => {
    const size = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32, Number.MAX_SAFE_INTEGER));
    fc.assert(
      fc.property(size, fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
        const expected: Checkpoint = { origin: log.name, size, root };
        expect(openCheckpoint(signCheckpoint({ size, root }, log), log)).toEqual(expected);
      }),
    );
  });

  it('may carry signatures of others, before and after the own one', () => {
    const witness = `— witness.example.org/w1 ${base64.encode(new Uint8Array(76))}\n`;
    const sameName = `— ca.example.org ${base64.encode(new Uint8Array(2424))}\n`;
    const note = `${text}\n\n${witness}${sameName}${signatureLine}${witness}`;
    expect(openCheckpoint(note, log)).toEqual({ origin: log.name, ...tree });
  });

  it('may be one of 16 signatures', () => {
    const witness = `— witness.example.org ${base64.encode(new Uint8Array(4800))}\n`;
    expect(openCheckpoint(`${good}${witness.repeat(15)}`, log).size).toBe(1234);
  });
});

describe('a note', () => {
  it('may have blank lines in its text', () => {
    expect(openNote(signNote('one\n\ntwo\n', log), log)).toBe('one\n\ntwo\n');
  });

  it('must end its text with a newline', () => {
    expect(logErrorCode(() => signNote('one', log))).toBe('bad-note');
  });

  /** The example in the documentation of golang.org/x/mod/sumdb/note. */
  it('of Go is opened', () => {
    const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const note = `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;
    expect(openNote(note, key)).toBe(text);
  });
});
