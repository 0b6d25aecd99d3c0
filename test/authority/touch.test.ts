import { describe, expect, it } from 'vitest';
import { touchRequest } from '../../src/authority/issue.ts';
import { resultOf } from '../../src/authority/release.ts';
import { removeCredential } from '../../src/authority/remove-credential.ts';
import { issueDigest } from '../../src/authority/request-digest.ts';
import { issueCertificate } from '../support/attestation-ca.ts';
import { codeOfAsync } from '../support/code-of.ts';
import { FLAGS, SoftAuthenticator, SoftSecurityKey } from '../support/soft-authenticator.ts';
import { newKey, openScene, ROSTER } from './scene.ts';
import { rosterWith } from './security-keys.ts';
import { Gate, stagedSigner } from './stage.ts';

const WITHOUT_ALICE = ROSTER.replace(/ {2}alice: .*\n/, '');
const untilIn = (seconds: number) => {
  const until = new Date((1_800_000_000 + seconds) * 1000).toISOString().replace('.000', '');
  return ROSTER.replace('roles: [engineer] }', `roles: [engineer], until: ${until} }`);
};

/** A model whose maker's root and AAGUID a roster can name. */
function attestedModel() {
  const aaguidBytes = crypto.getRandomValues(new Uint8Array(16));
  const issuer = issueCertificate();
  const leaf = issueCertificate({ name: 'Test Model', isAuthority: false, aaguid: aaguidBytes, issuer });
  const authenticator = new SoftAuthenticator({ aaguid: aaguidBytes, attestation: { leaf, chain: [] } });
  const text = Buffer.from(aaguidBytes).toString('hex');
  const aaguid = text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { root: issuer.pem, authenticator, aaguid };
}

describe('a touch is refused', () => {
  it("when it is by another person's credential", async () => {
    await using scene = await openScene();
    await scene.enrol('alice');
    const bob = await scene.enrol('bob');
    expect(await codeOfAsync(scene.touch(await scene.ask('alice'), bob))).toBe('touch-refused');
  });

  it('when it is by a credential that nobody enrolled', async () => {
    await using scene = await openScene();
    await scene.enrol('alice');
    const stranger = new SoftAuthenticator();
    expect(await codeOfAsync(scene.touch(await scene.ask('alice'), stranger))).toBe('touch-refused');
  });

  it('in the same words for somebody who does not exist as for a wrong key', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const messages = [];
    for (const person of ['bob', 'nobody'])
      messages.push(await scene.touch(await scene.ask(person), alice).catch((error: Error) => error.message));
    expect(messages[0]).toBe(messages[1]);
  });

  it('when it is over another request', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const [first, second] = [await scene.ask('alice'), await scene.ask('alice')];
    const assertion = scene.assertion(first.request, alice);
    const touching = touchRequest(scene.authority, second.request.id, second, assertion);
    expect(await codeOfAsync(touching)).toBe('touch-refused');
  });

  it.for([
    ['nobody was present', { flags: FLAGS.uv }],
    ['it is for another site', { origin: 'https://evil.example.org' }],
    ['it is for another RP id', { rpId: 'example.org' }],
  ] as const)('when %s', async ([, changes]) => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const { challenge } = JSON.parse(
      Buffer.from(scene.assertion(asked.request, alice).clientDataJSON, 'base64url').toString(),
    );
    const assertion = alice.get({
      challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
      origin: scene.authority.origin,
      rpId: scene.authority.rpId,
      ...changes,
    });
    const touching = touchRequest(scene.authority, asked.request.id, asked, assertion);
    expect(await codeOfAsync(touching)).toBe('touch-refused');
  });

  it('with the reason, where that is the same for everybody: a page at another address', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const { rpId } = scene.authority;
    const challenge = issueDigest(scene.authority.origin, asked.request);
    const assertion = alice.get({ challenge, origin: 'https://other.example.org', rpId });
    const touching = touchRequest(scene.authority, asked.request.id, asked, assertion);
    await expect(touching).rejects.toThrow(/another origin than https:\/\/ca\.example\.org/);
  });

  it('when the counter of the security key went back', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    alice.counter = 9;
    await scene.touch(await scene.ask('alice'), alice);
    alice.counter = 5;
    expect(await codeOfAsync(scene.touch(await scene.ask('alice'), alice))).toBe('touch-refused');
  });

  it('when two touches with one counter come at once', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = [await scene.ask('alice'), await scene.ask('alice')];
    const touches = asked.map((each) => {
      alice.counter = 7;
      return codeOfAsync(scene.touch(each, alice));
    });
    const outcomes = await Promise.all(touches);
    expect(outcomes.filter((outcome) => outcome === 'touch-refused')).toHaveLength(1);
  });

  it('when the request waited for two minutes', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    scene.pass(120);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('request-expired');
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe('request-expired');
  });

  it('when it comes a second time', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await scene.touch(asked, alice);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('request-answered');
  });

  it.for([
    ['pollSecret', 'x'.repeat(43)],
    ['pageSecret', 'x'.repeat(43)],
  ] as const)('when whoever sends it has a wrong %s', async ([name, secret]) => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const { request } = await scene.ask('alice');
    const speaker = name === 'pollSecret' ? { pollSecret: secret } : { pageSecret: secret };
    const touching = touchRequest(scene.authority, request.id, speaker, scene.assertion(request, alice));
    expect(await codeOfAsync(touching)).toBe('unknown-request');
  });

  it('when the poll secret is that of another request', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const [hers, other] = [await scene.ask('alice'), await scene.ask('alice')];
    const { pollSecret } = other;
    const assertion = scene.assertion(hers.request, alice);
    const touching = touchRequest(scene.authority, hers.request.id, { pollSecret }, assertion);
    expect(await codeOfAsync(touching)).toBe('unknown-request');
    expect(await codeOfAsync(resultOf(scene.authority, hers.request.id, pollSecret))).toBe('unknown-request');
  });
});

