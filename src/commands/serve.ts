/** `usherd serve`: runs until SIGTERM or SIGINT, and follows its files on SIGHUP. */

import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { buildApp } from '../app.ts';
import type { Authority } from '../authority/authority.ts';
import { strayKeys } from '../authority/ca-states.ts';
import { AuthorityError } from '../authority/error.ts';
import { loadRoster } from '../authority/load-roster.ts';
import { CommandError, systemCode } from '../command-error.ts';
import type { PortChanges } from '../compose.ts';
import { FILES, openAuthority, readConfig } from '../compose.ts';
import type { Config } from '../config.ts';
import type { Http } from '../http/types.ts';
import { fingerprint } from '../ssh/public-key.ts';

/** How long running requests may take to end when the service stops. */
const DRAIN_MS = 10_000;

export async function serve(dir: string, changes: PortChanges = {}): Promise<void> {
  const config = await readConfig(dir);
  // Not in step with requests: a slow reader of the log must not slow down the service.
  const logger = pino(pino.destination({ sync: false }));
  const authority = await openAuthority(config, changes);
  await tellStrayKeys(authority, logger);
  await loadRosterFile(authority, dir, logger);
  await assertRoster(authority);
  const http = await listen(config, authority, logger);
  process.on('SIGHUP', () => void reload(http, config, authority, logger));
  await stopped();
  logger.info('stopping');
  await drain(http);
  await authority.store.close();
}

async function listen(config: Config, authority: Authority, logger: Logger): Promise<Http> {
  const { trustedProxies, metricsFrom, limits, host, port } = config;
  const tls = await readTls(config);
  const http = await buildApp(authority, {
    logger,
    trustedProxies,
    metricsFrom,
    requestsPerMinute: limits.requestsPerMinute,
    ...(tls === undefined ? {} : { tls }),
  });
  await http.listen({ host, port }).catch((cause: unknown) => {
    if (systemCode(cause) !== 'EADDRINUSE') throw cause;
    const hint = `is another usherd running? Else change "listen" in ${FILES.config}`;
    throw new CommandError(`something else listens on ${host}:${port} already`, { cause, hint });
  });
  watchTls(http, config, logger);
  return http;
}

/** A roster file with faults is told loudly and changes nothing: the one in force stays. */
async function loadRosterFile(authority: Authority, dir: string, logger: Logger): Promise<void> {
  try {
    const text = await readFile(join(dir, FILES.roster), 'utf8');
    const { digest, changed } = await loadRoster(authority, text);
    logger.info({ roster: digest, changed }, 'roster in force');
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    logger.error({ reason }, 'the roster file was not loaded; the one in force stays');
  }
}

/** A stop at the wrong instant leaves a key that nothing came of. */
async function tellStrayKeys(authority: Authority, logger: Logger): Promise<void> {
  for (const { file, key } of await strayKeys(authority))
    logger.warn({ file, key: fingerprint(key) }, 'a key file of no CA key: nobody trusts it, remove it');
}

async function assertRoster(authority: Authority): Promise<void> {
  await authority.store.read(async (tx) => {
    if ((await tx.rosterDigest()) === undefined)
      throw new AuthorityError('no-roster', 'no roster is in force: usherd roster check roster.yaml');
    // It may not fit the settings: then nothing could be decided.
    await authority.rosters.in(tx);
  });
}

async function reload(http: Http, config: Config, authority: Authority, logger: Logger): Promise<void> {
  await loadRosterFile(authority, config.directory, logger);
  await reloadTls(http, config, logger);
}

async function readTls({ tls }: Config): Promise<{ cert: string; key: string } | undefined> {
  if (tls === undefined) return undefined;
  return { cert: await readFile(tls.certificatePath, 'utf8'), key: await readFile(tls.keyPath, 'utf8') };
}

/** Renewed certificates serve new connections at once; files that do not fit each other change nothing. */
async function reloadTls(http: Http, config: Config, logger: Logger): Promise<void> {
  const { server }: { server: unknown } = http;
  if (config.tls === undefined || !(server instanceof TlsServer)) return;
  try {
    server.setSecureContext({ ...(await readTls(config)), minVersion: 'TLSv1.3' });
    logger.info('TLS certificate loaded');
  } catch (error) {
    logger.error({ err: error }, 'the TLS files were not loaded; the old certificate stays');
  }
}

function watchTls(http: Http, config: Config, logger: Logger): void {
  if (config.tls === undefined) return;
  const directories = new Set([dirname(config.tls.certificatePath), dirname(config.tls.keyPath)]);
  let pending: NodeJS.Timeout | undefined;
  for (const directory of directories)
    watch(directory, { persistent: false }, () => {
      // Certificate and key are two files: wait until both are written.
      clearTimeout(pending);
      pending = setTimeout(() => void reloadTls(http, config, logger), 500).unref();
    });
}

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

async function drain(http: Http): Promise<void> {
  const impatient = setTimeout(() => http.server.closeAllConnections(), DRAIN_MS);
  http.server.closeIdleConnections();
  await http.close();
  clearTimeout(impatient);
}
