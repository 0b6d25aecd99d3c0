import { useEffect, useState } from 'preact/hooks';
import type { Machine } from './machine.ts';

/** The present state of a machine, which starts to work when its page is shown. */
export function useMachine<State extends object, Event>(machine: Machine<State, Event>): State {
  const [state, setState] = useState<State>(machine.state);
  useEffect(() => {
    const end = machine.subscribe((next) => setState(next));
    machine.start();
    return end;
  }, [machine]);
  return state;
}