describe('somebody who was removed between question and touch gets nothing:', () => {
  it('a person whom the roster knows no more', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await scene.loadRoster(WITHOUT_ALICE);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('unknown-person');
  });

  it('a person whose access ended meanwhile', async () => {
    await using scene = await openScene({ roster: untilIn(100_000) });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await scene.loadRoster(untilIn(60));
    scene.pass(60);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('lifetime-too-long');
    await scene.loadRoster(ROSTER);
    const again = await scene.ask('alice');
    await scene.loadRoster(untilIn(60));
    expect(await codeOfAsync(scene.touch(again, alice))).toBe('person-expired');
  });

  it('a credential that was removed', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    await removeCredential(scene.authority, alice.credentialId, 'stolen');
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('touch-refused');
    expect(await codeOfAsync(removeCredential(scene.authority, alice.credentialId, 'lost'))).toBe(
      'unknown-credential',
    );
  });

  it('a security key that the roster dropped, even after it was used', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    await scene.touch(await scene.ask('alice'), key);
    const asked = await scene.ask('alice');
    await scene.loadRoster(ROSTER);
    expect(await codeOfAsync(scene.touch(asked, key))).toBe('touch-refused');
    await scene.loadRoster(rosterWith(key));
    await scene.touch(asked, key);
  });

  it('a person whose security key the roster gave to somebody else, who may use it', async () => {
    const key = new SoftSecurityKey();
    await using scene = await openScene({ roster: rosterWith(key) });
    await scene.touch(await scene.ask('alice'), key);
    const asked = await scene.ask('alice');
    const line = /security_keys: \[.*?\]/.exec(rosterWith(key))?.[0];
    await scene.loadRoster(ROSTER.replace('roles: [visitor] }', `roles: [visitor], ${line} }`));
    expect(await codeOfAsync(scene.touch(asked, key))).toBe('touch-refused');
    const his = await scene.ask('bob', { hosts: ['*'] });
    expect((await scene.touch(his, key)).state.kind).toBe('issued');
  });

  it('a login that the roster took away', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice', { logins: ['alice', 'deploy'] });
    await scene.loadRoster(ROSTER.replace('[alice, deploy]', '[alice]'));
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('login-not-allowed');
  });

  it('a role that asks for more than it did', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const stricter = 'lifetime: 8h, source_addresses: [192.0.2.0/24]';
    await scene.loadRoster(ROSTER.replace('lifetime: 8h', stricter));
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('policy-changed');
  });
});

