/** What pam-ussh was measured to do, case by case: for our own judge, for x/crypto and for pam-ussh itself. */
import { AGENT_CASES } from './cases/agent.ts';
import { AGENT_FAULT_CASES } from './cases/agent-faults.ts';
import { CA_FILE_CASES } from './cases/ca-file.ts';
import { CONTENT_CASES } from './cases/contents.ts';
import { HAND_MADE_CASES } from './cases/hand-made.ts';
import { KEY_CASES } from './cases/keys.ts';
import { LINE_CASES } from './cases/line.ts';
import { PRINCIPAL_CASES } from './cases/principals.ts';
import type { PamUsshCase } from './scene.ts';

export const CASES: readonly PamUsshCase[] = [
  ...KEY_CASES,
  ...PRINCIPAL_CASES,
  ...LINE_CASES,
  ...CONTENT_CASES,
  ...CA_FILE_CASES,
  ...AGENT_CASES,
  ...AGENT_FAULT_CASES,
  ...HAND_MADE_CASES,
];
