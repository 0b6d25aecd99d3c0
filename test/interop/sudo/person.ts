/** People of one authority, each with a terminal, an agent and a security key of their own. */
import type { SoftPlugin } from '../../support/soft-plugin.ts';
import { startSoftPlugin } from '../../support/soft-plugin.ts';
import type { Usherd } from '../../support/usherd.ts';
import type { Terminal } from '../cli/enrolled.ts';
import { inviteFile, openTerminal } from '../cli/enrolled.ts';

const PATIENCE_MS = 20_000;
/** For hooks: several people enrol, each by several runs of the command. */
export const SETTING_UP_MS = 180_000;

export interface Person extends Terminal {
  readonly name: string;
  /** How often they have touched so far. */
  readonly touches: () => number;
}

/** Not enrolled yet: what they have may have to go into the roster first. */
export async function openPerson(name: string): Promise<Person> {
  const plugin = await startSoftPlugin();
  const terminal = await openTerminal(plugin.directory);
  return {
    ...terminal,
    name,
    touches: () => plugin.questions.length,
    [Symbol.asyncDispose]: () => close(terminal, plugin),
  };
}

async function close(terminal: Terminal, plugin: SoftPlugin): Promise<void> {
  await terminal[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
}

export async function enrol(usherd: Usherd, ...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    const invite = await inviteFile(usherd, person, person.name);
    await printed(person, 'enroll', '--address-file', invite, '--with', 'soft');
  }
}

/** What a command prints; it must succeed. */
export async function printed(terminal: Terminal, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await terminal.usher(...args);
  if (code !== 0) throw new Error(`usher ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The id of the one request that waits for this person, as soon as there is one. */
export async function waitingFor(approver: Person): Promise<string> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const { requests } = JSON.parse(await printed(approver, 'approvals', '--json')) as {
      requests: readonly { readonly requestId: string }[];
    };
    const [request] = requests;
    if (request !== undefined) return request.requestId;
  }
  throw new Error(`nothing waits for ${approver.name}`);
}
