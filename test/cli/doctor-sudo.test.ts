import { describe, expect, it } from 'vitest';
import type { Asker } from '../../cli/doctor/sudo/asker.ts';
import { checkSudo } from '../../cli/doctor/sudo/checks.ts';
import { examineSudo } from '../../cli/doctor/sudo/examine.ts';
import { checkGranted } from '../../cli/doctor/sudo/granted.ts';
import { assumeHost, defaultPrincipals } from '../../cli/doctor/sudo/host-facts.ts';
import { describeIdentity, linesOf } from '../../cli/doctor/sudo/identities.ts';
import { checkSession } from '../../cli/doctor/sudo/session.ts';
import type { AgentFact, SigningFact } from '../../src/pam-ussh/facts.ts';
import { encodeCertificate, flagOption, valueOption } from '../../src/ssh/certificate.ts';
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

describe('usher doctor sudo, for who asks', () => {
  const asker: Asker = {
    command: 'usher sudo web1 --login deploy',
    hasOwnAgent: false,
    loginCaKeys: [LOGIN_CA.publicKey],
  };
  const examined = async (all: readonly Held[]) => {
    const { answer } = await examine(all);
    return { answer, checks: checkSudo({ host: 'web1', answer, now: NOW, asker }) };
  };
  const shown = async (one: Held) => {
    const { judgement } = (await examine([one])).answer;
    return judgement.identities.flatMap((identity) => linesOf(identity, asker));
  };

  it('says of the certificate for signing in that it is one, and nothing more', async () => {
    expect(await shown(login())).toEqual([
      expect.stringMatching(/^1\. usher login, serial \d+: for signing in; pam-ussh passes over it$/),
    ]);
    const { answer, checks } = await examined([login()]);
    expect(checks).toMatchObject([{ id: 'agent.has-cert', hint: `get one: ${asker.command}` }]);
    const described = answer.judgement.identities.map((identity) => describeIdentity(identity, asker));
    expect(described).toMatchObject([{ forLogin: true, refusals: [], warnings: [] }]);
  });

  it('judges the one for sudo that is nearest, whatever stands beside it', async () => {
    const over = held({ validAfter: BigInt(NOW - 600), validBefore: BigInt(NOW - 1) });
    expect((await examined([login(), over])).checks).toMatchObject([{ id: 'cert.time' }]);
    const foreign = held({}, undefined, generateSigner('ssh-ed25519'));
    expect((await examined([login(), foreign])).checks).toMatchObject([{ id: 'cert.ca-in-ca_file' }]);
  });

  it('does not take a certificate for sudo of the same CA for one for signing in, where the host knows it', async () => {
    const both = { ...asker, loginCaKeys: [CA.publicKey] };
    const { identities } = (await examine([held()])).answer.judgement;
    expect(identities.flatMap((identity) => linesOf(identity, both))[0]).toMatch(
      /: accepted for sudoer@web1$/,
    );
  });

  it.each<[string, Partial<CertificateFields>, RegExp]>([
    ['for another person', { principals: ['bob', 'sudoer@web1'] }, /^get a new one: .* --login deploy$/],
    ['without a principal of the host', { principals: ['alice'] }, /^get a new one: .* --login deploy$/],
    [
      'with a critical option',
      { criticalOptions: [valueOption('force-command', 'x')] },
      /^get a new one: .* --login deploy$/,
    ],
    [
      'for another host',
      { principals: ['alice', 'sudoer@web2'] },
      /another host.*; or get a new one: .* deploy$/,
    ],
    ['not valid yet', { validAfter: BigInt(NOW + 60) }, /clock.*; or get a new one: .* deploy$/],
  ])('names the command where it is %s', async (_situation, changes, hint) => {
    const { checks } = await examined([held(changes)]);
    expect(checks).toMatchObject([{ hint: expect.stringMatching(hint) }]);
    expect((await shown(held(changes))).join('\n')).toMatch(/\n {6}.*usher sudo web1 --login deploy/);
  });

  it('tells nobody to issue anything', async () => {
    const { checks } = await examined([held({ principals: ['sudoer@web1', 'alice'] })]);
    const hints = checks.filter(({ verdict }) => verdict === 'warn').map(({ hint }) => hint);
    expect(hints).toEqual([`get a new one: ${asker.command}`]);
  });

  it.each<[AgentFact, string]>([
    [{ kind: 'no-socket' }, 'eval "$(ssh-agent)"'],
    [{ kind: 'unreachable', path: '/x' }, 'usher login --own-agent'],
    [{ kind: 'silent' }, 'usher login --own-agent'],
    [{ kind: 'no-list', message: 'EOF' }, 'usher login --own-agent'],
    [{ kind: 'identities', identities: [] }, 'usher sudo web1 --login deploy'],
  ])('says of the agent %j what to do on this machine', async (agent, hint) => {
    const answer = await examineSudo({
      host: assumeHost(defaultPrincipals('web1'), CA_FILE),
      ...{ logins: ['alice'], agent, now: NOW },
      sign: () => Promise.reject(new Error('nothing signs')),
    });
    const [check] = checkSudo({ host: 'web1', answer, now: NOW, asker });
    expect(check).toMatchObject({ verdict: 'fail', hint: expect.stringContaining(hint) });
    expect(check?.hint).not.toMatch(/ssh -A|kill/);
    const own = checkSudo({ host: 'web1', answer, now: NOW, asker: { ...asker, hasOwnAgent: true } });
    expect(own[0]?.hint).toMatch(/^usher login starts it|usher sudo web1/);
  });

  it('describes refusals in the words of all checks, and times as numbers', async () => {
    const one = held({ validAfter: BigInt(NOW - 600), validBefore: BigInt(NOW - 1) });
    const { identities } = (await examine([one])).answer.judgement;
    expect(identities.map((identity) => describeIdentity(identity, asker))).toMatchObject([
      {
        ...{ index: 0, step: 'skipped', matched: 'sudoer@web1', forLogin: false },
        ...{ validAfter: NOW - 600, validBefore: NOW - 1 },
        refusals: [
          { id: 'cert.time', verdict: 'fail', message: expect.any(String), hint: expect.any(String) },
        ],
        warnings: [],
      },
    ]);
  });

  it('shows no control characters that somebody put into the agent', async () => {
    const evil = { ...held({ principals: ['alice', 'x'] }), comment: `\x1b[2J\n\u202e${'x'.repeat(5000)}` };
    const { checks } = await examined([evil]);
    const texts = [...(await shown(evil)), ...checks.map(({ message }) => message)];
    expect(texts.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    // What is wrong still has its place behind a long comment.
    expect(checks[0]?.message).toMatch(/none of its principals/);
  });

  it('says that a key bound to destinations blocks in a local agent only', async () => {
    const { checks } = await examined([refusing(held())]);
    expect(checks[0]?.hint).toMatch(/\(ssh-add -h\), which blocks in a local agent only/);
  });
});

describe('what the authority said last', () => {
  const access = (sudo: object | undefined) => ({
    ...{ logins: ['alice'], hosts: ['*'], defaultLifetime: 60, maxLifetime: 60 },
    ...(sudo === undefined
      ? {}
      : {
          sudo: {
            ...{ everywhere: false, hosts: [], names: {}, defaultLifetime: 60, maxLifetime: 60 },
            ...{ approvals: 0, reasonRequired: false, securityKeysOnly: false },
            ...sudo,
          },
        }),
  });
  const said = (sudo: object | undefined) =>
    checkGranted(access(sudo), 'nohost').map(({ message }) => message);

  it.each([
    ['every host', { hosts: ['*'] }],
    ['all hosts at once', { everywhere: true, hosts: ['web1'] }],
    ['this host', { hosts: ['web1', 'nohost'] }],
    ['this host in a group, since it has another name for sudo', { hosts: ['web'], names: { nohost: 'n1' } }],
    ['this name for sudo', { hosts: ['web'], names: { db1: 'nohost' } }],
  ])('is not spoken of where it gives %s', (_situation, sudo) => {
    expect(said(sudo)).toEqual([]);
  });

  it('is told where the host is not named, with what a group may change about that', () => {
    expect(said({ hosts: ['web1', 'db'] })).toEqual([
      'the authority last said that you may sudo on web1, db; nohost is not among them',
    ]);
    expect(checkGranted(access({ hosts: ['web1', 'db'] }), 'nohost')).toMatchObject([
      { id: 'account', verdict: 'warn', hint: expect.stringContaining('group') },
    ]);
    expect(said(undefined)).toEqual(['the authority last said that you may not ask for sudo']);
    expect(checkGranted(undefined, 'nohost')).toEqual([]);
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
