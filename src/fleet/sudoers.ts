/** A drop-in for /etc/sudoers.d. Never `env_keep` of the agent's socket: pam-ussh does not need it, and root's command would get the agent. */
import { FleetError } from './error.ts';

export interface SudoersOptions {
  /** Lets `sudo -n`, as Ansible calls it, get as far as PAM. */
  readonly noninteractive: boolean;
  /** A login, or `%` and a group, that may run anything as anybody. */
  readonly rule?: string;
}

const SUBJECT = /^%?[a-z_][a-z0-9_-]{0,31}$/;

/** @throws FleetError `bad-value` */
export function formatSudoers({ noninteractive, rule }: SudoersOptions): string {
  return [
    '# Usher: put this into /etc/sudoers.d/usher, mode 0440 (visudo -cf checks it).',
    '# Each sudo asks for a certificate; sudo would remember the last one for 15 minutes.',
    'Defaults timestamp_timeout=0',
    ...(noninteractive
      ? ['# sudo -n gets as far as the certificate (sudo 1.9.10 and later).', 'Defaults noninteractive_auth']
      : []),
    ...(rule === undefined ? [] : formatRule(rule)),
    '',
  ].join('\n');
}

function formatRule(subject: string): readonly string[] {
  if (!SUBJECT.test(subject))
    throw new FleetError('bad-value', `"${subject}" is no login, and no "%" and a group`);
  return [
    '# A certificate says who somebody is; what they may do is said here.',
    `${subject} ALL=(ALL:ALL) ALL`,
  ];
}
