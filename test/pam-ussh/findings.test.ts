/** What the judge says of faults: all of them, in the order of pam-ussh, each with a hint. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/pam-ussh/judge.ts';
import type { IdentityVerdict, Judgement } from '../../src/pam-ussh/verdict.ts';
import { WireWriter } from '../../src/ssh/wire.ts';
import { options, strings } from '../support/raw-certificate.ts';
import { testKey, testSecurityKey } from './agent-key.ts';
import type { CertifyOptions } from './certify.ts';
import { ca, certify, host, keyLine, PRINCIPALS, plain } from './certify.ts';
import type { Scene, SceneIdentity, World } from './scene.ts';
import { factsOf } from './scene.ts';

const WORLD: World = { user: 'alice', other: 'bob', directory: '/etc/ssh/usher', now: 1_800_000_000 };

function judged(identities: readonly SceneIdentity[], changes: Partial<Scene> = {}): Judgement {
  return judge(factsOf(host(WORLD, identities, changes), WORLD, 'before-0.52'));
}

function one(changes: CertifyOptions): IdentityVerdict {
  const [verdict] = judged([certify(WORLD, changes)]).identities;
  if (verdict === undefined) throw new Error('there is one identity');
  return verdict;
}

describe('a certificate that is refused', () => {
  const ROWS: Readonly<Record<string, readonly [CertifyOptions, readonly string[], RegExp]>> = {
    'out of order': [
      { raw: { extensions: options(['b', ''], ['a', '']) } },
      ['cert.parse-strict'],
      /byte order/,
    ],
    twice: [{ raw: { extensions: options(['a', ''], ['a', '']) } }, ['cert.parse-strict'], /twice/],
    'two values': [
      { raw: { extensions: strings('a', strings('1', '2')) } },
      ['cert.parse-strict'],
      /not wrapped as one string/,
    ],
    'critical option': [{ raw: { criticalOptions: options(['x', '']) } }, ['cert.critical'], /has x/],
    'another user': [
      { principals: ['bob', 'sudoer'] },
      ['cert.user-principal'],
      /"alice" is none of its principals \(bob, sudoer\)/,
    ],
    early: [{ after: 600 }, ['cert.time'], /begins only in 10 minutes/],
    late: [{ before: -3 }, ['cert.time'], /ended 3 seconds ago/],
    'beyond 2^63': [{ raw: { validBefore: 2n ** 63n } }, ['cert.time'], /beyond 2\^63/],
    signature: [{ signature: () => ca().sign(new Uint8Array()) }, ['cert.signature'], /did not verify/],
    'another CA': [{ ca: testKey('ed25519', 'other ca') }, ['cert.ca-in-ca_file'], /not in ca_file/],
    'another host': [{ principals: ['alice', 'sudoer@web2'] }, ['cert.sudo-principal'], /sudoer@web2/],
    everything: [
      {
        ca: testKey('ed25519', 'other ca'),
        principals: ['bob'],
        after: 600,
        before: -600,
        raw: { criticalOptions: options(['x', '']) },
        signature: () => ca().sign(new Uint8Array()),
      },
      [
        'cert.critical',
        'cert.user-principal',
        'cert.time',
        'cert.time',
        'cert.signature',
        'cert.ca-in-ca_file',
        'cert.sudo-principal',
      ],
      /x/,
    ],
  };

  it.each(Object.entries(ROWS))('%s', (_name, [changes, checks, sentence]) => {
    const { step, refusals, asksToSign } = one(changes);
    expect(step).toBe('skipped');
    expect(asksToSign).toBe(checks.join() === 'cert.sudo-principal');
    expect(refusals.map(({ check }) => check)).toEqual(checks);
    expect(refusals[0]?.sentence).toMatch(sentence);
  });

  it.each([
    [['Alice', 'sudoer'], /"Alice" is nearly "alice"/],
    [['alice ', 'sudoer'], /"alice " is nearly "alice"/],
    [['alice\0', 'sudoer'], /nearly "alice"/],
    [['alice', ' sudoer'], /" sudoer" is nearly "sudoer"/],
    [['alice', 'sudoer@other'], /"sudoer@other" is for another host/],
    [['alice'], /^ask for a certificate for this host: sudoer@myhost$/],
    [['alice@myhost', 'sudoer@myhost'], /^ask for one with the login alice$/],
    [['alice', 'alice@other'], /: sudoer@myhost$/],
    [['alice', 'sudoer@other', ' sudoer'], /"sudoer@other" is for another host than "sudoer@myhost"/],
  ])('with the principals %j: the hint says what is nearly right', (principals, hint) => {
    expect(one({ principals }).refusals[0]?.hint).toMatch(hint);
  });

  it.each([
    ['sudoer', 'ask for a certificate for this host'],
    ['sudoer,admins', 'ask for a certificate for this host: admins'],
    ['sudoer,admins,sudoer@web1', 'ask for a certificate for this host: sudoer@web1'],
  ])('where the host takes %s: the hint never names the principal of every host', (wanted, hint) => {
    const moduleArguments = [`ca_file=${WORLD.directory}/ca`, `authorized_principals=${wanted}`];
    const { identities } = judged([certify(WORLD, { principals: ['alice', 'alice@web1'] })], {
      moduleArguments,
    });
    expect(identities[0]?.refusals).toMatchObject([{ check: 'cert.sudo-principal', hint }]);
  });

  it('of another CA: nobody is told to trust that one', () => {
    const [refusal] = one({ ca: testKey('ed25519', 'other ca') }).refusals;
    expect(refusal?.hint).not.toMatch(/\badd\b|put .* into/);
    expect(refusal?.hint).toMatch(
      /a certificate of the CA that is there.*usher export ca-file --purpose sudo/,
    );
  });

  it('for good, so that only a new one helps: that is said apart from the hint', () => {
    const ofNew = (changes: CertifyOptions) => one(changes).refusals.map(({ remedy }) => remedy);
    expect(ofNew({ raw: { criticalOptions: options(['x', '']) } })).toEqual(['new-certificate']);
    expect(ofNew({ principals: ['bob', 'sudoer'] })).toEqual(['new-certificate']);
    expect(ofNew({ principals: ['Alice', 'sudoer'] })).toEqual([undefined]);
    expect(ofNew({ before: -3 })).toEqual([undefined]);
  });

  it('with times in milliseconds: the hint says so', () => {
    const validAfter = BigInt(WORLD.now) * 1000n;
    expect(one({ raw: { validAfter, validBefore: validAfter } }).refusals[0]?.hint).toMatch(/milliseconds/);
  });
});

describe('what is accepted and should be known', () => {
  const ROWS: Readonly<Record<string, readonly [CertifyOptions, readonly string[]]>> = {
    'nothing of a good one': [{}, []],
    'a host certificate': [{ raw: { type: 2 } }, ['cert.type-user']],
    'an unknown type': [{ raw: { type: 0 } }, ['cert.type-user']],
    'source-address': [
      { raw: { criticalOptions: options(['source-address', '10.0.0.0/8']) } },
      ['cert.critical'],
    ],
    'another name first': [{ principals: ['sudoer', 'alice'] }, ['cert.user-principal']],
    'no principals': [{ principals: [] }, ['cert.user-principal', 'agent.order']],
    'for ever': [{ raw: { validBefore: 2n ** 64n - 1n } }, ['cert.time']],
    'an end in milliseconds': [{ raw: { validBefore: BigInt(WORLD.now) * 1000n } }, ['cert.time']],
    'serial 0': [{ raw: { serial: 0n } }, ['cert.serial-nonzero']],
    'an RSA key': [{ subject: testKey('rsa2048', 'subject') }, ['cert.subject-alg']],
    'a signature that is asked for in vain': [{ principals: ['alice'] }, ['agent.order']],
  };

  it.each(Object.entries(ROWS))('%s', (_name, [changes, checks]) => {
    expect(one(changes).warnings.map(({ check }) => check)).toEqual(checks);
  });

  it('a CA that signs with SHA-1', () => {
    const key = testKey('rsa2048', 'ca');
    const { identities } = judged([certify(WORLD, { ca: key, caFormat: 'ssh-rsa' })], {
      files: { ca: { text: keyLine(key) } },
    });
    expect(identities[0]).toMatchObject({ step: 'accepted', warnings: [{ check: 'cert.ca-alg' }] });
  });
});

describe('the order of an agent', () => {
  const good = (): SceneIdentity => certify(WORLD);
  const expired = (): SceneIdentity => certify(WORLD, { subject: testKey('ed25519', 'expired'), before: -1 });
  const unwilling = (): SceneIdentity => ({
    ...certify(WORLD, { subject: testKey('ed25519', 'unwilling') }),
    answer: { kind: 'failure' },
  });

  it('names the step of each identity', () => {
    const key = plain(testKey('ed25519', 'plain'));
    const { outcome, identities } = judged([key, expired(), good(), unwilling()]);
    expect(outcome).toBe('success');
    expect(identities.map(({ step }) => step)).toEqual(['skipped', 'skipped', 'accepted', 'not-reached']);
    expect(identities.map(({ asksToSign }) => asksToSign)).toEqual([false, false, true, true]);
    expect(identities.map(({ matched }) => matched)).toEqual([undefined, 'sudoer', 'sudoer', 'sudoer']);
  });

  it('stops at the first that can not sign, and says that the later ones are not tried', () => {
    const { outcome, identities } = judged([expired(), unwilling(), good()]);
    expect(outcome).toBe('refused');
    expect(identities.map(({ step }) => step)).toEqual(['skipped', 'aborts', 'not-reached']);
    expect(identities[1]?.refusals).toMatchObject([{ check: 'agent.order', level: 'error' }]);
  });

  it('takes an identity that was not tried for one that signs well', () => {
    const { key: _, ...untried } = certify(WORLD, { subject: testSecurityKey('sk-ssh-ed25519@openssh.com') });
    expect(judged([untried]).outcome).toBe('success');
  });

  it('reaches nobody when the line already decides', () => {
    const { outcome, identities } = judged([good()], { moduleArguments: ['ca_file'] });
    expect(outcome).toBe('panic');
    expect(identities).toMatchObject([{ step: 'not-reached' }]);
  });
});

describe('about the whole', () => {
  const ROWS: Readonly<Record<string, readonly [Judgement, readonly string[]]>> = {
    'an empty agent': [judged([]), ['agent.locked-empty error']],
    'plain keys only': [judged([plain(testKey('ed25519', 'plain'))]), ['agent.has-cert error']],
    'no agent': [judged([], { agent: { kind: 'no-socket' } }), ['agent.socket error']],
    'a dead agent': [judged([], { agent: { kind: 'unreachable', name: 'x' } }), ['agent.socket error']],
    'a missing ca_file': [
      judged([], { moduleArguments: ['ca_file=/x', PRINCIPALS] }),
      ['agent.locked-empty error'],
    ],
    'a missing ca_file, and a certificate': [
      judged([certify(WORLD)], { moduleArguments: ['ca_file=/x', PRINCIPALS] }),
      ['host.ca_file error'],
    ],
    'no principals configured': [
      judged([certify(WORLD)], { moduleArguments: [`ca_file=${WORLD.directory}/ca`] }),
      ['host.pam-line warning'],
    ],
  };

  it.each(Object.entries(ROWS))('%s', (_name, [{ findings }, checks]) => {
    expect(findings.map(({ check, level }) => `${check} ${level}`)).toEqual(checks);
  });
});

it('takes a clock with fractions of seconds', () => {
  const facts = factsOf(host(WORLD, [certify(WORLD)]), WORLD, 'before-0.52');
  expect(judge({ ...facts, now: WORLD.now + 0.5 }).outcome).toBe('success');
});

it('has nothing to say of keys that x/crypto does not know', () => {
  const { identities } = judged([{ blob: new WireWriter().string('ssh-unknown').bytes() }, certify(WORLD)]);
  expect(identities.map(({ refusals }) => refusals)).toEqual([[], []]);
});
