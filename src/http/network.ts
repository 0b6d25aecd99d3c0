import { parseCidr } from '../policy/cidr.ts';

/** What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, all of which one machine can use. */
export function networkOf(address: string): string {
  const parsed = parseCidr(address);
  if (typeof parsed === 'string' || parsed.family === 4) return address;
  return `${(parsed.address >> 64n).toString(16)}/64`;
}