describe('after the touch, and only then, a person learns', () => {
  it.for([
    ['a login of somebody else', { logins: ['bob'] }, 'login-not-allowed'],
    ['a host of another role', { hosts: ['web2'] }, 'host-not-allowed'],
    ['a host that does not exist', { hosts: ['mars'] }, 'host-unknown'],
    ['every host at once', { hosts: ['*'] }, 'host-not-allowed'],
    ['more time than the role gives', { lifetime: 80_000 }, 'lifetime-too-long'],
  ] as const)('that %s is not for them, and what is', async ([, options, code]) => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice', options);
    const refused = scene.touch(asked, alice);
    expect(await codeOfAsync(refused)).toBe(code);
    await expect(refused).rejects.toMatchObject({ access: { logins: ['alice', 'deploy'] } });
    // And once more, for a reply that was lost.
    const result = resultOf(scene.authority, asked.request.id, asked.pollSecret);
    expect(await codeOfAsync(result)).toBe(code);
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('request-answered');
  });

  it('that no role lets them sign in', async () => {
    const roster = ROSTER.replace('roles: [visitor]', 'roles: [none]').replace(
      'roles:\n',
      'roles:\n  none: {}\n',
    );
    await using scene = await openScene();
    const bob = await scene.enrol('bob');
    await scene.loadRoster(roster);
    expect(await codeOfAsync(scene.touch(await scene.ask('bob'), bob))).toBe('no-role');
  });
});

describe('what a role asks of touches', () => {
  const asking = (touch: string) =>
    ROSTER.replace('max_lifetime: 20h }', `max_lifetime: 20h }\n    touch: ${touch}`);

  it('a PIN: a touch without one is refused, with one it counts', async () => {
    await using scene = await openScene({ roster: asking('{ user_verification: required }') });
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    expect(asked.hints.userVerification).toBe(true);
    const { request, pollSecret } = asked;
    const bare = scene.assertion(request, alice, FLAGS.up);
    const touching = touchRequest(scene.authority, request.id, { pollSecret }, bare);
    expect(await codeOfAsync(touching)).toBe('user-verification-required');
    await scene.touch(await scene.ask('alice'), alice);
  });

  it('an attested model: a credential that was enrolled without attestation is refused', async () => {
    await using scene = await openScene();
    const alice = await scene.enrol('alice');
    const asked = await scene.ask('alice');
    const model = '00000000-0000-0000-0000-000000000001';
    const root = issueCertificate().pem;
    const pem = root.replaceAll('\n', '\\n');
    await scene.loadRoster(asking(`{ attestation: { aaguids: [${model}], roots: ["${pem}"] } }`));
    expect(await codeOfAsync(scene.touch(asked, alice))).toBe('attestation-required');
  });

  it('an attested model: a key that only says which model it is is refused', async () => {
    await using scene = await openScene();
    const { root, aaguid, authenticator } = attestedModel();
    await scene.enrol('alice', authenticator, { attestation: 'self' });
    const asked = await scene.ask('alice');
    const roots = `["${root.replaceAll('\n', '\\n')}"]`;
    await scene.loadRoster(asking(`{ attestation: { aaguids: [${aaguid}], roots: ${roots} } }`));
    expect(await codeOfAsync(scene.touch(asked, authenticator))).toBe('attestation-required');
  });

  it('an attested model: the certificates of another model are refused, those of a listed one not', async () => {
    await using scene = await openScene();
    const { root, authenticator, aaguid } = attestedModel();
    const rosterFor = (model: string) =>
      asking(`{ attestation: { aaguids: [${model}], roots: ["${root.replaceAll('\n', '\\n')}"] } }`);
    await scene.loadRoster(rosterFor(aaguid));
    await scene.enrol('alice', authenticator, { attestation: 'packed' });
    await scene.touch(await scene.ask('alice'), authenticator);
    const asked = await scene.ask('alice');
    await scene.loadRoster(rosterFor('00000000-0000-0000-0000-000000000001'));
    expect(await codeOfAsync(scene.touch(asked, authenticator))).toBe('attestation-required');
  });

  it('an attested model: what a root has vouched for that the role trusts no more is refused', async () => {
    await using scene = await openScene();
    const { root, authenticator, aaguid } = attestedModel();
    const other = issueCertificate().pem;
    const rosterFor = (...roots: readonly string[]) => {
      const list = roots.map((pem) => `"${pem.replaceAll('\n', '\\n')}"`).join(', ');
      return asking(`{ attestation: { aaguids: [${aaguid}], roots: [${list}] } }`);
    };
    await scene.loadRoster(rosterFor(other, root));
    await scene.enrol('alice', authenticator, { attestation: 'packed' });
    const asked = await scene.ask('alice');
    await scene.loadRoster(rosterFor(other));
    expect(await codeOfAsync(scene.touch(asked, authenticator))).toBe('attestation-required');
    await scene.loadRoster(rosterFor(root));
    await scene.touch(await scene.ask('alice'), authenticator);
  });
});

