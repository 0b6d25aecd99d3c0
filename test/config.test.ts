import { describe, expect, it } from 'vitest';
import type { Config } from '../src/config.ts';
import { ConfigError, parseConfig } from '../src/config.ts';

const GOOD = {
  origin: 'https://ca.example.org',
  signers: {
    login: { file: 'keys/login' },
    sudo: { file: '/etc/usher/sudo', passphrase_file: 'secret' },
    builder: { agent: '/run/agent.sock', public_key: 'keys/builder.pub' },
    host: { file: 'keys/host' },
  },
};

function parse(changes: Record<string, unknown> = {}): Config {
  return parseConfig(JSON.stringify({ ...GOOD, ...changes }), '/ca');
}

describe('settings are refused', () => {
  it.for([
    ['no origin', { origin: undefined }, '/'],
    ['an origin with a path', { origin: 'https://ca.example.org/x' }, '/origin'],
    ['an origin with a slash', { origin: 'https://ca.example.org/' }, '/origin'],
    ['an origin with the usual port', { origin: 'https://ca.example.org:443' }, '/origin'],
    ['an origin without TLS', { origin: 'http://ca.example.org' }, '/origin'],
    ['an origin on an address without TLS', { origin: 'http://127.0.0.1:8022' }, '/origin'],
    ['an origin of another scheme', { origin: 'ftp://localhost' }, '/origin'],
    ['an origin that only looks local', { origin: 'http://localhost.example.org' }, '/origin'],
    ['an RP id of another site', { rp_id: 'example.com' }, '/rp_id'],
    ['an RP id that is a piece of the name', { rp_id: 'a.example.org' }, '/rp_id'],
    ['a place to listen without a port', { listen: '127.0.0.1' }, '/listen'],
    ['a port beyond the last one', { listen: '127.0.0.1:65536' }, '/listen'],
    ['port 0', { listen: '127.0.0.1:0' }, '/listen'],
    ['a proxy that is a name', { trusted_proxies: ['proxy.example.org'] }, '/trusted_proxies/0'],
    ['a proxy network with bits beyond it', { trusted_proxies: ['::1', '10.0.0.1/8'] }, '/trusted_proxies/1'],
    ['an unknown setting', { orgin: 'x' }, '/'],
    ['a reader of metrics that is a name', { metrics_from: ['127.0.0.1', 'prometheus'] }, '/metrics_from/1'],
    ['a setting of another type', { trusted_proxies: '127.0.0.1' }, '/trusted_proxies'],
    ['no signer for sudo', { signers: { ...GOOD.signers, sudo: undefined } }, '/signers'],
    ['a signer that is two', { signers: { ...GOOD.signers, sudo: { file: 'a', agent: 'b' } } }, '/signers'],
    ['no signer among several', { signers: { ...GOOD.signers, sudo: [] } }, '/signers'],
    ['five signers', { signers: { ...GOOD.signers, sudo: Array(5).fill({ file: 'a' }) } }, '/signers'],
    ['people among several', { signers: { ...GOOD.signers, sudo: ['touch'] } }, '/signers'],
    ['an agent without a key', { signers: { ...GOOD.signers, sudo: { agent: 'b' } } }, '/signers'],
    ['a limit of zero', { limits: { requests_per_minute: 0 } }, '/limits'],
    ['half a limit', { limits: { per_person_hourly: 1.5 } }, '/limits'],
    ['five offline keys', { break_glass: ['a', 'b', 'c', 'd', 'e'] }, '/break_glass'],
    ['an offline key that is no path', { break_glass: [{ file: 'a' }] }, '/break_glass'],
    ['a certificate without a key', { tls: { certificate: 'a' } }, '/tls'],
  ] as const)('for %s', ([, changes, place]) => {
    const parsing = () => parse(changes);
    expect(parsing).toThrow(ConfigError);
    expect(parsing).toThrow(place);
  });

  it.for([
    ['no YAML', 'origin: [unclosed'],
    ['nothing', ''],
    ['a list', '- a'],
    ['the same setting twice', 'origin: https://a.example\norigin: https://b.example'],
  ] as const)('for %s', ([, text]) => {
    expect(() => parseConfig(text, '/ca')).toThrow(ConfigError);
  });

  it('with every fault at once', () => {
    const parsing = () => parse({ listen: 7, tls: 8, limits: 9 });
    for (const place of ['/listen', '/tls', '/limits']) expect(parsing).toThrow(place);
    const meanings = () => parse({ origin: 'x', listen: 'a:0', trusted_proxies: ['b', 'c'] });
    for (const place of ['/origin', '/listen', '/trusted_proxies/0', '/trusted_proxies/1'])
      expect(meanings).toThrow(place);
  });
});

describe('settings', () => {
  it('have paths from the directory of the authority', () => {
    const changes = {
      tls: { certificate: 'tls/cert.pem', key: '/etc/key.pem' },
      break_glass: ['keys/break-glass.pub', '/etc/usher/other.pub'],
    };
    expect(parse(changes)).toMatchObject({
      breakGlassPaths: ['/ca/keys/break-glass.pub', '/etc/usher/other.pub'],
      tls: { certificatePath: '/ca/tls/cert.pem', keyPath: '/etc/key.pem' },
      signers: {
        login: [{ kind: 'file', path: '/ca/keys/login' }],
        sudo: [{ kind: 'file', path: '/etc/usher/sudo', passphraseFile: '/ca/secret' }],
        builder: [{ kind: 'agent', socket: '/run/agent.sock', publicKeyPath: '/ca/keys/builder.pub' }],
      },
    });
  });

  it('may name further CA keys of a purpose', () => {
    const login = [{ file: 'keys/login' }, { agent: 'agent.sock', public_key: 'keys/next.pub' }];
    expect(parse({ signers: { ...GOOD.signers, login } }).signers.login).toEqual([
      { kind: 'file', path: '/ca/keys/login' },
      { kind: 'agent', socket: '/ca/agent.sock', publicKeyPath: '/ca/keys/next.pub' },
    ]);
  });

  it('trust no proxy, and listen on this machine only, unless they say so', () => {
    expect(parse()).toMatchObject({
      rpId: 'ca.example.org',
      host: '127.0.0.1',
      port: 8022,
      trustedProxies: [],
      metricsFrom: ['127.0.0.0/8', '::1/128'],
    });
  });

  it('may name a parent domain as RP id, IPv6 to listen on, and localhost without TLS', () => {
    expect(parse({ rp_id: 'example.org', listen: '[::1]:443' })).toMatchObject({
      rpId: 'example.org',
      host: '::1',
      port: 443,
    });
    expect(parse({ origin: 'http://localhost:8022' }).rpId).toBe('localhost');
  });

  it('have limits that each can be set alone', () => {
    const { limits } = parse({ limits: { per_person_hourly: 3 } });
    expect(limits).toMatchObject({ perPersonHourly: 3, requestsPerMinute: 600, pendingPerAddress: 50 });
  });
});
