import { expect } from 'vitest';
import type { LogErrorCode } from '../../src/log/error.ts';
import { LogError } from '../../src/log/error.ts';

/** The code of the LogError that `action` throws; fails when it throws nothing or something else. */
export function logErrorCode(action: () => unknown): LogErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof LogError) return error.code;
    throw error;
  }
  return expect.fail('nothing was thrown');
}
