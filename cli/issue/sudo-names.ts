/** Names of hosts for sudo, where the authority has said that they are other ones than those of the hosts. */
import type { Access } from '../../src/http/contract/access.ts';
import type { Settings } from '../authority/settings.ts';

/** As the roster names hosts. */
export const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** Who names that one itself means it. No name that the authority gives makes of a host every host. */
export function sudoName({ access }: Pick<Settings, 'access'>, host: string): string {
  return knownSudoName(access, host) ?? host;
}

/** @returns undefined for a host that the authority did not tell of. */
export function knownSudoName(access: Access | undefined, host: string): string | undefined {
  const { names = {}, hosts = [] } = access?.sudo ?? {};
  const name = Object.hasOwn(names, host) ? names[host] : undefined;
  if (name !== undefined && HOST.test(name)) return name;
  return hosts.includes(host) ? host : undefined;
}

/** What the certificate says stands in it in any case, beside the name that people use. */
export function sudoHostsInWords(hosts: readonly string[], access: Access | undefined): string {
  if (hosts[0] === '*') return 'EVERY HOST';
  const names = Object.entries(access?.sudo?.names ?? {}).filter(([host]) => HOST.test(host));
  return hosts
    .map((name) => {
      const [known] = names.find(([, other]) => other === name) ?? [];
      return known === undefined || known === name ? name : `${known} (${name})`;
    })
    .join(', ');
}
