/** The same as a NixOS module: PAM, sudo and sshd, and the files before the lines that name them. */
import type { HostFacts, HostFiles } from './host-facts.ts';
import { hostFiles, sudoPrincipals } from './host-facts.ts';
import { sshdSettings } from './sshd.ts';
import type { HostProgram } from './systemd.ts';
import { DESCRIPTIONS, NETWORK, serviceSettings, TIMER } from './systemd.ts';

export interface NixosOptions extends HostFacts {
  /** Lets `sudo -n` get as far as PAM. */
  readonly noninteractive: boolean;
  /** Contents of the files of CA keys, where the configuration is to bring them. */
  readonly loginCa?: string;
  readonly sudoCa?: string;
  /** What keeps the host in step with the authority, where something does. */
  readonly sync?: HostProgram;
}

/** The one key of a NixOS host that gets a certificate: `settings` takes one value of a name. */
const HOST_KEY = 'ssh_host_ed25519_key';
const SYNC = 'usher-host-sync';
/** The script finds programs where the system has them. */
const SYNC_COMMANDS: Readonly<Record<HostProgram, string>> = {
  usher: '/run/current-system/sw/bin/usher host sync',
  script: `\${pkgs.runtimeShell} \${./usher-host} sync`,
};

/** @throws FleetError `bad-value` */
export function formatNixos(options: NixosOptions): string {
  const files = hostFiles(options.directory);
  return [
    `# Usher: logins and sudo on ${options.sudoName}. Save it as usher.nix and add it to "imports".`,
    '{ config, pkgs, ... }:',
    '{',
    ...[
      ...pamPart(options, files),
      ...sudoPart(options),
      ...sshdPart(options),
      ...(options.sync === undefined ? [] : syncPart(options.sync, options.directory)),
      ...filesPart(options, files),
    ].map((line) => (line === '' ? '' : `  ${line}`)),
    '}',
    '',
  ].join('\n');
}

function pamPart(options: NixosOptions, { sudoCa, sudoDenied }: HostFiles): readonly string[] {
  return [
    'security.pam.ussh = {',
    '  enable = true;',
    '  control = "sufficient";',
    `  caFile = ${quote(sudoCa)};`,
    `  authorizedPrincipals = ${quote(sudoPrincipals(options).join(','))};`,
    '};',
    'assertions = [',
    '  {',
    '    # Not what its description says: who is not in the group passes without a certificate.',
    '    assertion = config.security.pam.ussh.group == null;',
    '    message = "security.pam.ussh.group lets everybody outside the group use sudo without a certificate";',
    '  }',
    '];',
    '# pam-ussh knows no revocation: who is named in this file is refused before it is asked. NixOS calls these rules experimental:',
    '# look at /etc/pam.d/sudo after an upgrade of nixpkgs; pam_listfile has to stand before pam_ussh.',
    'security.pam.services.sudo.rules.auth.usher-denied = {',
    '  order = config.security.pam.services.sudo.rules.auth.ussh.order - 10;',
    '  control = "requisite";',
    '  modulePath = "pam_listfile.so";',
    `  args = [ "item=user" "sense=deny" "file=${sudoDenied}" "onerr=fail" ];`,
    '};',
  ];
}

function sudoPart({ noninteractive }: NixosOptions): readonly string[] {
  return [
    "security.sudo.extraConfig = ''",
    '  Defaults timestamp_timeout=0',
    ...(noninteractive ? ['  Defaults noninteractive_auth'] : []),
    "'';",
  ];
}

function sshdPart({ directory, sync }: NixosOptions): readonly string[] {
  const certificate = ['HostCertificate', `${directory}/${HOST_KEY}-cert.pub`] as const;
  const settings = [...sshdSettings(directory), ...(sync === undefined ? [] : [certificate])];
  return [
    'services.openssh.settings = {',
    ...settings.map(([name, value]) => `  ${name} = ${quote(value)};`),
    '};',
  ];
}

/** Whoever enrols the host leaves sshd's configuration to this module. */
function syncPart(program: HostProgram, directory: string): readonly string[] {
  const enroll = program === 'usher' ? 'usher host enroll --token-file TOKEN' : 'usher-host enroll TOKEN';
  return [
    `# As root, once: ${enroll} --no-drop-in --host-key /etc/ssh/${HOST_KEY}`,
    ...(program === 'script'
      ? [
          '# The program from "usher export host-script" is beside this file, under the name usher-host.',
          'environment.systemPackages = [ pkgs.curl pkgs.diffutils pkgs.gawk pkgs.gnutar pkgs.util-linux ];',
        ]
      : []),
    `systemd.services.${SYNC} = {`,
    `  description = ${quote(DESCRIPTIONS.service)};`,
    `  wants = [ ${quote(NETWORK)} ];`,
    `  after = [ ${quote(NETWORK)} ];`,
    '  serviceConfig = {',
    ...serviceSettings({ program, directory }, SYNC_COMMANDS[program]).map(
      ([name, value]) => `    ${name} = ${quote(value)};`,
    ),
    '  };',
    '};',
    `systemd.timers.${SYNC} = {`,
    `  description = ${quote(DESCRIPTIONS.timer)};`,
    '  wantedBy = [ "timers.target" ];',
    '  timerConfig = {',
    ...TIMER.map(([name, value]) => `    ${name} = ${quote(value)};`),
    '  };',
    '};',
  ];
}

/** tmpfiles makes them before sshd starts again: while the file of revoked keys is missing sshd refuses every login. */
function filesPart(options: NixosOptions, files: HostFiles): readonly string[] {
  return [
    '# Made where they are missing, never changed: remove a file of CA keys to have it copied anew.',
    'systemd.tmpfiles.rules = [',
    `  "d ${options.directory} 0755 root root -"`,
    `  "d ${files.principals} 0755 root root -"`,
    `  "f ${files.revokedKeys} 0644 root root -"`,
    `  "f ${files.sudoDenied} 0644 root root -"`,
    ...copied('login', files.loginCa, options.loginCa),
    ...copied('sudo', files.sudoCa, options.sudoCa),
    '];',
  ];
}

function copied(purpose: string, path: string, content: string | undefined): readonly string[] {
  if (content === undefined) return [];
  // Lines of keys hold neither "''" nor "${", which alone would mean something here.
  const lines = content.trimEnd().split('\n');
  return [
    `  "C ${path} 0644 root root - \${pkgs.writeText "usher-${purpose}-ca" ''`,
    ...lines.map((line) => `    ${line}`),
    "  ''}\"",
  ];
}

/** What is checked by `host-facts.ts` holds nothing that a Nix string would read; "%u" is no exception. */
function quote(text: string): string {
  return `"${text}"`;
}
