import { contains, parseCidr } from './cidr.ts';

/**
 * Whether a client at `address` may use a certificate with this `source-address` option (a comma list of networks, as
 * sshd reads it). An address that can not be read is allowed nothing.
 */
export function sourceAllows(option: string, address: string): boolean {
  const client = parseCidr(address);
  if (typeof client === 'string') return false;
  return option.split(',').some((text) => {
    const network = parseCidr(text);
    return typeof network !== 'string' && contains(network, client);
  });
}
