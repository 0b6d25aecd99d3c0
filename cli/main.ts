import { hasUsableCertificate, parseQuickStatus } from './quick-status.ts';

const quick = parseQuickStatus(process.argv.slice(2));
if (quick === undefined) {
  const { run } = await import('./program.ts');
  process.exitCode = await run(process.argv.slice(2));
} else {
  const now = Math.floor(Date.now() / 1000);
  process.exitCode = (await hasUsableCertificate(process.env, quick.authority, now)) ? 0 : 3;
}
