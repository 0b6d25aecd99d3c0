/** Who may import whom, and what no file may hold. `faultsOf` judges sources by these tables. */
import type { Import, Source } from './sources.ts';

/** Part -> what it may import besides itself: folders, single files, or `type` and one of these for its types only. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/ssh': [],
  'src/fido': ['src/ssh'],
  'src/policy': ['src/ssh'],
  'src/log': ['src/ssh'],
  'src/fleet': ['src/ssh', 'src/policy'],
  'src/pam-ussh': ['src/ssh'],
  'src/authority': ['src/ssh', 'src/fido', 'src/policy', 'src/log', 'src/fleet'],
  'src/store': ['src/ssh', 'src/log', 'type src/authority/ports.ts', 'type src/authority/records.ts'],
  'src/agent': ['src/ssh'],
  'src/signer': [
    ...['src/ssh', 'src/agent', 'src/authority/purpose.ts', 'type src/authority/ports.ts'],
    ...['src/durable-file.ts', 'src/command-error.ts'],
  ],
  'src/http': ['src/ssh', 'src/fido', 'src/policy', 'src/log', 'src/fleet', 'src/authority'],
  'src/config.ts': ['src/ssh', 'src/policy', 'src/authority/purpose.ts'],
  'src/app.ts': ['src/http', 'src/authority', 'src/policy', 'src/config.ts', 'package.json'],
  'src/command-error.ts': [],
  'src/durable-file.ts': [],
  'src/file-lock.ts': ['src/command-error.ts'],
  'src/file-reason.ts': ['src/command-error.ts'],
  'src/passphrase.ts': ['src/file-reason.ts'],
  'src/compose.ts': ['src'],
  'src/commands': ['src'],
  'src/program.ts': ['src', 'package.json'],
  'src/main.ts': ['src'],
  cli: [
    // The contract at run time: what an authority answers is checked with the schemas that it answers by.
    ...['src/ssh', 'src/log', 'src/fleet', 'src/pam-ussh', 'src/agent'],
    ...['src/http/contract', 'src/durable-file.ts', 'src/file-lock.ts', 'src/file-reason.ts', 'package.json'],
    ...['src/fido/touch-digest.ts', 'src/fido/client-data.ts', 'src/fido/ssh-assertion.ts'],
    ...['src/fido/assertion.ts', 'src/fido/fido2-tools.ts', 'src/fido/error.ts', 'src/fido/equal-bytes.ts'],
    ...['src/fido/attested-credential.ts', 'src/fido/ssh-signature.ts'],
    // To read a roster in its keeper's place: configuration for hosts, and statements about them, follow from it.
    ...['src/policy/parse.ts', 'type src/policy/roster.ts'],
  ],
  web: ['src/ssh', 'src/fido', 'type src/http/contract'],
};

/** Folders without I/O, clock or chance of their own; and the only packages that they may import. */
const PURE = ['src/ssh', 'src/fido', 'src/policy', 'src/log', 'src/fleet', 'src/pam-ussh', 'src/authority'];
const PURE_PACKAGES = [
  'node:crypto',
  '@noble',
  '@scure',
  '@simplewebauthn/server',
  'sshpk',
  'typebox',
  'yaml',
];
const IMPURE_NAMES =
  /(?<![.\w'])(process|fetch|Date|performance|setTimeout|setInterval|console)\b(?!\??:)|\bMath\.random\b/;

/** These run in browsers too, with all that they import. */
const IN_BROWSERS = [
  ...['web', 'src/fido/touch-digest.ts', 'src/fido/client-data.ts', 'src/fido/ssh-assertion.ts'],
  ...['src/ssh/certificate.ts', 'src/ssh/issuable.ts'],
];
const NODE_NAMES = /(?<![.\w'])(Buffer|process|require)\b(?!\??:)/;

/** Package -> the only places that import it. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  sshpk: ['src/ssh/key-file.ts'],
  '@simplewebauthn/server': ['src/fido'],
  '@simplewebauthn/browser': ['web'],
  preact: ['web'],
  fastify: ['src/http', 'src/app.ts'],
  '@fastify': ['src/http', 'src/app.ts'],
  kysely: ['src/store'],
  'node:sqlite': ['src/store'],
  pg: ['src/store'],
};

const VAGUE_FOLDER = /(^|\/)(utils?|helpers?|common|lib|shared|types)\//;
const FORBIDDEN_CODE: readonly (readonly [RegExp, string])[] = [
  [/\bexport\s+default\b/, 'has a default export'],
  [/:\s*any\b|<any>|\bas\s+any\b/, 'has an any'],
  [/\bexport\s+(type\s+)?(\*|\{[^}]*\})\s*(as\s+\w+\s+)?from\b/, 'exports what another file defines'],
];

/** What is wrong with these sources, one line a fault; empty when they keep the rules. */
export function faultsOf(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return [
    ...sources.flatMap((source) => [...edgeFaults(source), ...placeFaults(source), ...codeFaults(source)]),
    ...sources.filter((source) => within(source.path, PURE)).flatMap(purityFaults),
    ...browserSources(sources, byPath).flatMap(browserFaults),
    ...cycleFaults(byPath),
  ];
}

function edgeFaults({ path, imports }: Source): string[] {
  const part = Object.keys(MAY_IMPORT).find((name) => within(path, [name]));
  if (part === undefined) return [`${path} is in no part that MAY_IMPORT knows`];
  const allowed = [part, ...(MAY_IMPORT[part] ?? [])];
  const bad = imports.filter((edge) => isOurs(edge) && !allowed.some((rule) => permits(rule, edge)));
  return bad.map((edge) => `${path} must not import ${edge.target}${edge.typeOnly ? '' : ' at run time'}`);
}

function permits(rule: string, edge: Import): boolean {
  if (!rule.startsWith('type ')) return within(edge.target, [rule]);
  return edge.typeOnly && within(edge.target, [rule.slice('type '.length)]);
}

function placeFaults({ path, imports }: Source): string[] {
  const bad = imports.filter((edge) =>
    Object.entries(ONLY_IN).some(([name, places]) => within(edge.target, [name]) && !within(path, places)),
  );
  return bad.map((edge) => `${path} is no place for ${edge.target}`);
}

function codeFaults({ path, code }: Source): string[] {
  const vague = VAGUE_FOLDER.test(path) ? [`${path} is in a folder whose name says nothing`] : [];
  const found = FORBIDDEN_CODE.filter(([pattern]) => pattern.test(code));
  return [...vague, ...found.map(([, fault]) => `${path} ${fault}`)];
}

function purityFaults({ path, code, imports }: Source): string[] {
  const bad = imports.filter((edge) => !isOurs(edge) && !within(edge.target, PURE_PACKAGES));
  const name = IMPURE_NAMES.exec(code)?.[0];
  return [
    ...bad.map((edge) => `${path} is pure and must not import ${edge.target}`),
    ...(name === undefined ? [] : [`${path} is pure and must not use ${name}`]),
  ];
}

function browserSources(sources: readonly Source[], byPath: ReadonlyMap<string, Source>): Source[] {
  const reached = new Set(sources.filter((source) => within(source.path, IN_BROWSERS)));
  // A set goes on with what is added to it while it is walked.
  for (const source of reached) {
    for (const edge of source.imports.filter((each) => !each.typeOnly)) {
      const next = byPath.get(edge.target);
      if (next !== undefined) reached.add(next);
    }
  }
  return [...reached];
}

function browserFaults({ path, code, imports }: Source): string[] {
  const bad = imports.filter((edge) => !edge.typeOnly && edge.target.startsWith('node:'));
  const name = NODE_NAMES.exec(code)?.[0];
  return [
    ...bad.map((edge) => `${path} runs in browsers and must not import ${edge.target}`),
    ...(name === undefined ? [] : [`${path} runs in browsers and must not use ${name}`]),
  ];
}

function cycleFaults(byPath: ReadonlyMap<string, Source>): string[] {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [`a cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`];
    if (done.has(path)) return [];
    done.add(path);
    return (byPath.get(path)?.imports ?? []).flatMap((edge) => visit(edge.target, [...trail, path]));
  };
  return [...byPath.keys()].flatMap((path) => visit(path, []));
}

function isOurs(edge: Import): boolean {
  return within(edge.target, ['src', 'cli', 'web', 'test', 'demo', 'bench', 'scripts', 'package.json']);
}

function within(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}
