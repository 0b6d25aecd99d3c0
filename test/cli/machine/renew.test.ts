/** The generation rule from the host's side: what it sends, and what is on its disk by then, while replies are lost. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enrollHost } from '../../../cli/machine/enroll.ts';
import type { Machine } from '../../../cli/machine/machine.ts';
import { realFiles } from '../../../cli/machine/real-files.ts';
import { renew } from '../../../cli/machine/renew.ts';
import { MachineState } from '../../../cli/machine/state.ts';
import { realSurroundings } from '../../../cli/real-surroundings.ts';
import type { CertificatesRequest } from '../../../src/fleet/host/certificates-document.ts';
import { openCertificatesBody } from '../../../src/fleet/host/certificates-document.ts';
import { formatCertificatesReply } from '../../../src/fleet/host/certificates-reply.ts';
import { secretHash } from '../../../src/fleet/host/secret.ts';
import type { CertificateFields } from '../../../src/ssh/certificate-fields.ts';
import { plainSigner } from '../../fleet/statements.ts';
import { issue, validNow } from '../../support/certificates.ts';
import { generateKey } from '../../support/keys.ts';

const AUTHORITY = 'https://ca.example.org';
const FIRST = 'A'.repeat(43);
const CA = plainSigner();

let directory: string;
let machine: Machine;
let requests: CertificatesRequest[];
/** Secrets that were on the disk when a request came. */
let onDisk: (string | undefined)[];
let answer: () => Response;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'usher-test-renew-'));
  requests = [];
  onDisk = [];
  answer = () => {
    throw new TypeError('fetch failed');
  };
  machine = makeMachine();
  await machine.state.saveGeneration({ generation: 3, secret: FIRST });
});
afterEach(() => rm(directory, { recursive: true }));

function makeMachine(): Machine {
  const key = generateKey('ssh-ed25519');
  const path = join(directory, 'ssh_host_ed25519_key');
  return {
    surroundings: {
      ...realSurroundings(),
      stderr: { write: () => undefined },
      fetch: async (_url, init) => {
        requests.push(openCertificatesBody(String(init?.body)));
        onDisk.push(await secretIn('pending'), await secretIn('enrolling'));
        return answer();
      },
    },
    files: realFiles,
    state: new MachineState(directory, realFiles),
    settings: {
      ...{ authority: AUTHORITY, host: 'web1', bundleKey: key.publicKey, directory, hostKeys: [path] },
      ...{ sshd: '/usr/sbin/sshd', sshdConfig: '/etc/ssh/sshd_config', reload: 'true' },
      ...{ authLog: 'journal', pamUssh: '/none' },
    },
    keys: [{ path, key }],
  };
}

async function secretIn(name: string): Promise<string | undefined> {
  const path = join(directory, name);
  return existsSync(path) ? / ([A-Za-z0-9_-]{43})$/m.exec(await readFile(path, 'utf8'))?.[1] : undefined;
}

function reply(generation: number, changes: Partial<CertificateFields> = {}): () => Response {
  const subject = machine.keys[0].key.publicKey;
  const fields = {
    type: 'host',
    subject,
    principals: ['web1'],
    extensions: [],
    ...validNow(),
    ...changes,
  } as const;
  const text = formatCertificatesReply({ host: 'web1', generation, certificates: [issue(CA, fields)] });
  return () => new Response(text);
}

const unreachable = expect.objectContaining({ code: 'unreachable' });
const refused = expect.objectContaining({ code: 'bundle-refused' });

