import { BlockList } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cidr } from '../../src/policy/cidr.ts';
import { contains, intersect, parseCidr, withoutContained } from '../../src/policy/cidr.ts';

function network(text: string): Cidr {
  const parsed = parseCidr(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

const texts = (networks: readonly Cidr[]) => networks.map(({ text }) => text);

const ipv4 = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }), fc.integer({ min: 0, max: 32 }))
  .map(([bits, prefix]) => {
    const address = (bits >> BigInt(32 - prefix)) << BigInt(32 - prefix);
    return `${[24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.')}/${prefix}`;
  });

const ipv6 = fc
  .tuple(fc.bigInt({ min: 2n ** 125n, max: 2n ** 126n - 1n }), fc.integer({ min: 0, max: 128 }))
  .map(([bits, prefix]) => {
    const address = (bits >> BigInt(128 - prefix)) << BigInt(128 - prefix);
    const groups = (address.toString(16).padStart(32, '0').match(/.{4}/g) ?? []).join(':');
    return `${groups}/${prefix}`;
  });

const anyNetwork = fc.oneof(ipv4, ipv6).map(network);

describe('parseCidr refuses', () => {
  it.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0.0/8',
    '256.0.0.0/8',
    '010.0.0.0/8',
    '0x0a.0.0.0/8',
    '1e1.0.0.0/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8 ',
    '10.0.0.0/8,0.0.0.0/0',
    '!10.0.0.0/8',
    '*',
    'localhost',
    '2001:db8::/129',
    '2001:db8/32',
    '1:2:3:4:5:6:7:8:9/128',
    '1:2:3:4:5:6:7::8/128',
    '1::2::3/128',
    ':1:2:3:4:5:6:7/128',
    '12345::/16',
    'g::/16',
    '::ffff:10.0.0.0/104',
    'fe80::1%eth0/128',
    '[::1]/128',
    '1:2:3:4:5:6:7:/112',
  ])('%j', (text) => {
    expect(parseCidr(text)).toBeTypeOf('string');
  });

  it('host bits, with the network that may be meant', () => {
    expect(parseCidr('10.1.2.3/8')).toContain('10.0.0.0/8');
    expect(parseCidr('2001:db8::1/32')).toContain('2001:db8::/32');
  });

  it('IPv4 in IPv6 notation, which sshd would never match', () => {
    expect(parseCidr('::ffff:a00:0/104')).toContain('IPv4');
  });
});

describe('parseCidr gives one text for a network', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['2001:DB8:0:0:0:0:0:0/32', '2001:db8::/32'],
    ['2001:0db8:0000:0001:0000:0000:0000:0000/64', '2001:db8:0:1::/64'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1/128'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3/128'],
    ['10:0:2:3:4:5:6:0', '10:0:2:3:4:5:6:0/128'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0/128'],
    ['100:0:0:1::', '100:0:0:1::/128'],
  ])('%s is %s', (text, expected) => {
    expect(network(text).text).toBe(expected);
    expect(network(expected).text).toBe(expected);
  });

  it('that reads back as the same network', () => {
    fc.assert(
      fc.property(anyNetwork, (any) => {
        expect(network(any.text)).toEqual(any);
      }),
    );
  });
});

describe('intersect', () => {
  it('of networks apart is empty', () => {
    expect(intersect([network('10.0.0.0/8')], [network('192.0.2.0/24'), network('::/0')])).toEqual([]);
  });

  it('of nested networks is the inner one', () => {
    expect(
      texts(intersect([network('10.0.0.0/8'), network('::1')], [network('10.1.0.0/16'), network('::/0')])),
    ).toEqual(['10.1.0.0/16', '::1/128']);
  });

  it('holds an address exactly when both lists do, as node:net judges', () => {
    const lists = fc.array(fc.oneof(ipv4, fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0')), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(
        lists,
        lists,
        fc.oneof(fc.ipV4(), fc.constantFrom('10.1.2.3', '10.2.0.0')),
        (left, right, address) => {
          const both = intersect(left.map(network), right.map(network));
          const held = blockList(left).check(address) && blockList(right).check(address);
          expect(both.some((one) => contains(one, network(address)))).toBe(held);
        },
      ),
    );
  });
});

it('withoutContained keeps the same addresses and no network within another', () => {
  expect(
    texts(withoutContained(['10.1.0.0/16', '::1', '10.0.0.0/8', '::1', '9.0.0.0/8'].map(network))),
  ).toEqual(['9.0.0.0/8', '10.0.0.0/8', '::1/128']);
});

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const [address = '', prefix = ''] = text.split('/');
    list.addSubnet(address, Number(prefix), 'ipv4');
  }
  return list;
}
