/** IPv4 and IPv6 networks in CIDR notation, as sshd reads them in `source-address`: strict, and without host bits. */
export interface Cidr {
  readonly family: 4 | 6;
  /** The network's address as a number of 32 or 128 bits. */
  readonly address: bigint;
  readonly prefix: number;
  /** The one text we write for this network. */
  readonly text: string;
}

const BITS = { 4: 32, 6: 128 } as const;
const DECIMAL = /^(0|[1-9][0-9]{0,2})$/;
const IPV6_GROUP = /^[0-9a-f]{1,4}$/i;
/** ::ffff:0:0/96: sshd compares such clients as IPv4, so a rule written this way would never match. */
const MAPPED_IPV4 = { family: 6, address: 0xffffn << 32n, prefix: 96 } as const;

/** @returns a sentence about what is wrong, or the network. A bare address is a network of one. */
export function parseCidr(text: string): Cidr | string {
  const [addressText = '', prefixText, ...rest] = text.split('/');
  const family = addressText.includes(':') ? 6 : 4;
  const address = family === 6 ? parseIpv6(addressText) : parseIpv4(addressText);
  const prefix = prefixText === undefined ? BITS[family] : parsePrefix(prefixText);
  if (address === undefined || prefix === undefined || prefix > BITS[family] || rest.length > 0)
    return `"${text.slice(0, 64)}" is not an address or network like 10.0.0.0/8 or 2001:db8::/32`;
  const network = { family, address, prefix } as const;
  if ((address & hostMask(network)) !== 0n)
    return `"${text}" has bits set beyond its prefix; the network is ${formatNetwork({ ...network, address: address & ~hostMask(network) })}`;
  if (contains(MAPPED_IPV4, network)) return `"${text}" is IPv4 written as IPv6; write the IPv4 network`;
  return { ...network, text: formatNetwork(network) };
}

type Network = Pick<Cidr, 'family' | 'address' | 'prefix'>;

/** Whether every address of `inner` is in `outer`. */
export function contains(outer: Network, inner: Network): boolean {
  return (
    outer.family === inner.family &&
    outer.prefix <= inner.prefix &&
    (inner.address & ~hostMask(outer)) === outer.address
  );
}

/** The addresses that are in both lists. Of two networks that meet, one contains the other. */
export function intersect(left: readonly Cidr[], right: readonly Cidr[]): readonly Cidr[] {
  const meeting = left.flatMap((a) =>
    right.flatMap((b) => (contains(a, b) ? [b] : contains(b, a) ? [a] : [])),
  );
  return withoutContained(meeting);
}

/** The same addresses without networks that lie in another one of the list, in a fixed order. */
export function withoutContained(networks: readonly Cidr[]): readonly Cidr[] {
  const unique = [...new Map(networks.map((network) => [network.text, network])).values()];
  return unique
    .filter((network) => !unique.some((other) => other !== network && contains(other, network)))
    .sort(
      (a, b) =>
        a.family - b.family || (a.address < b.address ? -1 : a.address > b.address ? 1 : a.prefix - b.prefix),
    );
}

function hostMask({ family, prefix }: Network): bigint {
  return (1n << BigInt(BITS[family] - prefix)) - 1n;
}

function parsePrefix(text: string): number | undefined {
  return DECIMAL.test(text) ? Number(text) : undefined;
}

/** Four decimal parts. Leading zeros are octal to some programs, so they are refused. */
function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) <= 255))
    return undefined;
  return parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n);
}

/** RFC 4291 section 2.2, forms 1 and 2. */
function parseIpv6(text: string): bigint | undefined {
  const [head = '', tail, ...rest] = text.split('::');
  if (rest.length > 0) return undefined;
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  // "::" stands for at least one group; without it there are eight.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after];
  if (!groups.every((group) => IPV6_GROUP.test(group))) return undefined;
  return groups.reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n);
}

function formatNetwork({ family, address, prefix }: Network): string {
  return `${family === 4 ? formatIpv4(address) : formatIpv6(address)}/${prefix}`;
}

function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

/** RFC 5952: lower case, the first longest run of at least two zero groups is "::". */
function formatIpv6(address: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  const runs = groups.join(':').match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return groups.join(':');
  const text = groups.join(':');
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  return `${text.slice(0, at).replace(/:$/, '')}::${text.slice(at + longest.length).replace(/^:/, '')}`;
}
