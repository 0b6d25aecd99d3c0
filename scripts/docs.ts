/** Writes the documents that follow from the code; test/project/docs.test.ts fails when one is out of date. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { pino } from 'pino';
import { makeProgram as makeUsher } from '../cli/program.ts';
import { buildApp } from '../src/app.ts';
import type { Authority } from '../src/authority/authority.ts';
import { RosterFile } from '../src/policy/schema.ts';
import { makeProgram as makeUsherd } from '../src/program.ts';

const ROOT = join(import.meta.dirname, '..');

/** Folders that hold generated documents only: what is in them and not made here is out of date. */
export const GENERATED_FOLDERS = ['docs/cli'];

/** Every generated document: path from the root of the project -> text. */
export async function makeDocuments(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ...manualPages(makeUsher()),
    ...manualPages(makeUsherd()),
    ['docs/openapi.json', formatJson(await openApi())],
    ['docs/roster.schema.json', formatJson(RosterFile)],
  ]);
}

async function openApi(): Promise<object> {
  // A cast: the document follows from the routes' schemas, and no handler runs that would ask the authority anything.
  const authority = { origin: 'https://ca.example.org' } as Authority;
  const http = await buildApp(authority, {
    logger: pino({ level: 'silent' }),
    trustedProxies: [],
    metricsFrom: [],
    requestsPerMinute: 1,
  });
  await http.ready();
  const document = http.swagger();
  await http.close();
  return document;
}

function formatJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function manualPages(command: Command, parents: readonly string[] = []): [path: string, text: string][] {
  const words = [...parents, command.name()];
  const page = `# ${words.join(' ')}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  const inner = command.commands.flatMap((child) => manualPages(child, words));
  return [[`docs/cli/${words.join('-')}.md`, page], ...inner];
}

function helpOf(command: Command): string {
  // Not the width of whatever terminal this runs in.
  return command
    .configureHelp({ ...command.configureHelp(), helpWidth: 100 })
    .helpInformation()
    .trim();
}

async function writeDocuments(): Promise<void> {
  const documents = await makeDocuments();
  for (const folder of GENERATED_FOLDERS) rmSync(join(ROOT, folder), { recursive: true, force: true });
  for (const [path, text] of documents) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}

if (import.meta.main) await writeDocuments();
