/** `usherd break-glass` that kills itself when it is to sign: ARGS are the offline key and the public key to certify. */
import { breakGlass } from '../../src/commands/break-glass.ts';

const [, , ca = '', key = ''] = process.argv;
await breakGlass(
  { person: 'alice', host: 'web1', ca, key, reason: 'test', purpose: 'both' },
  {
    signer: (signer) => ({
      publicKey: signer.publicKey,
      // SIGKILL: no handler runs, nothing is flushed.
      sign: async () => {
        process.kill(process.pid, 'SIGKILL');
        return new Uint8Array();
      },
    }),
  },
);
