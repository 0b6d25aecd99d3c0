import { parseCidr } from './cidr.ts';
import { MAPPED_IPV4, sourceAllows } from './source.ts';

/** Networks in which a machine speaks to itself. */
export const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1/128'] as const;

/**
 * What counts as one caller: an IPv4 address (also where it is written as IPv6), or the /64 of an IPv6 address, all of which one machine
 * can use. A machine's addresses for itself are one: a browser may take ::1 where a command took 127.0.0.1.
 */
export function networkOf(address: string): string {
  if (sourceAllows(LOOPBACK_NETWORKS.join(), address)) return 'loopback';
  const plain = address.replace(MAPPED_IPV4, '');
  const parsed = parseCidr(plain);
  if (typeof parsed === 'string' || parsed.family === 4) return plain;
  return `${(parsed.address >> 64n).toString(16)}/64`;
}
