/**
 * pam-ussh's algorithm over facts: what it does with each identity of an agent, how it ends, and what it logs. Call it once without signing results,
 * let the identities that `asksToSign` marks sign, and call it again.
 */
import type { CaFile } from './ca-file.ts';
import { parseCaFile } from './ca-file.ts';
import type { AgentFact, Facts, FileFact } from './facts.ts';
import type { Finding } from './finding.ts';
import { typeNameOf } from './go-certificate.ts';
import type { JudgedIdentity } from './judge-identity.ts';
import { judgeIdentity } from './judge-identity.ts';
import type { ModuleOptions } from './options.ts';
import { readModuleOptions } from './options.ts';
import type { IdentityVerdict, Judgement, Outcome } from './verdict.ts';

/** How pam-ussh ends, and what it says then. */
interface Ending {
  readonly outcome: Outcome;
  readonly findings?: readonly Finding[];
  readonly log?: readonly string[];
  readonly stderr?: readonly string[];
}

/** Never throws, whatever the agent holds and the files say. */
export function judge(facts: Facts): Judgement {
  const options = readModuleOptions(facts.moduleArguments, facts.readFile);
  // Where the line ends it all, ca_file may not have been read from it yet.
  const caFact = options.stop === undefined ? facts.readFile(options.caFile) : undefined;
  const caFile = caFact?.kind === 'bytes' ? parseCaFile(caFact.bytes) : undefined;
  const judged = judgeIdentities(facts, options, caFile);
  const early = endOfLine(options, facts) ?? endOfAgent(facts.agent) ?? endOfCaFile(options.caFile, caFact);
  const last = early === undefined ? judged.findIndex(({ ends }) => ends !== undefined) : -1;
  const reached = early === undefined ? judged.slice(0, last < 0 ? judged.length : last + 1) : [];
  const end = early ?? { ...endOfIdentities(reached), log: [...(caFile?.log ?? []), ...logOf(reached)] };
  return {
    outcome: end.outcome,
    identities: judged.map((each, index) => verdictOf(each, index < reached.length)),
    findings: [...options.findings, ...(caFile?.findings ?? []), ...(end.findings ?? [])],
    log: [...options.log, ...(end.log ?? [])],
    stderr: [...options.stderr, ...(end.stderr ?? [])],
  };
}

function judgeIdentities(
  { agent, user, now, xcrypto }: Facts,
  { principals }: ModuleOptions,
  caFile: CaFile | undefined,
): readonly JudgedIdentity[] {
  if (agent.kind !== 'identities') return [];
  // A clock with fractions is no reason to throw.
  const context = { user, now: Math.floor(now), xcrypto, principals, caKeys: caFile?.keys };
  return agent.identities.map((identity, index) => judgeIdentity(identity, index, context));
}

function verdictOf({ verdict, ends }: JudgedIdentity, isReached: boolean): IdentityVerdict {
  if (!isReached) return { ...verdict, step: 'not-reached' };
  if (ends === undefined) return { ...verdict, step: 'skipped' };
  return { ...verdict, step: ends === 'success' ? 'accepted' : 'aborts' };
}

/** The line itself: a panic, a file of principals that is missing, the group. */
function endOfLine(options: ModuleOptions, { group }: Facts): Ending | undefined {
  if (options.stop !== undefined) return { outcome: options.stop };
  if (options.group === '' || group === 'member') return undefined;
  return { outcome: 'unchecked', log: group === 'unknown-group' ? [`bad group: ${options.group}`] : [] };
}

function endOfAgent(agent: AgentFact): Ending | undefined {
  switch (agent.kind) {
    case 'no-socket':
      return refused('agent.socket', 'SSH_AUTH_SOCK is not set', 'forward the agent: ssh -A', {
        stderr: ['No SSH_AUTH_SOCK'],
      });
    case 'unreachable':
      return refused('agent.socket', `nobody answers at ${agent.path}`, 'log in anew, or set SSH_AUTH_SOCK', {
        stderr: [`error connecting to ${agent.path}`],
        log: ['error opening auth sock'],
      });
    case 'no-list':
      return noList(agent.message);
    case 'wrong-message': {
      const sentence = 'the agent answers with a message that is no list: sudo panics';
      return { ...refused('agent.socket', sentence, 'start another agent', {}), outcome: 'panic' };
    }
    case 'silent': {
      const hint = 'stop what waits (Ctrl-Z, then kill -9), and start the agent anew';
      return {
        ...refused('agent.socket', 'the agent does not answer: sudo waits for ever', hint, {}),
        outcome: 'hang',
      };
    }
    case 'identities':
      return endOfList(agent.identities.map(({ blob }) => blob));
    default:
      return agent satisfies never;
  }
}

/** x/crypto's agent client refuses the whole list for one blob that does not begin with a name. */
function endOfList(blobs: readonly Uint8Array[]): Ending | undefined {
  const bad = blobs.find((blob) => typeNameOf(blob) === undefined);
  if (bad !== undefined)
    return noList(
      bad.length === 0
        ? 'ssh: parse error in message type 0'
        : 'ssh: unmarshal error for field Format of type wireKey',
    );
  if (blobs.length > 0) return undefined;
  return refused(
    'agent.locked-empty',
    'the agent is empty, or locked',
    'ask for a certificate, or unlock it (ssh-add -X)',
    {
      log: ['No certs loaded.'],
    },
  );
}

function noList(message: string): Ending {
  return refused('agent.socket', `the agent gives no list of keys (${message})`, 'start the agent anew', {
    log: [`Error listing keys: ${message}`],
  });
}

function endOfCaFile(path: string, fact: FileFact | undefined): Ending | undefined {
  if (fact === undefined || fact.kind === 'bytes') return undefined;
  const message = fact.kind === 'error' ? fact.message : `read ${path}: is a directory`;
  const hint = 'let everybody read the file and enter its folders: pam-ussh reads it as the user';
  return refused('host.ca_file', `the CA keys can not be read: ${message}`, hint, {
    log: [`error reading ca: ${message}`],
  });
}

function endOfIdentities(reached: readonly JudgedIdentity[]): Ending {
  const last = reached.at(-1);
  if (last?.ends !== undefined) return { outcome: last.ends, stderr: last.stderr };
  const hasCertificate = reached.some(({ verdict }) => verdict.certificate !== undefined);
  const none = refused(
    'agent.has-cert',
    'the agent holds no certificate',
    'ask for one: usher sudo HOST',
    {},
  );
  return hasCertificate ? { outcome: 'refused' } : none;
}

function logOf(reached: readonly JudgedIdentity[]): readonly string[] {
  const lines = reached.flatMap(({ log }) => log);
  return reached.at(-1)?.ends === undefined ? [...lines, 'no valid certs found'] : lines;
}

function refused(
  check: Finding['check'],
  sentence: string,
  hint: string,
  said: Pick<Ending, 'log' | 'stderr'>,
): Ending {
  return { outcome: 'refused', findings: [{ check, level: 'error', sentence, hint }], ...said };
}
