/** docs/hosts.md shows what the code writes and reads. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { formatBundleStatement } from '../../../src/fleet/host/bundle-statement.ts';
import {
  formatCertificatesDocument,
  MAX_SIGNED_CERTIFICATES_CHARACTERS,
} from '../../../src/fleet/host/certificates-document.ts';
import { formatFetch } from '../../../src/fleet/host/fetch-document.ts';
import { FILE_LIMITS, HOST_FILE_NAMES } from '../../../src/fleet/host/file-limits.ts';
import { formatReport } from '../../../src/fleet/host/report-document.ts';
import { formatTokenFile, parseTokenFile } from '../../../src/fleet/host/token-file.ts';
import { parsePublicKeyLine } from '../../../src/ssh/public-key.ts';

const page = readFileSync(new URL('../../../docs/hosts.md', import.meta.url), 'utf8');

function block(name: string): string {
  const [, text] = new RegExp(`\`\`\`document ${name}\n(.*?)\`\`\``, 's').exec(page) ?? [];
  return text ?? expect.fail(`docs/hosts.md has no document "${name}"`);
}

const value = (text: string, name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? '';

const AUTHORITY = 'https://ca.example.org';
const NOW = 1_800_000_000;
const CALL = { authority: AUTHORITY, host: 'web1', time: NOW, nonce: '000102030405060708090a0b0c0d0e0f' };
const HASH = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'.repeat(2);

describe('the documents are written as usher writes them', () => {
  it('token', () => {
    expect(formatTokenFile(parseTokenFile(block('token')))).toBe(block('token'));
  });

  it('certificates', () => {
    const text = block('certificates');
    const { key } = parsePublicKeyLine(value(text, 'key'));
    const secretHash = value(text, 'secret-sha256');
    const document = {
      authority: AUTHORITY,
      host: 'web1',
      generation: 0,
      secretHash,
      nextHash: HASH,
      time: NOW,
      keys: [key],
    };
    expect(formatCertificatesDocument(document)).toBe(text);
  });

  it('fetch', () => {
    expect(formatFetch(CALL)).toBe(block('fetch'));
  });

  it('bundle', () => {
    const times = { number: NOW, madeAt: NOW, freshUntil: NOW + 7 * 86_400 };
    const statement = { authority: AUTHORITY, host: 'web1', ...times, filesHash: HASH, filesSize: 20_480 };
    expect(formatBundleStatement(statement)).toBe(block('bundle'));
  });

  it('report', () => {
    const report = {
      ...CALL,
      number: NOW,
      filesHash: HASH,
      openssh: 'OpenSSH_10.0p2 Debian-7',
      pamUssh: 'none',
      trusts: [{ purpose: 'login', key: `SHA256:${'A'.repeat(43)}` }],
      shows: [1_234_567_890_123_456_789n],
      seen: [
        { purpose: 'login', serial: 2_345_678_901_234_567_890n },
        { purpose: 'sudo', serial: 3_456_789_012_345_678_901n },
      ],
      problems: ['the log of sshd can not be read'],
    } as const;
    expect(formatReport(report)).toBe(block('report'));
  });
});

test('the files are those that hosts take, in their order and with their limits', () => {
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` \| (\d+) (KiB|MiB) \|/gm)];
  expect(rows.map(([, name]) => name)).toEqual(HOST_FILE_NAMES);
  const bytes = rows.map(([, , count, unit]) => Number(count) * (unit === 'KiB' ? 1024 : 1024 * 1024));
  expect(bytes).toEqual(HOST_FILE_NAMES.map((name) => FILE_LIMITS[name]));
  expect(page).toContain(`at most ${MAX_SIGNED_CERTIFICATES_CHARACTERS.toLocaleString('en')} characters`);
});
