/** An authority that the person is enrolled at, as a command works with it. */
import { BundleReply } from '../../src/http/contract/bundle.ts';
import type { AgentAddress } from '../agent/agent-address.ts';
import { agentAddress } from '../agent/agent-address.ts';
import { UsherCommandError } from '../error.ts';
import type { Paths } from '../paths.ts';
import { authorityName, pathsFrom } from '../paths.ts';
import type { Surroundings } from '../surroundings.ts';
import type { VerifiedBundle } from './bundle.ts';
import { acceptBundle, verifyBundle } from './bundle.ts';
import { Client } from './client.ts';
import type { Memory } from './memory.ts';
import { loadMemory, remember } from './memory.ts';
import type { Settings } from './settings.ts';
import { changeSettings, loadSettings } from './settings.ts';

export interface Enrolled {
  readonly surroundings: Surroundings;
  readonly paths: Paths;
  /** Its host, as in file names and comments. */
  readonly name: string;
  readonly settings: Settings;
  readonly memory: Memory;
  readonly client: Client;
  readonly agent: AgentAddress;
}

/** @param authority the name after `--authority`, else USHER_AUTHORITY, else the default. */
export async function openEnrolled(
  surroundings: Surroundings,
  authority: string | undefined,
): Promise<Enrolled> {
  const paths = pathsFrom(surroundings.env);
  const settings = await loadSettings(paths, authority ?? surroundings.env['USHER_AUTHORITY']);
  const name = authorityName(settings.origin);
  const memory = await loadMemory(paths, name);
  const client = new Client(settings.origin, surroundings);
  const agent = agentAddress(surroundings.env, settings.ownAgent === true);
  return { surroundings, paths, name, settings, memory, client, agent };
}

/** Fetches the bundle, checks it with what is pinned and what was seen before, and remembers it. */
export async function refreshBundle(enrolled: Enrolled): Promise<VerifiedBundle> {
  const { surroundings, paths, name, settings, client } = enrolled;
  const fetched = verifyBundle(await client.get('/v1/bundle', BundleReply), settings.origin, settings);
  acceptBundle(fetched, storedBundle(enrolled), surroundings.now());
  // Every credential of the person was made for the old one: none would answer.
  if (fetched.rpId !== settings.rpId)
    throw new UsherCommandError(
      'bundle-refused',
      `the RP id changed from ${settings.rpId} to ${fetched.rpId}`,
    );
  await remember(paths, name, { bundle: fetched.reply });
  await savePins(enrolled, fetched);
  return fetched;
}

/** The bundle as it was seen last, verified again, if there is one. */
export function storedBundle({
  memory,
  settings,
}: Pick<Enrolled, 'memory' | 'settings'>): VerifiedBundle | undefined {
  return memory.bundle === undefined ? undefined : verifyBundle(memory.bundle, settings.origin, settings);
}

async function savePins({ paths, name, settings }: Enrolled, { pins }: VerifiedBundle): Promise<void> {
  await changeSettings(paths, name, (current) => {
    // Another `usher` pinned another key meanwhile: this bundle was judged by the one before.
    if (current.bundleKey !== settings.bundleKey) return current;
    const { nextBundleKey, ...rest } = current;
    // A bundle by the old key never takes an announced successor back: it may be a replay from before.
    const next = pins.nextBundleKey ?? (pins.bundleKey === current.bundleKey ? nextBundleKey : undefined);
    return {
      ...rest,
      bundleKey: pins.bundleKey,
      ...(next === undefined ? {} : { nextBundleKey: next }),
    };
  });
}