describe('a share of certificates', () => {
  const bounds = { perPersonHourly: 2 };

  it('is used up by touches, and comes back after an hour', async () => {
    await using scene = await openScene({ bounds });
    const alice = await scene.enrol('alice');
    for (let count = 0; count < 2; count += 1) await scene.touch(await scene.ask('alice'), alice);
    const refused = await scene.ask('alice');
    expect(await codeOfAsync(scene.touch(refused, alice))).toBe('too-many-certificates');
    scene.pass(3601);
    await scene.touch(await scene.ask('alice'), alice);
  });

  it('is one of each person: strangers who ask for somebody take nothing of it', async () => {
    await using scene = await openScene({ bounds });
    const alice = await scene.enrol('alice');
    const bob = await scene.enrol('bob');
    for (let count = 0; count < 9; count += 1) {
      const asked = await scene.ask('alice', { from: `198.51.100.${count}` });
      expect(await codeOfAsync(scene.touch(asked, bob))).toBe('touch-refused');
    }
    await scene.touch(await scene.ask('alice'), alice);
  });

  it('is not larger for touches that are all signed at the same time', async () => {
    const signer = stagedSigner();
    await using scene = await openScene({ bounds, signers: { login: signer } });
    const keys: SoftAuthenticator[] = [];
    for (let count = 0; count < 5; count += 1) keys.push(await scene.enrol('alice'));
    const gate = new Gate();
    signer.instead = async (draft, sign) => {
      await gate.pass();
      return sign(draft);
    };
    const touches = keys.map(async (key) => codeOfAsync(scene.touch(await scene.ask('alice'), key)));
    await expect.poll(signer.calls, { timeout: 10_000 }).toBe(5);
    gate.open();
    const outcomes = await Promise.all(touches);
    expect(outcomes.filter((outcome) => outcome === 'too-many-certificates')).toHaveLength(3);
  });

  it('counts every certificate of a request', async () => {
    await using scene = await openScene({ bounds });
    const alice = await scene.enrol('alice');
    const three = await scene.askForMany('alice', [newKey(), newKey(), newKey()]);
    expect(await codeOfAsync(scene.touch(three, alice))).toBe('too-many-certificates');
    await scene.touch(await scene.askForMany('alice', [newKey(), newKey()]), alice);
  });
});
