/** What `ssh` would do, by its own word: `ssh -G`. The judgement is pure. */
import type { AgentAddress } from '../agent/agent-address.ts';
import type { Surroundings } from '../surroundings.ts';
import { runProgram } from '../touch/run.ts';
import type { Check } from './check.ts';
import { failure, ok, warning } from './check.ts';

/** The options of one host, each with its last value. */
export async function readSshConfig(
  surroundings: Surroundings,
  host: string,
): Promise<ReadonlyMap<string, string>> {
  const limits = { timeLimitSeconds: 20, maxOutputBytes: 262_144 };
  const input = {
    program: 'ssh',
    arguments: ['-G', '--', host],
    stdin: '',
    stderr: 'keep',
    ...limits,
  } as const;
  const { stdout } = await runProgram(surroundings, input);
  const lines = stdout.split('\n').map((line) => line.split(' '));
  return new Map(lines.map(([name = '', ...value]) => [name, value.join(' ')]));
}

export function judgeSshConfig(
  config: ReadonlyMap<string, string>,
  host: string,
  agent: AgentAddress,
): Check {
  const is = (option: string, ...values: readonly string[]) => values.includes(config.get(option) ?? '');
  if (config.size === 0) return failure('ssh-config', `ssh -G ${host} says nothing`, 'is OpenSSH installed?');
  if (is('pubkeyauthentication', 'no', 'false'))
    return failure('ssh-config', 'PubkeyAuthentication is off', `take it out of ~/.ssh/config for ${host}`);
  if (is('identitiesonly', 'yes'))
    return failure(
      'ssh-config',
      'IdentitiesOnly keeps ssh from offering the certificate in the agent',
      'put the stanza of "usher config ssh" before it in ~/.ssh/config',
    );
  const asked = config.get('identityagent') ?? 'SSH_AUTH_SOCK';
  if (asked !== agent.socket && (agent.own || asked !== 'SSH_AUTH_SOCK'))
    return failure(
      'ssh-config',
      `IdentityAgent is ${asked}, and the certificate is in another agent`,
      agent.own ? 'take the stanza of "usher config ssh"' : 'set IdentityAgent SSH_AUTH_SOCK',
    );
  const types = (config.get('pubkeyacceptedalgorithms') ?? '').split(',');
  if (!types.includes('ssh-ed25519-cert-v01@openssh.com'))
    return warning(
      'ssh-config',
      'PubkeyAcceptedAlgorithms leaves Ed25519 certificates out',
      'add ssh-ed25519-cert-v01@openssh.com to it',
    );
  return ok('ssh-config', `ssh offers the certificate to ${host}`);
}
