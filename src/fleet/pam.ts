/** The lines of /etc/pam.d/sudo and /etc/pam.d/sudo-i by which pam-ussh accepts certificates. */
import type { HostFacts } from './host-facts.ts';
import { hostFiles, sudoPrincipals } from './host-facts.ts';

/** @throws FleetError `bad-value` */
export function formatPam(facts: HostFacts): string {
  const { sudoCa, sudoDenied } = hostFiles(facts.directory);
  return [
    `# Usher: sudo on ${facts.sudoName}. Put these lines before every other auth line of /etc/pam.d/sudo, and of /etc/pam.d/sudo-i where`,
    '# it exists: "sudo -i" asks that one (sudo -V says so to root). What only one of them refuses passes by the other one.',
    `# Create ${sudoDenied} and ${sudoCa} first (mode 0644; the list may be empty):`,
    '# without the list nobody gets through, without the CA keys no certificate does.',
    // Its success would otherwise be the only answer that counts: measured, anybody got through.
    '# An auth line that refuses must follow: "@include common-auth" for passwords, else "auth required pam_deny.so".',
    ...pamLines(facts),
    '',
  ].join('\n');
}

/** @throws FleetError `bad-value` */
export function pamLines(facts: HostFacts): readonly string[] {
  const { sudoCa, sudoDenied } = hostFiles(facts.directory);
  const principals = sudoPrincipals(facts).join(',');
  return [
    // pam-ussh knows no revocation, so this line stands before it; a file that can not be read lets nobody pass.
    `auth requisite pam_listfile.so item=user sense=deny file=${sudoDenied} onerr=fail`,
    // Never `group=`: who is not in the group would pass without a certificate.
    `auth sufficient pam_ussh.so ca_file=${sudoCa} authorized_principals=${principals}`,
  ];
}
