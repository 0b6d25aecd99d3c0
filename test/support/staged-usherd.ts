/**
 * `usherd serve` that kills itself: the same composition, with each port wrapped. The file named by USHERD_STAGE is read at
 * every call of a port: `{ "dieAt": "after write 2", "clockOffset": 31 }`. Points are counted from when `dieAt` appears.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { CaSigner, Store } from '../../src/authority/ports.ts';
import { serve } from '../../src/commands/serve.ts';
import type { PortChanges } from '../../src/compose.ts';
import { systemClock } from '../../src/compose.ts';

export interface Stage {
  readonly dieAt?: string;
  readonly clockOffset?: number;
}

const counts = new Map<string, number>();

function readStage(): Stage {
  const path = process.env['USHERD_STAGE'] ?? '';
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** SIGKILL: no handler runs, nothing is flushed. */
function reach(point: string): void {
  const { dieAt } = readStage();
  if (dieAt === undefined) return;
  const count = (counts.get(point) ?? 0) + 1;
  counts.set(point, count);
  if (dieAt === `${point} ${count}`) process.kill(process.pid, 'SIGKILL');
}

function dyingStore(store: Store): Store {
  return {
    read: (work) => store.read(work),
    write: async (work) => {
      reach('before write');
      const value = await store.write(async (tx) => {
        const result = await work(tx);
        reach('within write');
        return result;
      });
      reach('after write');
      return value;
    },
    close: () => store.close(),
  };
}

function dyingSigner(signer: CaSigner): CaSigner {
  return {
    publicKey: signer.publicKey,
    sign: async (draft) => {
      reach('before sign');
      const signature = await signer.sign(draft);
      reach('after sign');
      return signature;
    },
  };
}

const changes: PortChanges = {
  clock: { now: () => systemClock.now() + (readStage().clockOffset ?? 0) },
  store: dyingStore,
  signer: dyingSigner,
  signCheckpoint: (sign) => (size, root) => {
    reach('before checkpoint');
    const checkpoint = sign(size, root);
    reach('after checkpoint');
    return checkpoint;
  },
};

const [, , , , directory = ''] = process.argv;
await serve(directory, changes);
