import { contains, parseCidr } from './cidr.ts';

const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;

/**
 * Whether sshd would accept a connection from `address` under the critical option `source-address`. A list that has one
 * malformed entry allows nothing.
 * @param list networks joined by commas
 * @param address of the peer; IPv4 in IPv6 notation, as dual-stack sockets report it, counts as IPv4
 */
export function sourceAllows(list: string, address: string): boolean {
  const networks = list.split(',').map(parseCidr);
  const peer = parseCidr(address.replace(MAPPED_IPV4, ''));
  if (typeof peer === 'string' || address.includes('/')) return false;
  return (
    networks.every((network) => typeof network !== 'string') &&
    networks.some((network) => typeof network !== 'string' && contains(network, peer))
  );
}
