import { describe, expect, it } from 'vitest';
import type { BreakGlass } from '../../src/authority/break-glass.ts';
import { assertReason, draftBreakGlass, readBreakGlass } from '../../src/authority/break-glass.ts';
import { formatRecord, parseRecords } from '../../src/authority/break-glass-record.ts';
import { gapsIn, serialRange } from '../../src/authority/break-glass-serials.ts';
import { assembleCertificate, decodeCertificate } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { signMessage } from '../../src/ssh/private-key.ts';
import { parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { LEAST_RANDOM_SERIAL } from '../../src/ssh/serial.ts';
import { issue } from '../support/certificates.ts';
import { codeOf } from '../support/code-of.ts';
import { generateKey } from '../support/keys.ts';
import { breakGlass, OFFLINE, SIGNED_AT, signBreakGlass } from './break-glass-scene.ts';

const STRANGER = generateKey('ssh-ed25519');
const { first, end } = serialRange(OFFLINE.publicKey);

function refusal(changes: Partial<BreakGlass>): unknown {
  return codeOf(() => signBreakGlass(changes));
}

describe('an offline key does not sign', () => {
  it.each<[string, Partial<BreakGlass>]>([
    ['for a person with a colon, which ends the name in the key id', { person: 'alice:bob' }],
    ['for nobody', { person: '' }],
    ['for a login in capitals', { login: 'Alice' }],
    ['for a login that is a principal of sudo', { login: 'sudoer' }],
    ['for a login with a host in it', { login: 'alice@web1' }],
    ['for a host that is a pattern', { host: '*' }],
    ['for two hosts at once', { host: 'web1,web2' }],
    ['for a host called like an account of every machine', { host: 'root' }],
    ['for more than an hour', { lifetime: 3601 }],
    ['for no time at all', { lifetime: 0 }],
    ['for a part of a second', { lifetime: 0.5 }],
  ])('%s', (_, changes) => {
    expect(refusal(changes)).toBe('bad-request');
  });

  it('an RSA key for sudo, which agents would use with SHA-1', () => {
    const subject = generateKey('ssh-rsa').publicKey;
    const draft = (purpose: BreakGlass['purpose']) =>
      codeOf(() =>
        draftBreakGlass(breakGlass({ purpose }), {
          subject,
          authority: OFFLINE.publicKey,
          serial: first,
          nonce: new Uint8Array(32),
        }),
      );
    expect(draft('sudo')).toBe('bad-request');
    expect(draft('login')).toHaveProperty('accepted');
  });

  it.each(['', ' ', 'two\nlines', 'fire ', 'Feuer im Süden', 'a'.repeat(201)])(
    'for the reason %j',
    (reason) => {
      expect(codeOf(() => assertReason(reason))).toBe('bad-request');
    },
  );
});

describe('a certificate for emergencies', () => {
  it('for a login has one principal, and the options of a login', () => {
    const { fields } = signBreakGlass();
    expect(fields).toMatchObject({
      type: 'user',
      keyId: 'break-glass:alice:AAAAAAAAAAAAAAAAAAAAAA',
      principals: ['alice@web1'],
      validAfter: BigInt(SIGNED_AT - 300),
      validBefore: BigInt(SIGNED_AT + 1800),
      criticalOptions: [],
    });
    expect(fields.extensions.map(({ name }) => name)).toEqual(['permit-agent-forwarding', 'permit-pty']);
  });

  it('for sudo names the login first, and comes from nowhere', () => {
    const { fields } = signBreakGlass({ purpose: 'sudo', login: 'deploy' });
    expect(fields).toMatchObject({ principals: ['deploy', 'sudoer@web1'], extensions: [] });
    const [option, ...more] = fields.criticalOptions;
    expect(more).toEqual([]);
    expect(option?.name).toBe('source-address');
    expect(new TextDecoder().decode(option?.data)).toBe('\0\0\0\x0c192.0.2.0/32');
  });

  it.each(['login', 'sudo'] as const)('for %s is read as what was signed', (purpose) => {
    const what = breakGlass({ purpose, person: 'alice.b', login: 'deploy', lifetime: 3600 });
    expect(readBreakGlass(signBreakGlass(what), [STRANGER.publicKey, OFFLINE.publicKey])).toEqual(what);
  });
});

describe('a certificate is not taken for one of an emergency when', () => {
  const { fields: login } = signBreakGlass();
  const { fields: sudo } = signBreakGlass({ purpose: 'sudo' });
  const forged = (from: CertificateFields, changes: Partial<CertificateFields>, signer = OFFLINE) =>
    issue(
      { publicKey: signer.publicKey, sign: (draft) => signMessage(signer, draft) },
      { ...from, ...changes },
    );

  it.each<[string, ReturnType<typeof forged>, string]>([
    ['a stranger signed it', forged(login, {}, STRANGER), 'unknown-authority'],
    ['its serial is before the range of its key', forged(login, { serial: first - 1n }), 'bad-serial'],
    ['its serial is beyond the range of its key', forged(login, { serial: end }), 'bad-serial'],
    ['its serial is a random one', forged(login, { serial: LEAST_RANDOM_SERIAL }), 'bad-serial'],
    [
      'its key id is that of a login',
      forged(login, { keyId: 'login:alice:AAAAAAAAAAAAAAAAAAAAAA' }),
      'not-marked',
    ],
    [
      'its key id names nobody',
      forged(login, { keyId: 'break-glass::AAAAAAAAAAAAAAAAAAAAAA' }),
      'not-marked',
    ],
    ['its key id has a short id', forged(login, { keyId: 'break-glass:alice:AAAA' }), 'not-marked'],
    [
      'it is valid for a second too long',
      forged(login, { validBefore: BigInt(SIGNED_AT + 3601) }),
      'bad-lifetime',
    ],
    ['it was over when it was signed', forged(login, { validBefore: BigInt(SIGNED_AT) }), 'bad-lifetime'],
    ['it is for the bare login', forged(login, { principals: ['alice'] }), 'bad-terms'],
    ['it is for two hosts', forged(login, { principals: ['alice@web1', 'alice@web2'] }), 'bad-terms'],
    ['it is for every host', forged(sudo, { principals: ['alice', 'sudoer'] }), 'bad-terms'],
    [
      'it is for one more principal',
      forged(sudo, { principals: ['alice', 'sudoer@web1', 'root'] }),
      'bad-terms',
    ],
    ['it is for the principal of sudo alone', forged(login, { principals: ['sudoer@web1'] }), 'bad-terms'],
    ['it is one for sudo that sshd takes', forged(sudo, { criticalOptions: [] }), 'bad-terms'],
    ['it is a login with fewer options', forged(login, { extensions: [] }), 'bad-terms'],
    [
      'its person is no name',
      forged(login, { keyId: 'break-glass:Alice:AAAAAAAAAAAAAAAAAAAAAA' }),
      'bad-terms',
    ],
    ['it is of a host', forged(login, { type: 'host', extensions: [] }), 'bad-terms'],
  ])('%s', (_, certificate, code) => {
    expect(codeOf(() => readBreakGlass(certificate, [OFFLINE.publicKey]))).toBe(code);
  });

  it('its signature is over something else', () => {
    const { draft } = signBreakGlass();
    const certificate = decodeCertificate(
      assembleCertificate(draft, signMessage(OFFLINE, draft.subarray(1))),
    );
    expect(codeOf(() => readBreakGlass(certificate, [OFFLINE.publicKey]))).toBe('bad-signature');
  });
});

describe('the serials of an offline key', () => {
  it('are 2^20 - 1 numbers that follow from the key, as docs/log.md says', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';
    // printf AAAA…D29c | base64 -d | sha256sum | cut -c-8: halved, times 2^20, plus one.
    expect(serialRange(parsePublicKeyLine(line).key).first).toBe(1_107_731_275_579_393n);
    expect(end - first).toBe(2n ** 20n - 1n);
  });

  it.each(Array.from({ length: 50 }, () => generateKey('ssh-ed25519').publicKey))(
    'never meet random ones',
    (key) => {
      expect(serialRange(key).first).toBeGreaterThan(0n);
      expect(serialRange(key).end).toBeLessThanOrEqual(LEAST_RANDOM_SERIAL);
    },
  );

  it.each<[string, readonly bigint[], readonly (readonly [bigint, bigint])[]]>([
    ['nothing was recorded', [], []],
    ['all were recorded', [10n, 11n, 12n], []],
    ['the first is missing', [11n], [[10n, 10n]]],
    [
      'some are missing',
      [10n, 13n, 14n, 16n],
      [
        [11n, 12n],
        [15n, 15n],
      ],
    ],
  ])('have the gaps that show, when %s', (_, recorded, gaps) => {
    expect(gapsIn({ first: 10n, end: 100n }, recorded)).toEqual(
      gaps.map(([from, last]) => ({ first: from, last })),
    );
  });
});

describe('a record', () => {
  const certificate = signBreakGlass();
  const line = formatRecord(SIGNED_AT, 'fire', certificate);

  it('is read as it was written, with the place where it stands', () => {
    const records = parseRecords(`${line}\n${line}`, 'key.issued');
    expect(records.map(({ place }) => place)).toEqual(['key.issued:1', 'key.issued:3']);
    expect(records[1]).toMatchObject({ reason: 'fire', certificate });
  });

  it.each([
    ['that ends early', line.slice(0, 100)],
    ['that is no object', '7'],
    ['with more than a record has', line.replace('{', '{"by":"bob",')],
    ['without reason', line.replace('fire', '')],
    ['whose certificate is cut', line.replace(/....(?="})/, '')],
    ['whose certificate is a key', line.replace(/"ssh[^"]*"/, '"ssh-ed25519 AAAA"')],
  ])('%s is refused, and its place named', (_, text) => {
    const refused = expect.objectContaining({
      code: 'bad-record',
      message: expect.stringMatching(/^key\.issued:2 can not be read: ./),
    });
    expect(() => parseRecords(line + text, 'key.issued')).toThrow(refused);
  });
});
