/** Every page: the frame around the screen of the present state, and the screens of states that no page has to itself. */
import type { ComponentChildren, VNode } from 'preact';
import type { Interrupted, Stopped } from './course.ts';
import { isInterrupted, isStopped } from './course.ts';
import { InterruptedScreen } from './failure-screens.tsx';
import { Frame } from './frame.tsx';
import type { Machine } from './machine.ts';
import { useMachine } from './use-machine.ts';

/** What is a page's own. */
export interface Plan<Own extends OfKind, Stop, Event> {
  readonly steps: readonly string[];
  readonly progress: Readonly<Record<Own['kind'], Progress>>;
  readonly OwnScreen: (props: ShownProps<Own, Event>) => VNode;
  readonly StopScreen: (props: StopProps<Stop>) => VNode;
}

export interface ShownProps<State, Event> {
  readonly state: State;
  readonly dispatch: (event: Event) => void;
}

export interface StopProps<Stop> {
  readonly stop: Stop;
  readonly onRetry: () => void;
}

interface OfKind {
  readonly kind: string;
}

interface Progress {
  /** Index into the steps; their number when all are done. */
  readonly step: number;
  /** What the page is doing, where it is at work. */
  readonly status?: string;
}

type Course<Own, Working, Stop> = Own | Interrupted<Working> | Stopped<Stop>;
type PageEvent<Event> = Event | { readonly kind: 'retry-wanted' };

interface PageProps<Own extends OfKind, Working, Stop, Event> {
  readonly plan: Plan<Own, Stop, Event>;
  readonly machine: Machine<Course<Own, Working, Stop>, PageEvent<Event>>;
  readonly host: string;
}

export function Page<Own extends OfKind, Working, Stop, Event>(props: PageProps<Own, Working, Stop, Event>) {
  const { plan, machine, host } = props;
  const state = useMachine(machine);
  const progress = progressOf(plan, state);
  return (
    <Frame host={host} steps={plan.steps} step={progress?.step} status={progress?.status ?? ''}>
      {screenOf(plan, state, (event) => machine.dispatch(event))}
    </Frame>
  );
}

/** @returns undefined where the way ends: no plan lists the states that all pages have. */
function progressOf<Own extends OfKind, Stop, Event>(
  plan: Plan<Own, Stop, Event>,
  { kind }: OfKind,
): Progress | undefined {
  const listed: Readonly<Record<string, Progress>> = plan.progress;
  return listed[kind];
}

function screenOf<Own extends OfKind, Working, Stop, Event>(
  { OwnScreen, StopScreen }: Plan<Own, Stop, Event>,
  state: Course<Own, Working, Stop>,
  dispatch: (event: PageEvent<Event>) => void,
): ComponentChildren {
  const retry = (): void => dispatch({ kind: 'retry-wanted' });
  if (isInterrupted(state)) return <InterruptedScreen detail={state.detail} onRetry={retry} />;
  if (isStopped(state)) return <StopScreen stop={state.stop} onRetry={retry} />;
  return <OwnScreen state={state} dispatch={dispatch} />;
}
