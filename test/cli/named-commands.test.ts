/** Texts send people from one command to the next: each command that they name has to be there. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { makeProgram } from '../../cli/program.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Comments are matched, too, so that their quotes are not taken for the begin of a text. */
const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g;
/** The words behind the name, then perhaps what stands for an argument, then perhaps an option. */
const NAMED = /\busher ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?(?: (?:[A-Z]+|\$\{\w+\}))?(?: (--[a-z-]+))?/g;
/** The first line of a document, which names no command. */
const DOCUMENT = /^usher [a-z ]+ v1/;
/** Where a text speaks of the program, and names no command. */
const PROSE: ReadonlySet<string> = new Set(['as', 'is', 'keep', 'knows', 'writes']);
/** Does something by itself beside its subcommands: what follows may be the next word of a sentence. */
const ALSO_ALONE = 'doctor';

const PROGRAM = makeProgram();

it.each(globSync('{cli,src/pam-ussh,src/fleet}/**/*.ts', { cwd: ROOT }))('%s names real commands', (path) => {
  const texts = textsOf(readFileSync(join(ROOT, path), 'utf8'));
  expect(texts.flatMap(faultsIn)).toEqual([]);
});

it.each([
  ['usher host sink', ['usher host sink']],
  ['usher host token v1', []],
  ['usher certificates, or the log', ['usher certificates']],
  ['"usher export", and more', ['usher export']],
  ['usher login --own-agnet', ['usher login --own-agnet']],
  ['usher host trust --statement FILE', []],
  ['usher sudo HOST --login', []],
  ['"usher doctor" says why; usher knows', []],
])('finds in %j the commands %j that are not there', (text, faults) => {
  expect(faultsIn(text)).toEqual(faults);
});

function textsOf(code: string): readonly string[] {
  return [...code.matchAll(COMMENT_OR_TEXT)].map(
    ([, single, double, template]) => single ?? double ?? template ?? '',
  );
}

function faultsIn(text: string): readonly string[] {
  return [...text.replace(DOCUMENT, '').matchAll(NAMED)].flatMap(faultOf);
}

function faultOf([named, first = '', second, option]: RegExpExecArray): readonly string[] {
  if (PROSE.has(first)) return [];
  const command = childOf(PROGRAM, first);
  if (command === undefined) return [named];
  const child = second === undefined ? undefined : childOf(command, second);
  if (child === undefined && command.commands.length > 0 && first !== ALSO_ALONE) return [named];
  if (option === undefined || (child ?? command).options.some(({ long }) => long === option)) return [];
  return [named];
}

function childOf(command: Command, name: string): Command | undefined {
  return command.commands.find((child) => child.name() === name);
}
