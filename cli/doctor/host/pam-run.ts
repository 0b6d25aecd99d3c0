/**
 * What libpam makes of the answers of a stack's modules (`_pam_dispatch_aux` in libpam/pam_dispatch.c): whether it lets the user in, and whom it
 * asked on the way. So the doctor need not guess from the look of a file.
 */
import type { PamAction, PamModule, PamStep } from './pam-stack.ts';

export type PamAnswer = 'success' | 'auth_err' | 'ignore';

interface PamOutcome {
  readonly success: boolean;
  /** In the order in which they were called. */
  readonly called: readonly PamModule[];
}

interface State {
  /** Undecided until a module counts; a failure is never taken back but by `reset`. */
  readonly impression: 'none' | 'good' | 'bad';
  readonly called: readonly PamModule[];
}

export function runAuth(steps: readonly PamStep[], answerOf: (module: PamModule) => PamAnswer): PamOutcome {
  const { impression, called } = run(steps, answerOf, { impression: 'none', called: [] });
  return { success: impression === 'good', called };
}

function run(steps: readonly PamStep[], answerOf: (module: PamModule) => PamAnswer, start: State): State {
  let state = start;
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index];
    if (step === undefined) return state;
    if (step.kind === 'substack') {
      state = run(step.steps, answerOf, state);
      continue;
    }
    const answer = answerOf(step);
    const action = step.control.get(answer) ?? step.control.get('default') ?? 'bad';
    state = { impression: impressionAfter(state, action, answer, start), called: [...state.called, step] };
    if (action === 'die' || (action === 'done' && state.impression === 'good')) return state;
    if (typeof action !== 'number') continue;
    index += action;
    // A jump beyond the end is a fault of the file: libpam refuses.
    if (index >= steps.length) return { ...state, impression: 'bad' };
  }
  return state;
}

function impressionAfter(
  { impression }: State,
  action: PamAction,
  answer: PamAnswer,
  start: State,
): State['impression'] {
  switch (action) {
    case 'ok':
    case 'done':
      return impression === 'none' && answer !== 'ignore' ? 'good' : impression;
    case 'bad':
    case 'die':
      return 'bad';
    case 'reset':
      return start.impression;
    default:
      return impression;
  }
}
