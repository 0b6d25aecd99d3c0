/**
 * `usher status --quiet`, for `Match exec` in ssh_config: an exit code within 60 ms, Node's start included. So it loads neither
 * commander nor schemas, and takes from our own files (mode 0600, written by us after they were verified) only what it needs.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64urlnopad } from '@scure/base';
import { AgentConnection } from '../src/agent/connection.ts';
import type { PublicKey } from '../src/ssh/public-key.ts';
import { parsePublicKeyLine } from '../src/ssh/public-key.ts';
import { agentAddress } from './agent/agent-address.ts';
import { ownEntries, usableEntries } from './agent/entries.ts';
import type { Paths } from './paths.ts';
import { pathsFrom } from './paths.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether these arguments ask for nothing but the exit code. @returns the authority they name, or undefined when they do not. */
export function parseQuickStatus(
  args: readonly string[],
): { readonly authority: string | undefined } | undefined {
  const [command, ...rest] = args;
  if (command !== 'status' || !rest.some(isQuiet)) return undefined;
  const [option, authority, ...more] = rest.filter((argument) => !isQuiet(argument));
  if (option === undefined) return { authority: undefined };
  return option === '--authority' && authority !== undefined && more.length === 0 ? { authority } : undefined;
}

/** Whether the agent holds a usable certificate; false for whatever goes wrong, since `ssh` asks only that. */
export async function hasUsableCertificate(
  env: Environment,
  authority: string | undefined,
  now: number,
): Promise<boolean> {
  try {
    const paths = pathsFrom(env);
    const name = authority ?? env['USHER_AUTHORITY'] ?? defaultName(paths);
    const settings = readJson(join(paths.authorities, `${name}.json`));
    const person = textField(settings, 'person');
    const caKeys = loginKeys(readJson(join(paths.state, `${name}.json`)));
    const agent = await AgentConnection.connect(
      agentAddress(env, field(settings, 'ownAgent') === true).socket ?? '',
    );
    const entries = ownEntries(await agent.list(), { purpose: 'login', person, authority: name });
    agent.close();
    return usableEntries(entries, caKeys, now).length > 0;
  } catch {
    return false;
  }
}

function isQuiet(argument: string): boolean {
  return argument === '--quiet' || argument === '-q';
}

function defaultName(paths: Paths): string {
  try {
    return readFileSync(paths.defaultAuthority, 'utf8').trim();
  } catch {
    const [only = '', ...more] = readdirSync(paths.authorities).filter((file) => file.endsWith('.json'));
    return more.length === 0 ? only.slice(0, -'.json'.length) : '';
  }
}

/** CA keys of every state: those that are retired signed certificates that hosts still take. */
function loginKeys(memory: unknown): readonly PublicKey[] {
  const statement = base64urlnopad.decode(textField(field(memory, 'bundle'), 'statement'));
  const keys = field(JSON.parse(new TextDecoder().decode(statement)), 'caKeys');
  if (!Array.isArray(keys)) return [];
  return keys
    .filter((entry: unknown) => field(entry, 'purpose') === 'login')
    .map((entry: unknown) => parsePublicKeyLine(textField(entry, 'key')).key);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

function textField(value: unknown, name: string): string {
  const text = field(value, name);
  if (typeof text !== 'string') throw new TypeError(`no ${name}`);
  return text;
}
