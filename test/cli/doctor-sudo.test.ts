import { describe, expect, it } from 'vitest';
import { checkSudo } from '../../cli/doctor/sudo/checks.ts';
import { examineSudo } from '../../cli/doctor/sudo/examine.ts';
import { assumeHost, defaultPrincipals } from '../../cli/doctor/sudo/host-facts.ts';
import { checkSession } from '../../cli/doctor/sudo/session.ts';
import type { AgentFact, SigningFact } from '../../src/pam-ussh/facts.ts';
import { encodeCertificate, flagOption } from '../../src/ssh/certificate.ts';
import type { CertificateFields } from '../../src/ssh/certificate-fields.ts';
import { encodePublicKey, formatPublicKeyLine } from '../../src/ssh/public-key.ts';
import { issue, NOW } from '../support/certificates.ts';
import type { TestSigner } from '../support/keys.ts';
import { generateSecurityKey, generateSigner } from '../support/keys.ts';

const CA = generateSigner('ssh-ed25519');
const LOGIN_CA = generateSigner('ssh-ed25519');
const CA_FILE = `${formatPublicKeyLine(CA.publicKey)}\n`;
const CHALLENGE = Uint8Array.from({ length: 32 }, (_, index) => index);

interface Held {
  readonly blob: Uint8Array;
  readonly comment: string;
  readonly sign: (challenge: Uint8Array) => SigningFact;
}

type Signer = Pick<TestSigner, 'publicKey'> & { sign(message: Uint8Array): Uint8Array };

/** What an agent holds: a certificate for sudo as we issue it, with the changes that a test wants. */
function held(
  changes: Partial<CertificateFields> = {},
  key: Signer = generateSigner('ssh-ed25519'),
  ca = CA,
): Held {
  const fields = { principals: ['alice', 'sudoer@web1'], extensions: [], subject: key.publicKey, ...changes };
  return {
    blob: encodeCertificate(issue(ca, fields)),
    comment: 'usher sudo',
    sign: (challenge) => ({ kind: 'signature', challenge, signature: key.sign(challenge) }),
  };
}

const login = () => ({
  ...held({ principals: ['alice@web1'] }, undefined, LOGIN_CA),
  comment: 'usher login',
});
const refusing = (one: Held, kind: 'refused' | 'silent' = 'refused'): Held => ({
  ...one,
  sign: () => ({ kind }),
});

async function examine(all: readonly Held[], logins: readonly string[] = ['alice'], milliseconds = 1) {
  const asked: number[] = [];
  const agent: AgentFact = { kind: 'identities', identities: all };
  const answer = await examineSudo({
    host: assumeHost(defaultPrincipals('web1'), CA_FILE),
    ...{ logins, agent, now: NOW },
    sign: async ({ index }) => {
      asked.push(index);
      const fact = all[index]?.sign(CHALLENGE) ?? { kind: 'broken', message: '' };
      return { fact, milliseconds };
    },
  });
  return { answer, asked, checks: checkSudo({ host: 'web1', answer, now: NOW }) };
}

async function verdicts(all: readonly Held[]): Promise<readonly string[]> {
  return (await examine(all)).checks.map(({ id, verdict }) => `${verdict} ${id}`);
}

