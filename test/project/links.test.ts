import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

const DOCUMENTS = ['.', 'docs', 'docs/cli'].flatMap(markdownIn);

/** Targets of `[text](target)` that are in this project, from its root, with their fragment. */
function linksIn(document: string): readonly string[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) =>
      target.startsWith('#') ? document + target : normalize(join(dirname(document), target)),
    );
}

/** Paths of this project that a text names, in whatever way. */
function pathsIn(text: string): readonly string[] {
  const named = text.matchAll(/(?<![\w./<-])(?:docs|src|test|cli|demo|scripts|bench|web|bin)\/[\w./*-]*\w/g);
  return [...named].map(([path]) => path).filter((path) => !path.includes('*'));
}

/** As GitHub and GitLab make anchors of headings. */
function anchorsOf(document: string): readonly string[] {
  const text = readFileSync(join(ROOT, document), 'utf8').replaceAll(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.for(DOCUMENTS)('%s', (document) => {
  it('links to what exists', () => {
    const broken = linksIn(document).filter((link) => {
      const [path = '', anchor] = link.split('#');
      return !existsSync(join(ROOT, path)) || (anchor !== undefined && !anchorsOf(path).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('names files that exist', () => {
    const missing = pathsIn(readFileSync(join(ROOT, document), 'utf8')).filter(
      (path) => !existsSync(join(ROOT, path)),
    );
    expect(missing).toEqual([]);
  });
});

it('every document in docs is linked from the README', () => {
  const linked = linksIn('README.md');
  expect(markdownIn('docs').filter((document) => !linked.includes(document))).toEqual([]);
});
