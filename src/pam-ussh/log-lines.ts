/** What a line of pam-ussh in a log, or its absence, means: the causes, in the order to look for them. */
import type { CheckId } from './finding.ts';

export interface LogCause {
  readonly cause: string;
  readonly hint: string;
  /** The check that finds it, where one does. */
  readonly check?: CheckId;
}

export interface LogLine {
  readonly id: string;
  /** The line, or what to ask for when there is none. */
  readonly line: string;
  readonly pattern: RegExp;
  /** Of several rows that match the same text, those named here say nothing more. */
  readonly hides?: readonly string[];
  readonly causes: readonly LogCause[];
}

function cause(text: string, hint: string, check?: CheckId): LogCause {
  return check === undefined ? { cause: text, hint } : { cause: text, hint, check };
}

const UNLOCK_OR_ASK = 'unlock it (ssh-add -X), or ask for a certificate (usher sudo HOST)';
const ASK_AGAIN = 'ask for a new one: usher sudo HOST';
const OTHER_CA =
  'ask for a certificate of the CA that is there; if the CA was replaced, the keeper installs: usher export ca-file --purpose sudo (or, where people sign: usher host trust)';
const OWN_AGENT = 'keep the sudo certificate in an agent of its own: usher login --own-agent';

export const LOG_LINES: readonly LogLine[] = [
  {
    id: 'no-valid-certs',
    line: 'no valid certs found',
    pattern: /no valid certs found/,
    causes: [
      cause('the agent holds plain keys only', ASK_AGAIN, 'agent.has-cert'),
      cause('the name of the user is not a principal', 'ask for one with that login', 'cert.user-principal'),
      cause('no configured principal is a principal', 'ask for one for this host', 'cert.sudo-principal'),
      cause(
        'it has ended or has not begun, by the clock of the host',
        'look at that clock, or ask for a new one',
        'cert.time',
      ),
      cause('it has a critical option other than source-address', ASK_AGAIN, 'cert.critical'),
      cause(
        'x/crypto can not read it: options out of order or twice, a value that is not wrapped, an unknown type of key',
        ASK_AGAIN,
        'cert.parse-strict',
      ),
      cause('the signature of the CA is not good', ASK_AGAIN, 'cert.signature'),
    ],
  },
  {
    id: 'unrecognized-authority',
    line: 'certificate signed by unrecognized authority',
    pattern: /certificate signed by unrecognized authority/,
    hides: ['no-valid-certs'],
    causes: [
      cause(
        'everything else was right for that certificate; the key of its CA is not in ca_file (rotation, another file, an empty one)',
        OTHER_CA,
        'cert.ca-in-ca_file',
      ),
      cause(
        'it was the certificate for signing in, whose CA does not belong there: harmless',
        'leave it, and ask for one for sudo: usher sudo HOST',
      ),
      cause(
        'ca_file is in a form that pam-ussh does not read (@cert-authority, PEM)',
        'write it as in a .pub file',
        'host.ca_file',
      ),
    ],
  },
  {
    id: 'bad-public-key',
    line: 'skipping bad public key: ssh: no key found',
    pattern: /skipping bad public key/,
    causes: [
      cause(
        'a blank line, a comment or garbage behind the last key of ca_file: harmless',
        'remove it, or leave it',
      ),
      cause(
        'there is no key in ca_file, if "unrecognized authority" follows',
        'write it as in a .pub file',
        'host.ca_file',
      ),
    ],
  },
  {
    id: 'ca-unreadable',
    line: 'error reading ca: …',
    pattern: /error reading ca:/,
    causes: [
      cause('ca_file is missing', 'create it; mind that a path ends at its first "="', 'host.ca_file'),
      cause(
        'the user can not read it, or not enter its folder',
        'chmod 0644, and 0755 for the folders',
        'host.ca_file',
      ),
    ],
  },
  {
    id: 'principals-missing',
    line: 'open …: no such file or directory',
    pattern: /^(?!.*error reading ca)(?:.*\s)?open \S+: no such file or directory/m,
    causes: [
      cause(
        'authorized_principals_file is missing',
        'create it, with one line at least',
        'host.principals-file',
      ),
    ],
  },
  {
    id: 'no-certs-loaded',
    line: 'No certs loaded.',
    pattern: /No certs loaded/i,
    causes: [cause('the agent is empty, or locked', UNLOCK_OR_ASK, 'agent.locked-empty')],
  },
  {
    id: 'auth-sock',
    line: 'error opening auth sock (sock owner: UID/NAME) by (caller: UID/NAME)',
    pattern: /error opening auth sock|error connecting to /,
    causes: [
      cause('SSH_AUTH_SOCK is stale (tmux, screen)', 'take it from a new login', 'agent.socket'),
      cause('it is the socket of another user', 'use your own', 'agent.socket'),
      cause('the agent has ended', 'log in anew', 'agent.socket'),
    ],
  },
  {
    id: 'list-failed',
    line: 'Error listing keys: …',
    pattern: /Error listing keys:/,
    causes: [
      cause('something else than an agent listens at SSH_AUTH_SOCK', 'set it to the agent', 'agent.socket'),
      cause('the agent belongs to another user, and refuses', 'use your own', 'agent.socket'),
    ],
  },
  {
    id: 'sign-failed',
    line: 'error signing data: agent: failed to sign challenge',
    pattern: /error signing data:/,
    causes: [
      cause(
        'a key that asks before each use (ssh-add -c), without an askpass or denied',
        OWN_AGENT,
        'agent.order',
      ),
      cause(
        'a key bound to destinations (ssh-add -h), in an agent on the host itself, or with a way on from there (web1>db1): else a forwarded one does not list it',
        OWN_AGENT,
        'agent.order',
      ),
      cause('a security key was not touched, or its PIN was wrong', 'touch it when it blinks', 'agent.order'),
      cause('an RSA key, where SHA-1 is switched off', 'use an ed25519 key', 'cert.subject-alg'),
      cause('the key was removed, or the agent is forwarded no longer', 'log in anew', 'session.forwarded'),
      cause(
        'all of these may concern another certificate than the one that was meant',
        OWN_AGENT,
        'agent.order',
      ),
    ],
  },
  {
    id: 'no-touch',
    line: 'signature verification failed: ssh: signature missing required user presence flag',
    pattern: /signature missing required user presence flag/,
    hides: ['verification-failed'],
    causes: [
      cause(
        'a security key that signs without a touch, and x/crypto 0.52 or later',
        'make the key without no-touch-required',
        'cert.subject-alg',
      ),
    ],
  },
  {
    id: 'verification-failed',
    line: 'signature verification failed: …',
    pattern: /signature verification failed:/,
    causes: [cause('the agent is broken', "use OpenSSH's ssh-agent", 'agent.order')],
  },
  {
    id: 'group',
    line: 'group set to X',
    pattern: /group set to /,
    causes: [
      cause(
        'with nothing behind it, and yet sudo worked: who is not in that group passes without any check',
        'remove group= from the line',
        'host.pam-line',
      ),
    ],
  },
  {
    id: 'bad-group',
    line: 'bad group: X',
    pattern: /bad group(?: name)?: /,
    hides: ['group'],
    causes: [
      cause(
        'that group does not exist: everybody passes without any check',
        'remove group= from the line',
        'host.pam-line',
      ),
    ],
  },
  {
    id: 'unknown-option',
    line: 'unkown option: X',
    pattern: /unk(?:n)?own option: /,
    causes: [cause('pam-ussh has no such option', 'remove it from the line', 'host.pam-line')],
  },
  {
    id: 'only-ca-file',
    line: 'ca_file set to …, and nothing behind it',
    pattern: /^(?:.*\s)?ca_file set to \S*(?:, and nothing behind it)?\s*$/m,
    causes: [
      cause(
        'SSH_AUTH_SOCK is not set ("No SSH_AUTH_SOCK" on the terminal)',
        'log in with ssh -A',
        'session.forwarded',
      ),
      cause(
        'an agent that does not answer: sudo waits for ever',
        'stop it (Ctrl-Z, then kill -9)',
        'agent.socket',
      ),
      cause(
        'pam-ussh panicked, and sudo ended with 134',
        'look at the line, and for certificates without principals',
        'host.pam-line',
      ),
    ],
  },
  {
    id: 'no-socket',
    line: 'No SSH_AUTH_SOCK',
    pattern: /no SSH_AUTH_SOCK/i,
    causes: [
      cause('no agent was forwarded', 'log in with ssh -A', 'session.forwarded'),
      cause(
        'the login certificate does not permit it',
        'ask the keeper of your fleet for permit-agent-forwarding',
        'session.forwarded',
      ),
    ],
  },
  {
    id: 'panic',
    line: 'panic: … (on the terminal, and sudo ends with 134)',
    pattern: /^panic: /m,
    causes: [
      cause('"out of range [1]": an option of the line has no value', 'write it with "="', 'host.pam-line'),
      cause(
        '"out of range [0]": a certificate without principals, and none configured',
        'remove it from the agent',
        'cert.sudo-principal',
      ),
      cause('"unreachable": the agent answered with another message', 'start another agent', 'agent.socket'),
    ],
  },
  {
    id: 'nothing',
    line: 'nothing at all',
    pattern: /^\s*(?:nothing(?: at all)?)?\s*$/,
    causes: [
      cause(
        'sudo -n without noninteractive_auth in sudoers',
        'set Defaults noninteractive_auth',
        'host.sudoers',
      ),
      cause('sudo remembers the last time', 'set Defaults timestamp_timeout=0', 'host.sudoers'),
      cause('NOPASSWD in sudoers', 'remove it', 'host.sudoers'),
      cause(
        'pam_ussh.so is not on the way through /etc/pam.d/sudo',
        'put it before everything else',
        'host.pam-line',
      ),
      cause('there is no /dev/log on the host', 'start rsyslog or journald'),
    ],
  },
  {
    id: 'accepted',
    line: 'Authentication succeded for X. Matched principal P, cert N',
    pattern: /Authentication succe?eded for /i,
    causes: [
      cause(
        'it was accepted; the serial says which certificate it was',
        'usher status shows the serials of yours, the log of the authority all of them',
      ),
      cause(
        'if "user NOT in sudoers" follows: no rule lets the user run the command',
        'add the rule to sudoers',
        'host.sudoers',
      ),
    ],
  },
  {
    id: 'not-in-sudoers',
    line: 'user NOT in sudoers',
    pattern: /NOT in sudoers|is not in the sudoers file/i,
    hides: ['accepted'],
    causes: [
      cause(
        'the certificate was accepted, and no rule lets the user run the command',
        'add the rule to sudoers',
        'host.sudoers',
      ),
    ],
  },
];

/** The rows that explain this text, one line of a log or several, with or without what syslog puts before them; empty when none does. */
export function explainLog(text: string): readonly LogLine[] {
  const found = LOG_LINES.filter(({ pattern }) => pattern.test(text));
  const hidden = new Set(found.flatMap(({ hides = [] }) => hides));
  const rows = found.filter(({ id }) => !hidden.has(id));
  // This line is always there, and says something only where nothing follows.
  const telling = rows.filter(({ id }) => id !== 'only-ca-file');
  return telling.length > 0 ? telling : rows;
}
