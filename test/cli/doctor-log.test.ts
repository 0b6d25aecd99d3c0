import { describe, expect, it } from 'vitest';
import { LOG_LINES } from '../../src/pam-ussh/log-lines.ts';
import { runUsher } from './support/usher.ts';

const doctorLog = (...args: readonly string[]) => runUsher(['doctor', 'log', ...args]);

describe('usher doctor log', () => {
  it.each(LOG_LINES.map(({ id, line }) => [line, id]))('knows "%s"', async (line, id) => {
    const { code, stdout } = await doctorLog('--json', line);
    expect(code).toBe(0);
    const { lines } = JSON.parse(stdout) as { lines: { id: string; causes: unknown[] }[] };
    expect(lines.map((row) => row.id)).toContain(id);
    for (const { causes } of lines) expect(causes.length).toBeGreaterThan(0);
  });

  it('says causes, what to do, and which check finds it, to people', async () => {
    const syslog = 'Nov 22 10:00:00 web1 pam-ussh[4711]: certificate signed by unrecognized authority';
    const { code, stdout } = await doctorLog(syslog);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^certificate signed by unrecognized authority\n {2}- .*\n {4}.* \(check cert\.ca-in-ca_file\)\n/,
    );
  });

  it('shows every line that it knows when it is not told one', async () => {
    const { stdout } = await doctorLog();
    for (const { line } of LOG_LINES) expect(stdout).toContain(line);
  });

  it('says so when it does not know a line', async () => {
    expect(await doctorLog('error: kex_exchange_identification')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('no line of pam-ussh'),
    });
  });
});
