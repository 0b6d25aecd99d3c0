/** A drop-in for /etc/ssh/sshd_config.d. */
import { hostFiles } from './host-facts.ts';

/** @throws FleetError `bad-value` */
export function formatSshd(directory: string): string {
  const { revokedKeys } = hostFiles(directory);
  return [
    '# Usher: put this into /etc/ssh/sshd_config.d/20-usher.conf, then: sshd -t && systemctl reload ssh',
    `# Create the files first. While ${revokedKeys} is missing sshd refuses every login, those by key too; an empty`,
    '# file is good. Who has no file in principals can not log in with a certificate; authorized_keys works as before.',
    ...sshdSettings(directory).map(([name, value]) => `${name} ${value}`),
    '',
  ].join('\n');
}

/** The drop-in that a sync keeps on a host, with the certificates that sshd shows. @throws FleetError `bad-value` */
export function formatHostDropIn(directory: string, certificates: readonly string[]): string {
  return [
    '# Usher: written by its sync, which undoes what is changed here.',
    ...certificates.map((path) => `HostCertificate ${path}`),
    ...sshdSettings(directory).map(([name, value]) => `${name} ${value}`),
    '',
  ].join('\n');
}

/** Only the login CA: whatever else stood there could log in. @throws FleetError `bad-value` */
export function sshdSettings(directory: string): readonly (readonly [name: string, value: string])[] {
  const { loginCa, principals, revokedKeys } = hostFiles(directory);
  return [
    ['TrustedUserCAKeys', loginCa],
    ['AuthorizedPrincipalsFile', `${principals}/%u`],
    ['RevokedKeys', revokedKeys],
  ];
}
