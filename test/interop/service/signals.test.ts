import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { Person, ROSTER } from './person.ts';

const WITHOUT_ALICE = ROSTER.replace(/ {2}alice: .*\n/, '');

/** Waits until the service has logged something that fits; it writes its log beside its work. */
async function logged(usherd: Usherd, pattern: RegExp): Promise<void> {
  await expect.poll(usherd.log, { timeout: 10_000 }).toMatch(pattern);
}

describe('a running usherd', () => {
  it('follows the roster file on SIGHUP, and keeps the old one when it has faults', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const alice = await Person.enrol(usherd);
    const file = join(usherd.dir, 'roster.yaml');
    await writeFile(file, `${WITHOUT_ALICE}nonsense: 1\n`);
    usherd.signal('SIGHUP');
    await logged(usherd, /roster file was not loaded/);
    expect((await alice.touch(await alice.ask())).status).toBe(200);
    const touchedLater = await alice.ask();
    await writeFile(file, WITHOUT_ALICE);
    usherd.signal('SIGHUP');
    await logged(usherd, /"changed":true[\s\S]*"changed":true/);
    const refused = await alice.touch(touchedLater);
    expect(refused).toMatchObject({ status: 403, body: { code: 'unknown-person' } });
  });

  it('follows usherd roster load, which refuses a bad file whole', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const alice = await Person.enrol(usherd);
    const file = join(usherd.dir, 'other.yaml');
    await writeFile(file, WITHOUT_ALICE.replace('engineer: {', 'engineer: { nothing: 1, '));
    const bad = await usherd.command('roster', 'load', file);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/^usherd: error: .*not loaded/);
    const asked = await alice.ask();
    await writeFile(file, WITHOUT_ALICE);
    const good = await usherd.command('roster', 'load', file);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/^in force: [0-9a-f]{64}\n$/) });
    expect(await alice.touch(asked)).toMatchObject({ status: 403, body: { code: 'unknown-person' } });
    expect((await usherd.command('roster', 'load', file)).stdout).toMatch(/^in force already/);
    // What a restart or SIGHUP would read: else it would bring back who was removed.
    expect(await readFile(join(usherd.dir, 'roster.yaml'), 'utf8')).toBe(await readFile(file, 'utf8'));
  });

  it('follows usherd credential remove at once, and lists what there is', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const alice = await Person.enrol(usherd);
    const asked = await alice.ask();
    const { stdout } = await usherd.command('credential', 'list', 'alice', '--json');
    const [{ id, person }] = JSON.parse(stdout);
    expect(person).toBe('alice');
    expect(await usherd.command('credential', 'remove', 'nothing')).toMatchObject({ code: 1 });
    const wrong = await usherd.command('credential', 'remove', id, '--reason', 'because');
    expect(wrong.code).not.toBe(0);
    expect(await usherd.command('credential', 'remove', id, '--reason', 'stolen')).toMatchObject({ code: 0 });
    expect(await alice.touch(asked)).toMatchObject({ status: 403, body: { code: 'touch-refused' } });
    expect((await usherd.command('credential', 'list')).stdout).toContain('removed');
    expect(await usherd.command('credential', 'remove', id)).toMatchObject({ code: 1 });
  });

  it('invites people of the roster only, with the secret in the fragment', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const { code, stderr } = await usherd.command('invite', 'mallory');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('mallory') });
    const { stdout } = await usherd.command('invite', 'bob');
    const { origin, pathname, search } = new URL(stdout);
    expect({ origin, pathname, search }).toEqual({ origin: usherd.origin, pathname: '/enroll', search: '' });
    expect(usherd.log()).not.toContain(stdout.trim().split('.').at(-2));
  });

  it('finishes an open request after SIGTERM, takes no new one, and ends with 0', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const body = JSON.stringify({ pollSecret: 'A'.repeat(43) });
    const open = httpRequest(`${usherd.origin}/v1/requests/${'A'.repeat(22)}/result`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    });
    open.write(body.slice(0, 10));
    await once(open, 'socket').then(([socket]) => (socket.connecting ? once(socket, 'connect') : undefined));
    // The service has read the head when it answers another request that came later.
    await fetch(`${usherd.origin}/healthz`);
    usherd.signal('SIGTERM');
    await expect
      .poll(
        () =>
          fetch(`${usherd.origin}/healthz`).then(
            ({ status }) => status,
            () => 'refused',
          ),
        { timeout: 10_000 },
      )
      .not.toBe(200);
    const answered = once(open, 'response');
    open.end(body.slice(10));
    const [response] = await answered;
    expect(response.statusCode).toBe(404);
    response.resume();
    expect(await usherd.ended()).toBe(0);
  });

  it('has no secret in its log', async () => {
    await using usherd = await startUsherd({ roster: ROSTER });
    const alice = await Person.enrol(usherd);
    const asked = await alice.ask();
    await alice.touch(asked);
    const waiting = await alice.ask();
    await alice.result(waiting);
    usherd.signal('SIGTERM');
    await usherd.ended();
    const log = usherd.log();
    expect(log).toContain(waiting.requestId);
    for (const secret of [asked.pollSecret, waiting.pollSecret, waiting.nonce])
      expect(log).not.toContain(secret);
    const keys = await readFile(join(usherd.dir, 'keys/login'), 'utf8');
    expect(log).not.toContain(keys.split('\n')[1]);
  });
});
