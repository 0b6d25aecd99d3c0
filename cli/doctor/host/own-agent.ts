/** On the host, as the person: whether sudo would take what their agent holds, by the host's own lines and files. */
import type { Surroundings } from '../../surroundings.ts';
import type { Check } from '../check.ts';
import { ok, warning } from '../check.ts';
import { listAgent } from '../sudo/agent-facts.ts';
import { checkSudo } from '../sudo/checks.ts';
import { examineSudo } from '../sudo/examine.ts';
import { signerOf } from '../sudo/sign.ts';
import type { HostFiles, HostUser } from './files.ts';
import { readLine } from './module-lines.ts';
import type { PamModule } from './pam-stack.ts';

interface OwnAgentQuestion {
  readonly surroundings: Surroundings;
  readonly files: HostFiles;
  readonly user: HostUser;
  readonly modules: readonly PamModule[];
}

/** sudo takes SSH_AUTH_SOCK away: as root there is nothing to look at. */
export async function checkOwnAgent(question: OwnAgentQuestion): Promise<readonly Check[]> {
  const { surroundings, files, user, modules } = question;
  const [module] = modules;
  if (user.uid !== process.getuid?.() || module === undefined) return [];
  const socket = surroundings.env['SSH_AUTH_SOCK'] || undefined;
  if (socket === undefined) {
    const hint = 'log in with ssh -A; a login certificate has to permit it';
    return [warning('session.forwarded', 'SSH_AUTH_SOCK is not set: no agent came with you', hint)];
  }
  const here = ok('session.forwarded', 'there is an agent in this session');
  if (readLine(files, module).unseen.length > 0) return [here];
  const agent = await listAgent(socket);
  const now = surroundings.now();
  const answer = await examineSudo({
    host: { moduleArguments: module.arguments, readFile: files.read },
    ...{ logins: [user.name], agent, now },
    sign: signerOf(surroundings, socket, agent),
  });
  return [here, ...checkSudo({ host: 'this host', answer, now })];
}
