import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { haveParts, program } from '../../support/parts.ts';
import { run, runOrThrow } from '../../support/run.ts';

const USHERD = fileURLToPath(new URL('../../../bin/usherd', import.meta.url));

/** A self-signed certificate for localhost with this name as its organization. */
async function makeCertificate(directory: string, name: string): Promise<void> {
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = [
    '-subj',
    `/O=${name}/CN=localhost`,
    '-addext',
    'subjectAltName=DNS:localhost',
    '-days',
    '2',
  ];
  const files = ['-keyout', join(directory, `${name}.key`), '-out', join(directory, `${name}.pem`)];
  await runOrThrow(program('openssl'), [...request, ...subject, ...files]);
}

describe.runIf(haveParts({ openssl: 'openssl' }))('a usherd that speaks TLS itself', () => {
  let place: string;
  let port: number;
  let log = '';
  let child: ReturnType<typeof spawn>;

  /** The organization of the certificate that a new connection sees; the connection must hold up. */
  async function served(options: { maxVersion?: 'TLSv1.2' } = {}): Promise<string> {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      rejectUnauthorized: false,
      ...options,
    });
    try {
      await once(socket, 'secureConnect');
      return String(socket.getPeerCertificate().subject.O);
    } finally {
      socket.destroy();
    }
  }

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'usher-tls-'));
    port = await freePort();
    for (const name of ['first', 'second', 'third']) await makeCertificate(place, name);
    await copyFile(join(place, 'first.pem'), join(place, 'live.pem'));
    await copyFile(join(place, 'first.key'), join(place, 'live.key'));
    const dir = join(place, 'ca');
    const origin = `https://localhost:${port}`;
    await runOrThrow(USHERD, ['init', '--dir', dir, '--origin', origin, '--listen', `127.0.0.1:${port}`]);
    const settings = join(dir, 'usherd.yaml');
    const tls = `tls: { certificate: ../live.pem, key: ../live.key }\n`;
    await writeFile(settings, (await readFile(settings, 'utf8')) + tls);
    child = spawn(process.execPath, [USHERD, 'serve', '--dir', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    const until = Date.now() + 20_000;
    while (Date.now() < until && !(await served().catch(() => ''))) await setTimeout(25);
  });
  afterAll(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await rm(place, { recursive: true });
  });

  it('speaks no TLS older than 1.3', async () => {
    await expect(served({ maxVersion: 'TLSv1.2' })).rejects.toThrow();
  });

  it('keeps the old certificate while certificate and key do not fit each other', async () => {
    await copyFile(join(place, 'second.pem'), join(place, 'live.pem'));
    await expect.poll(() => log, { timeout: 10_000 }).toMatch(/TLS files were not loaded/);
    expect(await served()).toBe('first');
  });

  it('serves the new certificate when its files changed, without a signal', async () => {
    await copyFile(join(place, 'second.key'), join(place, 'live.key'));
    await expect.poll(() => served(), { timeout: 10_000 }).toBe('second');
  });

  it('serves the new certificate after SIGHUP, too', async () => {
    await copyFile(join(place, 'third.pem'), join(place, 'live.pem'));
    await copyFile(join(place, 'third.key'), join(place, 'live.key'));
    child.kill('SIGHUP');
    await expect.poll(() => served(), { timeout: 10_000 }).toBe('third');
  });

  it('does not start when its TLS files can not be used', async () => {
    await writeFile(join(place, 'live.key'), 'nonsense');
    const { code, stderr } = await run(process.execPath, [USHERD, 'serve', '--dir', join(place, 'ca')], {
      timeout: 20_000,
    });
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^usherd: error: /m) });
  });
});
