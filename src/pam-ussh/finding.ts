/** What is looked at before somebody relies on pam-ussh: each check has an id that commands, documents and tests name. */

/** Check -> what it is about, in a few words. `cert` and `agent` are judged here; the command that runs on the host adds the rest. */
export const CHECKS = {
  'cert.parse-strict':
    'x/crypto can read the certificate: options in byte order, each once, values wrapped, no byte too many',
  'cert.type-user': 'it is a user certificate',
  'cert.critical': 'it has no critical option',
  'cert.user-principal': 'the Unix user is one of its principals',
  'cert.time': 'it is valid now, by the clock of the host',
  'cert.signature': 'the signature of the CA is good',
  'cert.ca-in-ca_file': 'the key of its CA is in ca_file',
  'cert.sudo-principal': 'one of its principals is among those that the module is told',
  'cert.serial-nonzero': 'it has a serial, the one thing of it that pam-ussh logs',
  'cert.subject-alg': 'its key signs in a form that stays accepted',
  'cert.ca-alg': 'its CA signed in a form that stays accepted',
  'agent.socket': 'SSH_AUTH_SOCK is set and an agent answers there in time',
  'agent.locked-empty': 'the agent is not locked and holds something',
  'agent.has-cert': 'the agent holds a certificate',
  'agent.order': 'everything that pam-ussh tries first can sign',
  'host.ca_file': 'ca_file can be read by the user and names CA keys, each in a form that pam-ussh reads',
  'host.principals-file': 'the file of principals is not empty and holds plain names only',
  'host.pam-line': 'the line in /etc/pam.d says what its author means',
  'host.sudoers': 'sudoers lets the person run commands and keeps nothing longer than it should',
  'host.module': 'the module is a build that checks the CA',
  'session.forwarded': 'an agent was forwarded into this session',
} as const;

export type CheckId = keyof typeof CHECKS;

/** One thing that a check found. */
export interface Finding {
  readonly check: CheckId;
  /** `error`: pam-ussh refuses, stops or lets everybody in because of this. `warning`: it does not, and somebody should know. */
  readonly level: 'error' | 'warning';
  /** What is so. */
  readonly sentence: string;
  /** What to do about it. */
  readonly hint: string;
  /** Where the hint speaks to who issues certificates, or says no more than to ask for another one: a command can say how that is done. */
  readonly remedy?: 'new-certificate';
}
