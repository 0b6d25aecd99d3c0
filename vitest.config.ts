import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Otherwise every login to a real sshd would be listed as slow.
    slowTestThreshold: 5_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**'],
          // A machine that does much else is slow, and no test of ours tells by its time whether something is right.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Hundreds of programs are started: each would else strip and compile the same sources anew.
          env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/usher-tests') },
        },
      },
    ],
  },
});
