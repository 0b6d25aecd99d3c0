import { RosterFile } from './schema.ts';

/** The roster's JSON Schema as editors read it; `# yaml-language-server: $schema=…` at the top of a roster names it. */
export function rosterJsonSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Usher roster',
    ...RosterFile,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
