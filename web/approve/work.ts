/** What the page does in each state in which it is at work: one call to the outside, one event. */
import type { PageParts } from '../browser.ts';
import { clockAhead, patience } from '../deadline.ts';
import { faultOf } from '../request/fault.ts';
import { touch } from '../touched.ts';
import type { PersonMemory } from './memory.ts';
import type { ApproveEvent, ApproveState, Opening, Sending, Touching } from './state.ts';
import { readView } from './view.ts';

interface ApproveParts extends PageParts {
  readonly memory: PersonMemory;
}

export function workOfApprove(
  parts: ApproveParts,
): (state: ApproveState) => Promise<ApproveEvent> | undefined {
  return (state) => {
    switch (state.kind) {
      case 'opening':
        return open(parts, state);
      case 'touching':
        return touchAnswer(parts, state);
      case 'sending':
        return send(parts, state);
      default:
        return undefined;
    }
  };
}

async function open({ api, origin, now }: ApproveParts, state: Opening): Promise<ApproveEvent> {
  const { requestId, viewSecret } = state.address;
  const reply = await api.view(requestId, viewSecret, state.person);
  if (reply.kind !== 'ok') return reply;
  try {
    const view = readView(reply.value, { origin, requestId });
    return { kind: 'opened', view, clockAhead: clockAhead(reply.serverTime, now()) };
  } catch (fault) {
    return faultOf(fault);
  }
}

function touchAnswer({ authenticator, now }: ApproveParts, state: Touching): Promise<ApproveEvent> {
  const { view, answer } = state;
  const deadline = { expiresAt: view.approveBy, clockAhead: state.clockAhead };
  return touch(authenticator, { ...view, digest: view.digests[answer] }, patience(deadline, now()));
}

async function send({ api, memory }: ApproveParts, state: Sending): Promise<ApproveEvent> {
  const { person, answer, assertion } = state;
  const { requestId, viewSecret } = state.address;
  const reply = await api.answer(requestId, { viewSecret, person, answer, assertion });
  if (reply.kind !== 'ok') return reply;
  memory.keep(person);
  return { kind: 'accepted', outcome: reply.value };
}
