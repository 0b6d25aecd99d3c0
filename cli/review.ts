/** Says before the touch what will be signed, from the drafts themselves. */

import { optionValue } from '../src/ssh/certificate.ts';
import type { CertificateFields } from '../src/ssh/certificate-fields.ts';
import { formatDuration } from '../src/ssh/duration.ts';
import { fingerprint } from '../src/ssh/public-key.ts';

/** Rows of name and text. */
export function reviewLines(
  fields: CertificateFields,
  now: number,
  where: string,
): readonly (readonly [string, string])[] {
  const [, person = ''] = fields.keyId.split(':');
  const { logins, hosts } = splitPrincipals(fields.principals);
  const rows: (readonly [string, string])[] = [
    ['person', person],
    ['logins', logins.join(', ')],
    ['hosts', hosts.length === 0 ? 'every host' : hosts.join(', ')],
    [
      'lifetime',
      `${roughDuration(Number(fields.validBefore) - now)}, until ${formatTime(fields.validBefore)}`,
    ],
    ['key', `${fingerprint(fields.subject)} (${where})`],
  ];
  const sources = fields.criticalOptions.find(({ name }) => name === 'source-address');
  if (sources !== undefined) rows.push(['only from', optionValue(sources) ?? '?']);
  rows.push([
    'permits',
    fields.extensions.map(({ name }) => name.replace('permit-', '')).join(', ') || 'nothing more',
  ]);
  return rows;
}

/** Whole minutes: seconds of network and clocks are of no interest to whoever reads this. */
export function roughDuration(seconds: number): string {
  if (seconds < 60) return 'less than a minute';
  const minutes = Math.round(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours === 0) return formatDuration(minutes * 60);
  return rest === 0 ? `${hours}h` : `${hours}h${rest}m`;
}

export function formatTime(unixSeconds: bigint): string {
  if (unixSeconds >= 253_402_300_800n) return 'for ever';
  return new Date(Number(unixSeconds) * 1000).toISOString().replace('.000Z', 'Z').replace('T', ' ');
}

function splitPrincipals(principals: readonly string[]): {
  logins: readonly string[];
  hosts: readonly string[];
} {
  const parts = principals.map((principal) => principal.split('@'));
  const logins = new Set(parts.map(([login = '']) => login));
  const hosts = new Set(parts.flatMap(([, host]) => (host === undefined ? [] : [host])));
  return { logins: [...logins], hosts: [...hosts] };
}
