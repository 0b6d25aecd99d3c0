import { describe, expect, it } from 'vitest';
import type { VerifiedBundle } from '../../cli/authority/bundle.ts';
import type { CertificateQuestion } from '../../cli/doctor/certificate.ts';
import { checkCertificate } from '../../cli/doctor/certificate.ts';
import type { Check } from '../../cli/doctor/check.ts';
import { judgeClock } from '../../cli/doctor/clock.ts';
import { judgeSshConfig } from '../../cli/doctor/ssh-config.ts';
import { flagOption, valueOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { issue, NOW } from '../support/certificates.ts';
import { generateSigner } from '../support/keys.ts';

const CA = generateSigner('ssh-ed25519');

describe('the doctor about the clock', () => {
  it.each([
    [NOW, 'ok'],
    [NOW - 29, 'ok'],
    [NOW + 30, 'warn'],
    [NOW - 299, 'warn'],
    [NOW + 300, 'fail'],
    [NOW - 3600, 'fail'],
    [undefined, 'warn'],
  ])('of an authority at %s: %s', (serverTime, verdict) => {
    expect(judgeClock(serverTime, NOW).verdict).toBe(verdict);
  });
});

describe('the doctor about ssh', () => {
  const GOOD = [
    ['pubkeyauthentication', 'true'],
    ['identitiesonly', 'no'],
    ['pubkeyacceptedalgorithms', 'ssh-ed25519,ssh-ed25519-cert-v01@openssh.com'],
  ] as const;
  const judge = (change: readonly [string, string], own = false) =>
    judgeSshConfig(new Map([...GOOD, change]), 'web1', { own, socket: '/run/agent' });

  it.each<[string, readonly [string, string], string]>([
    ['public keys are off', ['pubkeyauthentication', 'no'], 'fail'],
    ['only named identities are offered', ['identitiesonly', 'yes'], 'fail'],
    ['another agent is used', ['identityagent', '/run/other'], 'fail'],
    ['no agent is used', ['identityagent', 'none'], 'fail'],
    ['certificates are not accepted', ['pubkeyacceptedalgorithms', 'ssh-ed25519'], 'warn'],
    ['this agent is named', ['identityagent', '/run/agent'], 'ok'],
    ['the variable is named', ['identityagent', 'SSH_AUTH_SOCK'], 'ok'],
  ])('%s', (_situation, change, verdict) => {
    expect(judge(change)).toMatchObject({ id: 'ssh-config', verdict });
  });

  it.each<[string, readonly [string, string], string]>([
    ['that of our own is named', ['identityagent', '/run/agent'], 'ok'],
    ['the one of the session is named', ['identityagent', 'SSH_AUTH_SOCK'], 'fail'],
    ['none is named', ['port', '22'], 'fail'],
  ])('where our keys have an agent of their own, and %s', (_situation, change, verdict) => {
    expect(judge(change, true)).toMatchObject({ id: 'ssh-config', verdict });
  });

  it('says so when ssh says nothing', () => {
    expect(judgeSshConfig(new Map(), 'web1', { own: false, socket: '' }).verdict).toBe('fail');
  });
});

describe('the doctor about the certificate', () => {
  it('there is none, it is over, it is not valid yet, it ends soon', () => {
    expect(verdicts({ entries: [] })).toEqual({ certificate: 'warn' });
    expect(verdicts(certified({ validBefore: BigInt(NOW) }))).toEqual({ certificate: 'warn' });
    expect(verdicts(certified({ validAfter: BigInt(NOW + 60) }))).toEqual({ certificate: 'fail' });
    expect(verdicts(certified({ validBefore: BigInt(NOW + 599) }))).toMatchObject({ certificate: 'warn' });
    expect(verdicts(certified({}))).toMatchObject({ certificate: 'ok' });
  });

  it.each([
    ['active', 'ok'],
    ['coming', 'ok'],
    ['retired', 'warn'],
  ] as const)('its CA key is %s', (state, verdict) => {
    const bundle = bundleOf({ state });
    expect(verdicts({ ...certified({}), bundle })).toMatchObject({ 'certificate-ca': verdict });
  });

  it('its CA key is not that of the authority, or of another purpose', () => {
    const key = generateSigner('ssh-ed25519').publicKey;
    expect(verdicts({ ...certified({}), bundle: bundleOf({ key }) })).toMatchObject({
      'certificate-ca': 'fail',
    });
    const purpose = 'sudo';
    expect(verdicts({ ...certified({}), bundle: bundleOf({ purpose }) })).toMatchObject({
      'certificate-ca': 'fail',
    });
  });

  it.each([
    ['alice@web1', 'web1', 'alice', 'ok'],
    ['alice@web1', 'web1.example.org', 'alice', 'ok'],
    ['alice@web1', 'web1', undefined, 'ok'],
    ['alice', 'web1', 'alice', 'ok'],
    ['alice@web1', 'web2', 'alice', 'warn'],
    ['alice@web1', 'web1', 'root', 'warn'],
    ['alice@web1', 'web', 'alice', 'warn'],
  ])('with principal %s to %s as %s: %s', (principal, host, login, verdict) => {
    const question = { ...certified({ principals: [principal] }), host, login };
    expect(verdicts(question)).toMatchObject({ 'certificate-host': verdict });
  });

  it('it is bound to addresses, or does not permit forwarding', () => {
    const criticalOptions = [valueOption('source-address', '10.0.0.0/8')];
    expect(verdicts(certified({ criticalOptions }))).toMatchObject({ 'certificate-source': 'warn' });
    const extensions = [flagOption('permit-pty')];
    expect(verdicts(certified({ extensions }))).toMatchObject({ 'certificate-forwarding': 'warn' });
    expect(verdicts(certified({}))).toMatchObject({ 'certificate-forwarding': 'ok' });
  });
});

function certified(changes: Partial<CertificateFields>): Partial<CertificateQuestion> {
  return { entries: [{ blob: new Uint8Array(), comment: '', certificate: issue(CA, changes) }] };
}

function bundleOf(changes: Partial<VerifiedBundle['caKeys'][number]>): VerifiedBundle {
  const caKeys = [{ purpose: 'login', state: 'active', key: CA.publicKey, ...changes } as const];
  const logKey = { name: 'x', publicKey: new Uint8Array(32) };
  const reply = { statement: '', signature: '' };
  const signed = { reply, bundleKey: CA.publicKey, pins: { bundleKey: '' } };
  return { ...signed, rpId: 'x', number: 1, freshUntil: NOW + 1, caKeys, logKey };
}

function verdicts(question: Partial<CertificateQuestion>): Readonly<Record<string, string>> {
  const checks: readonly Check[] = checkCertificate({
    entries: [],
    bundle: undefined,
    now: NOW,
    addresses: [],
    ...question,
  });
  return Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]));
}
