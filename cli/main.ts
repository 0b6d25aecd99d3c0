import { hasUsableCertificate, parseQuickStatus } from './quick-status.ts';

// Whoever reads only the beginning closes the pipe: as for other programs, that ends it quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

const quick = parseQuickStatus(process.argv.slice(2));
if (quick === undefined) {
  // Without a handler a signal ends the process before anything can be cleaned up.
  process
    .once('SIGINT', () => process.exit(130))
    .once('SIGTERM', () => process.exit(143))
    .once('SIGHUP', () => process.exit(129));
  const { run } = await import('./run.ts');
  process.exitCode = await run(process.argv.slice(2));
} else {
  const now = Math.floor(Date.now() / 1000);
  process.exitCode = (await hasUsableCertificate(process.env, quick.authority, now)) ? 0 : 3;
}
