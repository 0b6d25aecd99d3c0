import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stage } from '../../support/staged-usherd.ts';
import type { Usherd } from '../../support/usherd.ts';
import { startUsherd } from '../../support/usherd.ts';
import { inviteFor, Person, ROSTER } from './person.ts';
import { logKeyOf, readRecorded } from './recorded.ts';

const PROGRAM = fileURLToPath(new URL('../../support/staged-usherd.ts', import.meta.url));

/** Where the cycle can be cut from the touch on, and what must be found after it. */
const POINTS: readonly (readonly [point: string, found: 'untouched' | 'leased' | 'recorded'])[] = [
  ['before write 1', 'untouched'],
  ['within write 1', 'untouched'],
  ['after write 1', 'leased'],
  ['before sign 1', 'leased'],
  ['after sign 1', 'leased'],
  ['before write 2', 'leased'],
  ['within write 2', 'leased'],
  ['before checkpoint 1', 'leased'],
  ['after checkpoint 1', 'leased'],
  ['after write 2', 'recorded'],
];

describe('a usherd that is killed', () => {
  let place: string;
  let usherd: Usherd;
  let alice: Person;
  let logKey: string;
  /** Certificates that were issued so far. */
  let issued = 0;

  const stage = (set: Stage) => writeFile(join(place, 'stage.json'), JSON.stringify(set));

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-stage-'));
    const env = { USHERD_STAGE: join(place, 'stage.json') };
    usherd = await startUsherd({ roster: ROSTER, program: PROGRAM, env });
    logKey = await logKeyOf(usherd);
    alice = await Person.enrol(usherd);
  });
  afterAll(async () => {
    await usherd[Symbol.asyncDispose]();
    await rm(place, { recursive: true });
  });

  it.for(POINTS)('%s of the touch leaves it %s, and loses nothing', async ([dieAt, found]) => {
    const asked = await alice.ask();
    await stage({ dieAt });
    // Nothing is released: the reply never comes.
    await expect(alice.touch(asked)).rejects.toThrow();
    await usherd.ended();
    const recorded = await readRecorded(usherd, logKey);
    expect(recorded.faults).toEqual([]);
    expect(recorded.serialsInLog).toEqual(recorded.serials);
    expect(recorded.serials).toHaveLength(issued + (found === 'recorded' ? 1 : 0));

    await stage({});
    await usherd.start();
    const states = { untouched: 'pending', leased: 'signing', recorded: 'issued' } as const;
    expect((await alice.result(asked)).body).toMatchObject({ state: states[found] });
    if (found === 'untouched') expect((await alice.touch(asked)).body).toMatchObject({ state: 'issued' });
    // The lease of the dead holder is over: whoever asks for the result takes the request up.
    await stage({ clockOffset: 31 });
    const result = await alice.result(asked);
    expect(result.body).toMatchObject({ state: 'issued' });
    expect((await alice.result(asked)).body).toEqual(result.body);
    issued += 1;
    expect((await readRecorded(usherd, logKey)).serials).toHaveLength(issued);
    await stage({});
  });

  it.for([
    ['before write 1', false],
    ['within write 1', false],
    ['after checkpoint 1', false],
    ['after write 1', true],
  ] as const)(
    '%s of an enrolment keeps the invite, unless the credential is enrolled',
    async ([dieAt, enrolled]) => {
      const invite = await inviteFor(usherd, 'bob');
      const { confirm, credentialId } = await Person.offer(usherd, invite, 'bob');
      await stage({ dieAt });
      await expect(confirm()).rejects.toThrow();
      await usherd.ended();
      expect((await readRecorded(usherd, logKey)).faults).toEqual([]);
      await stage({});
      await usherd.start();
      const list = async () => (await usherd.command('credential', 'list', 'bob')).stdout;
      expect((await list()).includes(credentialId)).toBe(enrolled);
      // The same step again: what a command does whose connection broke.
      expect(await confirm()).toMatchObject({ status: 200, body: { credentialId } });
      expect(await list()).toContain(credentialId);
      await expect(Person.offer(usherd, invite, 'bob')).rejects.toThrow();
    },
  );

  it.for(['before write 1', 'within write 1', 'after write 1'])(
    '%s of a question leaves nothing half asked',
    async (dieAt) => {
      await stage({ dieAt });
      await expect(alice.ask()).rejects.toThrow();
      await usherd.ended();
      await stage({});
      await usherd.start();
      expect((await alice.touch(await alice.ask())).body).toMatchObject({ state: 'issued' });
    },
  );
});