describe('usher doctor sudo', () => {
  it('finds that pam-ussh takes a certificate as we issue it', async () => {
    expect(await verdicts([login(), held()])).toEqual([
      'ok cert.sudo-principal',
      'ok cert.time',
      'ok agent.order',
      'ok cert.subject-alg',
    ]);
  });

  it('takes the login with which it works', async () => {
    expect((await examine([held()], ['bob', 'alice'])).answer.login).toBe('alice');
    expect((await examine([], ['bob', 'alice'])).answer.login).toBe('bob');
  });

  it.each<[string, Partial<CertificateFields>, string]>([
    ['for another host', { principals: ['alice', 'sudoer@web2'] }, 'fail cert.sudo-principal'],
    ['for another person', { principals: ['bob', 'sudoer@web1'] }, 'fail cert.user-principal'],
    ['not valid yet', { validAfter: BigInt(NOW + 60) }, 'fail cert.time'],
  ])('finds that it is %s', async (_situation, changes, said) => {
    expect(await verdicts([login(), held(changes)])).toEqual([said]);
  });

  it('finds what is wrong with the certificate that was meant, not with the others', async () => {
    const over = held({ validAfter: BigInt(NOW - 600), validBefore: BigInt(NOW - 1) });
    expect(await verdicts([login(), over])).toEqual(['fail cert.time']);
    expect(await verdicts([held({}, undefined, LOGIN_CA)])).toEqual(['fail cert.ca-in-ca_file']);
  });

  it('finds that it ends soon', async () => {
    expect(await verdicts([held({ validBefore: BigInt(NOW + 200) })])).toContain('warn cert.time');
  });

  it('finds that the agent is empty, or holds plain keys only', async () => {
    expect(await verdicts([])).toEqual(['fail agent.locked-empty']);
    const plain = { ...held(), blob: encodePublicKey(CA.publicKey) };
    expect(await verdicts([plain])).toEqual(['fail agent.has-cert']);
  });

  it('asks for a signature of what pam-ussh would ask first, and of nothing else', async () => {
    const elsewhere = held({ principals: ['alice', 'sudoer@web2'] });
    const expired = held({ validAfter: BigInt(NOW - 600), validBefore: BigInt(NOW - 1) });
    const { asked, checks } = await examine([login(), elsewhere, expired, held(), held()]);
    expect(asked).toEqual([1, 3]);
    expect(checks).toContainEqual(expect.objectContaining({ id: 'agent.order', verdict: 'ok' }));
  });

  it('finds the certificate that keeps pam-ussh from the good one behind it', async () => {
    const elsewhere = refusing(held({ principals: ['alice', 'sudoer@web2'] }));
    const { checks, answer } = await examine([elsewhere, held()]);
    expect(checks[0]).toMatchObject({
      id: 'agent.order',
      verdict: 'fail',
      hint: expect.stringContaining('ssh-add -c'),
    });
    expect(answer.judgement.identities.map(({ step }) => step)).toEqual(['aborts', 'not-reached']);
    expect((await examine([held(), elsewhere])).answer.judgement.outcome).toBe('success');
  });

  it('finds an agent that does not sign in time', async () => {
    const { checks } = await examine([refusing(held(), 'silent')]);
    expect(checks[0]).toMatchObject({
      id: 'agent.order',
      verdict: 'fail',
      hint: expect.stringContaining('in time'),
    });
  });

  it('says which reasons there are for an RSA key, and for a security key', async () => {
    const rsa = (await examine([refusing(held({}, generateSigner('ssh-rsa')))])).checks[0];
    expect(rsa?.hint).toContain('SHA-1');
    const sk = (await examine([refusing(held({}, generateSecurityKey('sk-ssh-ed25519@openssh.com')))]))
      .checks[0];
    expect(sk?.hint).toContain('security key');
  });

  it('says whether each sudo needs a touch', async () => {
    const key = generateSecurityKey('sk-ssh-ed25519@openssh.com');
    const touched = (await examine([held({}, key)])).checks.find(({ id }) => id === 'cert.subject-alg');
    expect(touched).toMatchObject({
      verdict: 'ok',
      message: expect.stringContaining('each sudo needs a touch'),
    });
    const lazy = { publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message, { flags: 0 }) };
    const untouched = (await examine([held({}, lazy)])).checks.find(({ id }) => id === 'cert.subject-alg');
    expect(untouched).toMatchObject({ verdict: 'warn', message: expect.stringContaining('0.52') });
    const plain = (await examine([held()])).checks.find(({ id }) => id === 'cert.subject-alg');
    expect(plain?.message).toContain('no sudo needs a touch');
    const slow = (await examine([held()], ['alice'], 1500)).checks.find(
      ({ id }) => id === 'cert.subject-alg',
    );
    expect(slow?.message).toContain('ssh-add -c');
  });

  it('warns of a security key that would have to be touched for another host first', async () => {
    const elsewhere = held(
      { principals: ['alice', 'sudoer@web2'] },
      generateSecurityKey('sk-ssh-ed25519@openssh.com'),
    );
    expect(await verdicts([elsewhere, held()])).toContain('warn agent.order');
  });
});

describe('the session on the host', () => {
  const entry = (extensions: readonly string[]) => {
    const certificate = issue(LOGIN_CA, { extensions: extensions.map(flagOption) });
    return { blob: new Uint8Array(), comment: '', certificate };
  };
  const check = (forwardagent: string, logins = [entry(['permit-agent-forwarding'])], now = NOW) =>
    checkSession({
      host: 'web1',
      config: new Map([['forwardagent', forwardagent]]),
      socket: '/run/agent',
      env: { SSH_AUTH_SOCK: '/run/agent', OTHER: '/run/other' },
      ...{ logins, now },
    }).map(({ id, verdict }) => `${verdict} ${id}`);

  it.each([
    ['yes', 'ok'],
    ['/run/agent', 'ok'],
    ['$SSH_AUTH_SOCK', 'ok'],
    ['no', 'warn'],
    ['/run/other', 'fail'],
    ['$OTHER', 'fail'],
  ])('has an agent when ForwardAgent is %s: %s', (word, verdict) => {
    expect(check(word)).toEqual([`${verdict} session.forwarded`]);
  });

  it('has none when the login certificate does not permit it', () => {
    expect(check('yes', [entry(['permit-pty'])])).toEqual(['ok session.forwarded', 'fail session.forwarded']);
    // One that is over says nothing of the next login.
    expect(check('yes', [entry(['permit-pty'])], NOW + 86_400)).toEqual(['ok session.forwarded']);
  });

  it('is not judged where ssh says nothing', () => {
    expect(
      checkSession({ host: 'x', config: new Map(), socket: '/a', env: {}, logins: [], now: NOW }),
    ).toEqual([]);
  });
});
