/** The project's own sources, as far as rules about imports need to understand them. */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Import {
  /** A path from the root of the project, or the name of a package (`node:fs`, `@fastify/helmet`). */
  readonly target: string;
  /** Erased before the program runs. */
  readonly typeOnly: boolean;
}

export interface Source {
  readonly path: string;
  /** The text without comments and quoted strings. */
  readonly code: string;
  readonly imports: readonly Import[];
}

const ROOT = join(import.meta.dirname, '../..');
const COMMENT_OR_STRING = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*/gm;
const IMPORT =
  /\b(?:import|export)\b(\s+type\b)?[^;'"`=()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;

/** Every TypeScript source below these folders; the tools' configuration files have rules of their own. */
export function readSources(folders: readonly string[]): Source[] {
  const paths = globSync(
    folders.map((folder) => `${folder}/**/*.{ts,tsx}`),
    { cwd: ROOT, exclude: (path) => path.endsWith('.config.ts') },
  );
  return paths.map((path) => parseSource(path, readFileSync(join(ROOT, path), 'utf8')));
}

/** `path` is relative to the root of the project. */
export function parseSource(path: string, text: string): Source {
  const imports = [...text.replace(COMMENT, '').matchAll(IMPORT)].map(([, type, from, bare]) => ({
    target: resolve(path, from ?? bare ?? ''),
    typeOnly: type !== undefined,
  }));
  return { path, code: text.replace(COMMENT_OR_STRING, "''"), imports };
}

function resolve(path: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier;
}
