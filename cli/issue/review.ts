/** Says before the touch what will be signed, from the drafts themselves. */

import type { Access } from '../../src/http/contract/access.ts';
import { optionValue } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { formatDuration } from '../../src/ssh/duration.ts';
import { fingerprint } from '../../src/ssh/public-key.ts';
import { readSudoPrincipals } from './asked.ts';
import { sudoHostsInWords } from './sudo-names.ts';

type Row = readonly [name: string, text: string];

interface Circumstances {
  /** Where the key is. */
  readonly where: string;
  /** Why it is asked for; undefined when reasons are not asked for. */
  readonly reason?: string | undefined;
  /** As the authority told it, for the names of hosts. */
  readonly access?: Access | undefined;
}

/** Rows of name and text. */
export function reviewLines(
  fields: CertificateFields,
  now: number,
  { where, reason, access }: Circumstances,
): readonly Row[] {
  const [purpose = '', person = ''] = fields.keyId.split(':');
  const rows: Row[] = [
    ['person', person],
    ...(purpose === 'sudo' ? sudoRows(fields.principals, reason, access) : loginRows(fields.principals)),
    [
      'lifetime',
      `${roughDuration(Number(fields.validBefore) - now)}, until ${formatTime(fields.validBefore)}`,
    ],
    ['key', `${fingerprint(fields.subject)} (${where})`],
  ];
  const sources = fields.criticalOptions.find(({ name }) => name === 'source-address');
  if (sources !== undefined) rows.push(['only from', optionValue(sources) ?? '?']);
  if (purpose === 'sudo') return rows;
  const permitted = fields.extensions.map(({ name }) => name.replace('permit-', '')).join(', ');
  return [...rows, ['permits', permitted || 'nothing more']];
}

/** Whole minutes: seconds of network and clocks are of no interest to whoever reads this. */
export function roughDuration(seconds: number): string {
  if (seconds < 60) return 'less than a minute';
  const minutes = Math.round(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (hours === 0) return formatDuration(minutes * 60);
  return rest === 0 ? `${hours}h` : `${hours}h${rest}m`;
}

export function formatTime(unixSeconds: number | bigint): string {
  if (unixSeconds >= 253_402_300_800n) return 'for ever';
  return new Date(Number(unixSeconds) * 1000).toISOString().replace('.000Z', 'Z').replace('T', ' ');
}

/** Only for principals that were checked to be those of a sudo certificate. */
function sudoRows(
  principals: readonly string[],
  reason: string | undefined,
  access: Access | undefined,
): readonly Row[] {
  const { login, hosts } = readSudoPrincipals(principals) ?? { login: '?', hosts: principals };
  return [
    ['sudo by', login],
    ['hosts', sudoHostsInWords(hosts, access)],
    ...(reason === undefined ? [] : [['reason', reason === '' ? '(none)' : reason] as const]),
  ];
}

function loginRows(principals: readonly string[]): readonly Row[] {
  const { logins, hosts } = splitPrincipals(principals);
  return [
    ['logins', logins.join(', ')],
    ['hosts', hosts.length === 0 ? 'every host' : hosts.join(', ')],
  ];
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
