/** Who may change the keys for sudo where they are security keys of people: each program judges a statement as `acceptStatement` does. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStatement } from '../../../src/fleet/signed-statement.ts';
import { formatSudoCaFile } from '../../../src/fleet/sudo-ca-file.ts';
import type { SudoCaStatement } from '../../../src/fleet/sudo-ca-statement.ts';
import { formatPublicKeyLine } from '../../../src/ssh/public-key.ts';
import {
  CAROL,
  DAVE,
  GLASS,
  GONE,
  plainSigner,
  STATEMENT,
  signedText,
  stated,
} from '../../fleet/statements.ts';
import type { HostMachine } from '../../support/host-machine.ts';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS, HOST_PROGRAMS, withoutProcess } from '../../support/host-program.ts';
import type { TestSigner } from '../../support/keys.ts';
import { generateSecurityKey } from '../../support/keys.ts';
import { haveParts } from '../../support/parts.ts';
import type { Fleet } from './fleet.ts';
import { startFleet } from './fleet.ts';
import { files } from './tampering.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });
const EVE = generateSecurityKey('sk-ssh-ed25519@openssh.com');
const UNTOUCHED: TestSigner = { ...CAROL, sign: (message) => CAROL.sign(message, { flags: 0 }) };
const UNTOUCHED_ECDSA: TestSigner = { ...DAVE, sign: (message) => DAVE.sign(message, { flags: 4 }) };

describe.runIf(isPossible).each(HOST_PROGRAMS)('a host with a keyless sudo CA, kept by %s', (program) => {
  let fleet: Fleet;
  let host: HostMachine;
  let present: SudoCaStatement;
  let next: SudoCaStatement;
  let file: string;

  beforeAll(async () => {
    fleet = await startFleet();
    host = await fleet.start('web1', withoutProcess(program));
    present = { ...STATEMENT, authority: fleet.origin };
    next = { ...present, number: 8, keys: [stated(EVE.publicKey, 'active', 'eve')] };
    file = join(host.directory, 'sudo_ca.pub');
    await mkdir(host.directory, { recursive: true, mode: 0o755 });
    await place(present);
    fleet.relay.meddle = saying(signedText(present, CAROL));
    await host.mustEnroll(await fleet.invite('web1'));
  });
  afterAll(async () => {
    await host?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });
  beforeEach(() => place(present));
  afterEach(() => {
    fleet.relay.meddle = undefined;
  });

  const place = (statement: SudoCaStatement) =>
    writeFile(file, formatSudoCaFile(openStatement(signedText(statement, CAROL))), { mode: 0o644 });

  const saying = (statement: string) =>
    files(fleet, () => ({ 'sudo_ca.pub': undefined, sudo_statement: new TextEncoder().encode(statement) }));

  async function told(statement: string) {
    fleet.relay.meddle = saying(statement);
    return host.sync();
  }

  async function stays(statement: string) {
    const before = await readFile(file, 'utf8');
    const result = await told(statement);
    expect(result, result.stderr).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('stay as they are'),
    });
    expect(await readFile(file, 'utf8')).toBe(before);
  }

  it.each<[string, TestSigner]>([
    ['an active key, which was touched', CAROL],
    ['a coming key, which was touched', DAVE],
    ['a key kept for emergencies', GLASS],
  ])('takes the next statement over from %s', async (_name, signer) => {
    const text = signedText(next, signer);
    const result = await told(text);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(formatSudoCaFile(openStatement(text)));
  });

  it.each<[string, TestSigner]>([
    ['a key that the statement itself brings', EVE],
    ['a retired key', GONE],
    ['a key that nobody knows', plainSigner()],
    ['a security key that was not touched', UNTOUCHED],
    ['a security key whose holder was verified and that was not touched', UNTOUCHED_ECDSA],
  ])('takes none from %s', async (_name, signer) => {
    await stays(signedText(next, signer));
  });

  it('takes none that is signed for something else, or whose text was changed', async () => {
    await stays(signedText(next, CAROL, { namespace: 'file' }));
    await stays(signedText(next, CAROL).replace('number 8', 'number 9'));
    await stays(signedText(next, CAROL).replace(/-----BEGIN.*$/s, ''));
  });

  it('takes none of another authority', async () => {
    await stays(signedText({ ...next, authority: 'https://ca.example.org' }, CAROL));
  });

  it('takes none from a key that somebody took out of the file', async () => {
    const line = `${formatPublicKeyLine(CAROL.publicKey, 'carol')}\n`;
    await writeFile(file, (await readFile(file, 'utf8')).replace(`\n${line}`, '\n'));
    await stays(signedText(next, CAROL));
    expect(await told(signedText(next, GLASS))).toMatchObject({ code: 0 });
  });

  it.each([7, 6])('keeps its own, number 7, and says nothing, when number %i comes', async (number) => {
    const before = await readFile(file, 'utf8');
    const result = await told(signedText({ ...next, number }, CAROL));
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('takes no key of the authority in place of people’s', async () => {
    const before = await readFile(file, 'utf8');
    fleet.relay.meddle = undefined;
    expect(await host.sync()).toMatchObject({ code: 1, stderr: expect.stringContaining('stay as they are') });
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('takes no first statement: nobody vouches for it', async () => {
    await writeFile(file, `${formatPublicKeyLine(GLASS.publicKey, 'vault')}\n`);
    await stays(signedText(present, CAROL));
  });
});
