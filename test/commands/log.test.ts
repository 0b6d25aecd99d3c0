import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatRecord } from '../../src/authority/break-glass-record.ts';
import { serialRange } from '../../src/authority/break-glass-serials.ts';
import { init } from '../../src/commands/init.ts';
import { importRecords, listGaps } from '../../src/commands/log.ts';
import { fingerprint, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { OFFLINE, SIGNED_AT, signBreakGlass } from '../authority/break-glass-scene.ts';

const { first } = serialRange(OFFLINE.publicKey);

describe('usherd log', () => {
  let place = '';
  let dir = '';
  let logged: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line: string) => logged.push(JSON.parse(line)) });
  const file = (name: string): string => join(place, name);
  const importInto = (...names: readonly string[]) => importRecords(dir, names.map(file), logger);

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-log-'));
    const made = file('made');
    await init({ dir: made, origin: 'https://ca.example.org', listen: '127.0.0.1:8022' });
    await writeFile(join(made, 'keys/break-glass.pub'), formatPublicKeyLine(OFFLINE.publicKey));
    await appendFile(join(made, 'usherd.yaml'), 'break_glass: [keys/break-glass.pub]\n');
  });
  beforeEach(async () => {
    dir = await mkdtemp(file('ca-'));
    await cp(file('made'), dir, { recursive: true });
    logged = [];
    const records = [signBreakGlass({ purpose: 'sudo' }, 2), signBreakGlass({}, 4)];
    const lines = records.map((certificate) => formatRecord(SIGNED_AT, 'fire', certificate));
    await writeFile(file('ca.issued'), lines.join(''));
  });
  afterEach(() => rm(dir, { recursive: true }));
  afterAll(() => rm(place, { recursive: true }));

  it('import tells of each certificate and each gap as an alarm, for people and for programs', async () => {
    const lines = await importInto('ca.issued');
    const gap = (serial: bigint) =>
      `MISSING: serial ${serial} of offline key ${fingerprint(OFFLINE.publicKey)}: signed and not imported, or interrupted`;
    expect(lines).toEqual([
      `ALARM: break-glass certificate for sudo: break-glass:alice:AAAAAAAAAAAAAAAAAAAAAA, serial ${first + 1n}, alice,sudoer@web1, signed 2027-01-15T08:00:00Z, until 2027-01-15T08:30:00Z, reason: fire`,
      expect.stringMatching(/^ALARM: break-glass certificate for login: /),
      gap(first),
      gap(first + 2n),
    ]);
    expect(logged.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'break-glass certificate'],
      [40, 'break-glass certificate'],
      [40, 'break-glass serials are missing'],
      [40, 'break-glass serials are missing'],
    ]);
    expect(logged[0]).toMatchObject({
      serial: String(first + 1n),
      person: 'alice',
      host: 'web1',
      reason: 'fire',
    });
    expect(await listGaps(dir)).toEqual([gap(first), gap(first + 2n)]);
  });

  it('import says what was imported before, and makes no second alarm of it', async () => {
    await importInto('ca.issued');
    logged = [];
    const [again] = await importInto('ca.issued');
    expect(again).toBe(`in the log already: serial ${first + 1n} (${file('ca.issued')}:1)`);
    expect(logged.map(({ msg }) => msg)).toEqual(Array(2).fill('break-glass serials are missing'));
  });

  it('import takes all files or none', async () => {
    await writeFile(file('cut.issued'), (await readFile(file('ca.issued'), 'utf8')).slice(0, 200));
    await expect(importInto('ca.issued', 'cut.issued')).rejects.toThrow(/cut\.issued:1 can not be read/);
    await expect(importInto('ca.issued', 'gone')).rejects.toThrow(
      /gone can not be read: there is no such file/,
    );
    expect(await listGaps(dir)).toEqual([]);
    expect(logged).toEqual([]);
  });
});
