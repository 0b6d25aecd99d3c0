/** Every page: the frame around the screen of the present state. */
import type { ComponentChildren } from 'preact';
import { Frame } from './frame.tsx';
import type { Machine } from './machine.ts';
import { useMachine } from './use-machine.ts';

interface PageProps<State extends object, Event> {
  readonly machine: Machine<State, Event>;
  readonly host: string;
  readonly steps: readonly string[];
  /** As `FrameProps.step` of a state. */
  readonly stepOf: (state: State) => number | undefined;
  readonly statusOf: (state: State) => string;
  readonly screen: (state: State, dispatch: (event: Event) => void) => ComponentChildren;
}

export function Page<State extends object, Event>(props: PageProps<State, Event>) {
  const { machine, host, steps, stepOf, statusOf, screen } = props;
  const state = useMachine(machine);
  return (
    <Frame host={host} steps={steps} step={stepOf(state)} status={statusOf(state)}>
      {screen(state, (event) => machine.dispatch(event))}
    </Frame>
  );
}
