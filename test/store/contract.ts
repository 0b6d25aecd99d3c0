/** What every implementation of the Store port must do. Each group of laws is a file in contract/. */
import { afterEach, beforeEach, describe } from 'vitest';
import type { StoreUnderTest } from '../support/store.ts';
import { caKeyLaws } from './contract/ca-keys.ts';
import { certificateLaws } from './contract/certificates.ts';
import { credentialLaws } from './contract/credentials.ts';
import { hostLaws } from './contract/hosts.ts';
import { liveLaws } from './contract/live-certificates.ts';
import { logLaws } from './contract/log.ts';
import { poolLaws } from './contract/pool.ts';
import { requestLaws } from './contract/requests.ts';
import { revocationLaws } from './contract/revocations.ts';
import { smallLaws } from './contract/small-tables.ts';
import { transactionLaws } from './contract/transactions.ts';

export function storeContract(implementation: string, make: () => Promise<StoreUnderTest>): void {
  describe(`Store on ${implementation}`, () => {
    let database: StoreUnderTest;
    beforeEach(async () => {
      database = await make();
    });
    afterEach(() => database.remove());

    const open: StoreUnderTest['open'] = (signCheckpoint) => database.open(signCheckpoint);
    requestLaws(open);
    poolLaws(open);
    credentialLaws(open);
    certificateLaws(open);
    liveLaws(open);
    revocationLaws(open);
    caKeyLaws(open);
    hostLaws(open);
    smallLaws(open);
    logLaws(open);
    transactionLaws(open);
  });
}
