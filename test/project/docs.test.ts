import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GENERATED_FOLDERS, makeDocuments } from '../../scripts/docs.ts';

const ROOT = join(import.meta.dirname, '../..');
const documents = await makeDocuments();

test.for([...documents])('%s is what `npm run docs` writes', ([path, text]) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
});

test.for(GENERATED_FOLDERS)('%s holds no document that nothing makes any more', (folder) => {
  const made = [...documents.keys()].filter((path) => path.startsWith(`${folder}/`));
  expect(
    readdirSync(join(ROOT, folder))
      .map((name) => `${folder}/${name}`)
      .sort(),
  ).toEqual(made.sort());
});
