/**
 * Takes each security check away in turn, in a copy of the tree, and demands that the test named for it fails
 * (`npm run test:mutants`). Words after the command choose mutants whose file or text contains one of them.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutants/table.ts';
import { MUTANTS } from './mutants/table.ts';

const ROOT = join(import.meta.dirname, '..');
const COPIED = [
  'src',
  'cli',
  'web',
  'bin',
  'share',
  'test',
  'scripts',
  'docs',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const MOST_TIME_MS = 120_000;

type Outcome = 'killed' | 'survived' | 'not applicable' | 'no program';

function main(words: readonly string[]): void {
  const chosen = MUTANTS.filter((mutant) => isChosen(mutant, words));
  const tree = copyTree();
  try {
    assertGreen(tree, [...new Set(chosen.map(({ test }) => test))]);
    const outcomes = chosen.map((mutant) => report(mutant, judge(tree, mutant)));
    const alive = outcomes.filter((outcome) => outcome !== 'killed').length;
    console.log(`\n${outcomes.length - alive} of ${outcomes.length} mutants killed`);
    process.exitCode = alive === 0 ? 0 : 1;
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function isChosen({ file, find }: Mutant, words: readonly string[]): boolean {
  return words.length === 0 || words.some((word) => file.includes(word) || find.includes(word));
}

function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'usher-mutants-'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** A test that fails anyway, or is not there, would kill every mutant. */
function assertGreen(tree: string, tests: readonly string[]): void {
  for (const test of tests) if (!existsSync(join(tree, test))) throw new Error(`${test} does not exist`);
  const { passed, output } = runTests(tree, tests);
  if (!passed) throw new Error(`the tests fail without any mutant:\n${output}`);
}

function judge(tree: string, mutant: Mutant): Outcome {
  const path = join(tree, mutant.file);
  const text = readFileSync(path, 'utf8');
  if (text.split(mutant.find).length !== 2) return 'not applicable';
  const mutated = text.replace(mutant.find, () => mutant.replace);
  if (!isProgram(mutated)) return 'no program';
  writeFileSync(path, mutated);
  const { passed } = runTests(tree, [mutant.test]);
  writeFileSync(path, text);
  return passed ? 'survived' : 'killed';
}

/** What can not even be parsed would fail every test, and show nothing. */
function isProgram(text: string): boolean {
  try {
    stripTypeScriptTypes(text);
    return true;
  } catch {
    return false;
  }
}

function runTests(tree: string, tests: readonly string[]): { passed: boolean; output: string } {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--project', 'unit', '--bail', '1', '--reporter', 'dot', ...tests];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: tree,
    encoding: 'utf8',
    timeout: MOST_TIME_MS,
  });
  return { passed: status === 0, output: `${stdout}${stderr}` };
}

function report(mutant: Mutant, outcome: Outcome): Outcome {
  const [line = ''] = mutant.find.trim().split('\n');
  const mark = outcome === 'killed' ? '✓' : '✗';
  console.log(`${mark} ${outcome.padEnd(8)} ${mutant.file.padEnd(32)} ${line.slice(0, 80)}`);
  return outcome;
}

main(process.argv.slice(2));
