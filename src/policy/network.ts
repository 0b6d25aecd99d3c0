import { contains, parseCidr } from './cidr.ts';

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(readNetwork);

/**
 * What counts as one caller: an IPv4 address (also where it is written as IPv6), or the /64 of an IPv6 address, all of which one machine
 * can use. A machine's addresses for itself are one: a browser may take ::1 where a command took 127.0.0.1.
 */
export function networkOf(address: string): string {
  const plain = MAPPED.exec(address)?.[1] ?? address;
  const parsed = parseCidr(plain);
  if (typeof parsed === 'string') return plain;
  if (LOOPBACK.some((loopback) => contains(loopback, parsed))) return 'loopback';
  return parsed.family === 4 ? plain : `${(parsed.address >> 64n).toString(16)}/64`;
}

function readNetwork(text: string) {
  const network = parseCidr(text);
  if (typeof network === 'string') throw new TypeError(network);
  return network;
}
