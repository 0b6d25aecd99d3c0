/** What one case of the table sets up, for all its judges: a line, files, an agent; and what must come of it. */
import type { AgentFact, Facts, FileFact, SigningFact } from '../../src/pam-ussh/facts.ts';
import type { Outcome } from '../../src/pam-ussh/verdict.ts';
import type { AgentTestKey } from './agent-key.ts';

/** Where and when a scene plays: real users, folders and clocks differ from those of unit tests. */
export interface World {
  readonly user: string;
  /** Another user's name. */
  readonly other: string;
  /** Holds the files, without a slash at its end. */
  readonly directory: string;
  /** Unix time in seconds. */
  readonly now: number;
}

export interface Scene {
  readonly moduleArguments: readonly string[];
  /** By name in the world's directory. */
  readonly files: Readonly<Record<string, SceneFile>>;
  readonly agent: SceneAgent;
  /** Of the group that the line names. */
  readonly group?: Facts['group'];
}

export interface SceneFile {
  readonly text: string | Uint8Array;
  /** `root`: the user can not read it. */
  readonly reader?: 'root';
  readonly isDirectory?: true;
}

export type SceneAgent =
  | { readonly kind: 'identities'; readonly identities: readonly SceneIdentity[] }
  /** Answers the question for a list with these bytes, and nothing else; or ends, or waits for ever. */
  | { readonly kind: 'answers'; readonly answer: Uint8Array | 'end' | 'wait'; readonly fact: AgentFact }
  | { readonly kind: 'no-socket' }
  /** SSH_AUTH_SOCK names a file of the scene, or nothing. */
  | { readonly kind: 'unreachable'; readonly name: string };

export interface SceneIdentity {
  readonly blob: Uint8Array;
  readonly key?: AgentTestKey;
  /** Whether OpenSSH's agent takes it; true when absent. A scripted agent holds whatever it is given. */
  readonly isForOpenssh?: boolean;
  /** OpenSSH's agent: what stands behind the key in the request to add it (ssh-add's -c and -h). */
  readonly constraints?: Uint8Array;
  /** Answers each question for a signature; without it the key signs. */
  readonly answer?: SceneAnswer;
}

export type SceneAnswer =
  | { readonly kind: 'signature'; readonly sign: (challenge: Uint8Array) => Uint8Array }
  | { readonly kind: 'failure' | 'end' | 'wait' }
  | { readonly kind: 'message'; readonly message: Uint8Array; readonly fact: SigningFact };

export interface Expected {
  readonly outcome: Outcome;
  /** What is logged, without the lines that the option ca_file causes, and without users and paths behind `error opening auth sock`. */
  readonly log: readonly string[];
}

/** The one thing that x/crypto has changed: security keys that sign without a touch. */
export interface PamUsshCase {
  /** With the section of the measurements in front: `c2 alice, sudoer`. */
  readonly id: string;
  readonly expected: (world: World) => Expected;
  /** With x/crypto from 0.52 on, when it is another. */
  readonly expectedNew?: (world: World) => Expected;
  /** Only x/crypto before September 2025 does this. */
  readonly isOld?: true;
  readonly scene: (world: World) => Scene;
}

/** The challenge that unit tests let keys sign. */
const CHALLENGE = Uint8Array.from({ length: 32 }, (_, index) => index);

/** What the judge is told of a scene. */
export function factsOf(scene: Scene, world: World, xcrypto: Facts['xcrypto']): Facts {
  return {
    user: world.user,
    moduleArguments: scene.moduleArguments,
    readFile: (path) => fileFact(path, scene, world),
    group: scene.group,
    agent: agentFact(scene.agent),
    now: world.now,
    xcrypto,
  };
}

function fileFact(path: string, { files }: Scene, { directory }: World): FileFact {
  const name = path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : '';
  const file = Object.hasOwn(files, name) ? files[name] : undefined;
  if (file === undefined) return { kind: 'error', message: `open ${path}: no such file or directory` };
  if (file.isDirectory === true) return { kind: 'directory' };
  if (file.reader === 'root') return { kind: 'error', message: `open ${path}: permission denied` };
  return {
    kind: 'bytes',
    bytes: typeof file.text === 'string' ? new TextEncoder().encode(file.text) : file.text,
  };
}

function agentFact(agent: SceneAgent): AgentFact {
  switch (agent.kind) {
    case 'answers':
      return agent.fact;
    case 'unreachable':
      return { kind: 'unreachable', path: agent.name };
    case 'no-socket':
      return agent;
    case 'identities':
      return {
        kind: 'identities',
        identities: agent.identities.map((identity) => ({
          blob: identity.blob,
          comment: '',
          signing: signingFact(identity),
        })),
      };
    default:
      return agent satisfies never;
  }
}

function signingFact({ key, answer }: SceneIdentity): SigningFact | undefined {
  switch (answer?.kind) {
    case undefined:
      if (key === undefined) return undefined;
      return { kind: 'signature', challenge: CHALLENGE, signature: key.sign(CHALLENGE) };
    case 'signature':
      return { kind: 'signature', challenge: CHALLENGE, signature: answer.sign(CHALLENGE) };
    case 'failure':
      return { kind: 'refused' };
    case 'end':
      return { kind: 'broken', message: 'agent: client error: EOF' };
    case 'wait':
      return { kind: 'silent' };
    case 'message':
      return answer.fact;
    default:
      return answer satisfies never;
  }
}
