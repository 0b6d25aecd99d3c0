import type { Cidr } from './cidr.ts';
import { contains, parseCidr } from './cidr.ts';

/** How dual-stack sockets report IPv4 peers; sshd, too, compares them as IPv4. */
export const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/**
 * Whether a client at `address` may use a certificate with this `source-address` option (a comma list of networks, as
 * sshd reads it). An address that can not be read is allowed nothing, and so is any under a list with a malformed entry.
 */
export function sourceAllows(option: string, address: string): boolean {
  const client = parseCidr(address.replace(MAPPED_IPV4, ''));
  if (typeof client === 'string' || address.includes('/')) return false;
  const networks = option.split(',').map(parseCidr);
  const readable = networks.filter((network) => typeof network !== 'string');
  return readable.length === networks.length && readable.some((network) => contains(network, client));
}

/** Whether every address that `inner` allows is allowed by `outer`, both lists as above. One that can not be read is within nothing. */
export function sourceWithin(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  const networks = outer.split(',').map(parseCidr);
  return inner
    .split(',')
    .map(parseCidr)
    .every((one) => typeof one !== 'string' && networks.some((other) => isWithin(other, one)));
}

function isWithin(outer: Cidr | string, inner: Cidr): boolean {
  return typeof outer !== 'string' && contains(outer, inner);
}
