import { describe } from 'vitest';
import { HOST_PARTS } from '../../support/host-machine.ts';
import { HOST_PROGRAM_PARTS } from '../../support/host-program.ts';
import { haveParts } from '../../support/parts.ts';
import { describeCuts } from './cuts.ts';
import { describeFaults } from './faults.ts';
import { describeHealthy } from './healthy.ts';

const isPossible = haveParts({ ...HOST_PARTS, ...HOST_PROGRAM_PARTS });

describe.runIf(isPossible)('a host kept by dash', () => describeHealthy('dash'));
describe.runIf(isPossible)('a host kept by dash, when something fails', () => describeFaults('dash'));
describe.runIf(isPossible)('a host kept by dash, when it is cut off', () => describeCuts('dash'));
