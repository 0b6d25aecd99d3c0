import { describe } from 'vitest';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { goesThroughEverything, HOST_PROGRAM_PARTS } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import { describeCuts } from './cuts.ts';
import { describeFaults } from './faults.ts';
import { describeHealthy } from './healthy.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible)('a host kept by busybox', () => describeHealthy('busybox'));
describe.runIf(isPossible)('a host kept by busybox, when something fails', () => describeFaults('busybox'));
describe.runIf(isPossible && goesThroughEverything('busybox'))(
  'a host kept by busybox, when it is cut off',
  () => describeCuts('busybox'),
);
