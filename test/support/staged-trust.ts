/** `usher host trust ARGS` that says "about to install" before it puts its file in place, and waits for a word on stdin. */
import { once } from 'node:events';
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { rename } = promises;
promises.rename = async (from, to) => {
  process.stdout.write('about to install\n');
  await once(process.stdin, 'data');
  await rename(from, to);
};
syncBuiltinESMExports();

// Only now, so that they see the staged one.
const { run } = await import('../../cli/run.ts');
const { realSurroundings } = await import('../../cli/real-surroundings.ts');
process.exitCode = await run(['host', 'trust', ...process.argv.slice(2)], realSurroundings());
