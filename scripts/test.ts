/** Everything `npm test` checks, quick checks first; all run, so that one report tells everything that is wrong. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** The part that we read of what vitest's JSON reporter writes. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

const CHECKS: readonly (readonly [title: string, command: string, ...args: string[]])[] = [
  ['types', 'tsc', '-p', '.'],
  // Tests drive a browser and know its names; what runs in Node must not.
  ['types of what runs in Node', 'tsc', '-p', 'tsconfig.build.json', '--noEmit'],
  ['types of the pages', 'tsc', '-p', 'web'],
  ['lint and format', 'biome', 'ci', '--diagnostic-level=warn', '--error-on-warnings', '.'],
  ['the pages build', 'sh', 'scripts/pages.sh'],
];
const PROJECTS = ['unit', 'interop'];

/** A program that a test left behind can hold vitest's output open for ever. */
const TIME_LIMIT_MS = 15 * 60_000;

function main(): void {
  const work = mkdtempSync(join(tmpdir(), 'usher-test-'));
  const tallies = [...CHECKS.map(runCheck), ...PROJECTS.map((project) => runTests(project, work))];
  rmSync(work, { recursive: true });
  const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function runCheck([title, command, ...args]: (typeof CHECKS)[number]): Tally {
  const started = performance.now();
  const succeeded = run(command, args);
  console.log(`${succeeded ? '✓' : '✗'} ${title} (${Math.round(performance.now() - started)} ms)`);
  return succeeded ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function runTests(project: string, work: string): Tally {
  const file = join(work, `${project}.json`);
  const succeeded = run('vitest', [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  const tally = existsSync(file) ? tallyOf(readFileSync(file, 'utf8')) : { passed: 0, failed: 0 };
  // An error outside of any test fails the run too.
  return succeeded ? tally : { ...tally, failed: Math.max(tally.failed, 1) };
}

function tallyOf(json: string): Tally {
  const report: VitestReport = JSON.parse(json);
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

function run(command: string, args: readonly string[]): boolean {
  const { status, signal } = spawnSync(command, args, { stdio: 'inherit', timeout: TIME_LIMIT_MS });
  if (signal !== null) console.error(`${command} was ended by ${signal}`);
  return status === 0;
}

main();
