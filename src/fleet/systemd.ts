/** The units by which systemd syncs a host every few minutes. */
import { hostFiles } from './host-facts.ts';

/** Which of the two host programs is called: `usher` itself, or the script for hosts without Node. */
export type HostProgram = 'usher' | 'script';

/** Found by systemd where it looks for programs, /usr/local among them. */
const COMMANDS: Readonly<Record<HostProgram, string>> = {
  usher: 'usher host sync',
  script: 'usher-host sync',
};

const DROP_INS = '/etc/ssh/sshd_config.d';

/** The authority is asked as soon as there is a network. */
export const NETWORK = 'network-online.target';

export const DESCRIPTIONS = {
  service: 'CA keys, revocations and host certificates from the SSH certificate authority',
  timer: 'Sync with the SSH certificate authority every five minutes',
} as const;

type Setting = readonly [name: string, value: string];

export interface ServiceOptions {
  readonly program: HostProgram;
  /** Where the host keeps what it was told, e.g. /etc/ssh/usher. */
  readonly directory: string;
}

/** @throws FleetError `bad-value` */
export function formatService({ program, directory }: ServiceOptions): string {
  // Its grammar has nothing that systemd would split or expand.
  hostFiles(directory);
  return unit([
    '# Usher: put this into /etc/systemd/system/usher-host-sync.service.',
    '[Unit]',
    `Description=${DESCRIPTIONS.service}`,
    'Documentation=man:sshd_config(5)',
    `Wants=${NETWORK}`,
    `After=${NETWORK}`,
    '',
    '[Service]',
    ...serviceSettings({ program, directory }, COMMANDS[program]).map(assignment),
  ]);
}

export function formatTimer(): string {
  return unit([
    '# Usher: put this into /etc/systemd/system/usher-host-sync.timer, then: systemctl enable --now usher-host-sync.timer',
    '[Unit]',
    `Description=${DESCRIPTIONS.timer}`,
    '',
    '[Timer]',
    ...TIMER.map(assignment),
    '',
    '[Install]',
    'WantedBy=timers.target',
  ]);
}

/** Every five minutes, each host at a moment of its own; at once after the machine was off. */
export const TIMER: readonly Setting[] = [
  ['OnCalendar', '*:0/5'],
  ['RandomizedDelaySec', '4min'],
  ['AccuracySec', '1s'],
  ['Persistent', 'true'],
];

/** Of [Service], wherever it is written. A run that hangs would keep all later ones from starting. */
export function serviceSettings({ program, directory }: ServiceOptions, command: string): readonly Setting[] {
  return [
    ['Type', 'oneshot'],
    ['ExecStart', command],
    ['TimeoutStartSec', '10min'],
    ...hardening(program, directory),
  ];
}

/** What is left: its own files and sshd's drop-ins to write, logs and host keys to read, the authority to call, sshd to reload. */
function hardening(program: HostProgram, directory: string): readonly Setting[] {
  return [
    ['UMask', '0077'],
    ['StateDirectory', 'usher'],
    ['StateDirectoryMode', '0700'],
    ['ProtectSystem', 'strict'],
    // They are there since the host was enrolled. Host keys and sshd_config itself can not be written.
    ['ReadWritePaths', `-${directory} -${DROP_INS}`],
    ['ProtectHome', 'true'],
    ['PrivateTmp', 'true'],
    ['PrivateDevices', 'true'],
    ['ProtectProc', 'invisible'],
    ['ProtectClock', 'true'],
    ['ProtectHostname', 'true'],
    ['ProtectControlGroups', 'true'],
    ['ProtectKernelLogs', 'true'],
    ['ProtectKernelModules', 'true'],
    ['ProtectKernelTunables', 'true'],
    ['NoNewPrivileges', 'true'],
    ['LockPersonality', 'true'],
    // Node makes its machine code while it runs.
    ...(program === 'script' ? [['MemoryDenyWriteExecute', 'true'] as const] : []),
    ['RemoveIPC', 'true'],
    ['RestrictNamespaces', 'true'],
    ['RestrictRealtime', 'true'],
    ['RestrictSUIDSGID', 'true'],
    ['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6'],
    // To read logs that belong to syslog, and to tell an sshd that systemd did not start.
    ['CapabilityBoundingSet', 'CAP_DAC_READ_SEARCH CAP_KILL'],
    ['SystemCallArchitectures', 'native'],
    ['SystemCallFilter', '@system-service'],
    ['SystemCallErrorNumber', 'EPERM'],
  ];
}

function assignment([name, value]: Setting): string {
  return `${name}=${value}`;
}

function unit(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