describe('a renewal', () => {
  it('whose reply is lost is asked for again with the same secret, which was on the disk before', async () => {
    await expect(renew(machine)).rejects.toThrow(unreachable);
    await expect(renew(machine)).rejects.toThrow(unreachable);
    const [first, again] = requests;
    expect(again?.nextHash).toBe(first?.nextHash);
    expect(onDisk.flatMap((secret) => secret ?? []).map(secretHash)).toEqual([
      first?.nextHash,
      again?.nextHash,
    ]);
    expect(first).toMatchObject({ generation: 3, secret: FIRST });
    expect((await stat(join(directory, 'pending'))).mode & 0o777).toBe(0o600);
  });

  it('that is answered counts, and the next one shows its secret', async () => {
    answer = reply(4);
    await renew(machine);
    answer = reply(5);
    await renew(machine);
    const [first, next] = requests;
    expect(next?.generation).toBe(4);
    expect(next?.secretHash).toBe(first?.nextHash);
    expect(next?.nextHash).not.toBe(first?.nextHash);
    expect(existsSync(join(directory, 'pending'))).toBe(false);
  });

  it('makes a new secret when a run ended before it had removed the one that counts', async () => {
    await machine.state.savePending(FIRST);
    answer = reply(4);
    await renew(machine);
    expect(requests[0]?.nextHash).not.toBe(secretHash(FIRST));
  });

  it.each([
    ['of another generation', () => reply(7)],
    ['with a certificate for another key', () => reply(4, { subject: generateKey('ssh-ed25519').publicKey })],
    ['with a certificate for people', () => reply(4, { type: 'user', principals: ['alice'] })],
    ['with a certificate that is over', () => reply(4, { validAfter: 1n, validBefore: 2n })],
    ['that is something else', () => () => new Response('<html>')],
  ])('is not over with a reply %s: it is asked for again', async (_title, make) => {
    answer = make();
    await expect(renew(machine)).rejects.toThrow(refused);
    expect(await machine.state.generation()).toEqual({ generation: 3, secret: FIRST });
    answer = reply(4);
    await renew(machine);
    expect(requests[1]?.nextHash).toBe(requests[0]?.nextHash);
  });
});

describe('an enrolment', () => {
  const TOKEN = 'T'.repeat(43);

  it('whose reply is lost is asked for again with the same secret; what was before stays', async () => {
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow(unreachable);
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow(unreachable);
    const [first, again] = requests;
    expect(first).toMatchObject({ generation: 0, secret: TOKEN });
    expect(again?.nextHash).toBe(first?.nextHash);
    expect(onDisk.flatMap((secret) => secret ?? []).map(secretHash)).toEqual([
      first?.nextHash,
      again?.nextHash,
    ]);
    expect(await machine.state.generation()).toEqual({ generation: 3, secret: FIRST });
  });

  it('with another token has another secret', async () => {
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow(unreachable);
    await expect(enrollHost(machine, 'U'.repeat(43))).rejects.toThrow(unreachable);
    expect(requests[1]?.nextHash).not.toBe(requests[0]?.nextHash);
  });

  it('that was answered never shows its token again, also when it was cut off behind that', async () => {
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow(unreachable);
    const secret = (await secretIn('enrolling')) ?? '';
    await machine.state.saveGeneration({ generation: 1, secret });
    expect(await machine.state.isEnrolmentOpen()).toBe(true);
    answer = reply(2);
    await renew(machine);
    expect(requests.map(({ generation }) => generation)).toEqual([0, 1]);
    const begun = await machine.state.enrolling();
    expect(begun).toEqual({ tokenHash: secretHash(TOKEN), step: { kind: 'received' } });
    await machine.state.settleEnrolment('installed');
    expect(await machine.state.isEnrolmentOpen()).toBe(false);
  });

  it('that is answered forgets the bundle that counted before, and not the files that came with it', async () => {
    await machine.state.saveSettings(machine.settings);
    await machine.state.saveBundle('statement', Uint8Array.of(1));
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow(unreachable);
    expect(await machine.state.statement()).toBe('statement');
    answer = reply(1);
    await expect(enrollHost(machine, TOKEN)).rejects.toThrow();
    expect(await machine.state.statement()).toBeUndefined();
    expect(await machine.state.archive()).toEqual(Uint8Array.of(1));
  });

  it.each([
    ['at another address', { authority: 'https://other.example.org' }],
    ['whose bundles another key signs', { bundleKey: generateKey('ssh-ed25519').publicKey }],
  ])(
    'at an authority %s is refused without --replace, before the token is shown',
    async (_title, changes) => {
      await machine.state.saveSettings(machine.settings);
      const other = { ...machine, settings: { ...machine.settings, ...changes } };
      await expect(enrollHost(other, TOKEN)).rejects.toThrow(expect.objectContaining({ code: 'refused' }));
      expect(requests).toEqual([]);
      await expect(enrollHost(other, TOKEN, { isReplacing: true })).rejects.toThrow(unreachable);
      expect(requests).toHaveLength(1);
    },
  );
});
