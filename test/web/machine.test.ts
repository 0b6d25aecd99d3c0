import { expect, it } from 'vitest';
import { Machine } from '../../web/machine.ts';

type State = { readonly kind: 'resting' | 'working'; readonly steps: number };
type Event = 'work' | 'finished' | 'leave' | 'nothing';

function transition(state: State, event: Event): State {
  if (event === 'work') return { kind: 'working', steps: state.steps };
  if (event === 'finished') return { kind: 'resting', steps: state.steps + 1 };
  return event === 'leave' ? { kind: 'resting', steps: state.steps } : state;
}

function machineWith(answer: Promise<Event>, seen: string[] = []) {
  const perform = (state: State) => {
    seen.push(state.kind);
    return state.kind === 'working' ? answer : undefined;
  };
  return new Machine<State, Event>({ kind: 'resting', steps: 0 }, transition, perform);
}

it('work begins within the dispatch that asks for it, as authenticators need it', () => {
  const seen: string[] = [];
  machineWith(new Promise(() => {}), seen).dispatch('work');
  expect(seen).toEqual(['working']);
});

it('the event that ends the work changes the state', async () => {
  const answer = Promise.resolve<Event>('finished');
  const machine = machineWith(answer);
  machine.dispatch('work');
  await answer;
  expect(machine.state).toEqual({ kind: 'resting', steps: 1 });
});

it('an answer to a state that was left meanwhile changes nothing', async () => {
  const answer = Promise.resolve<Event>('finished');
  const machine = machineWith(answer);
  machine.dispatch('work');
  machine.dispatch('leave');
  await answer;
  expect(machine.state).toEqual({ kind: 'resting', steps: 0 });
});

it('listeners hear of each change until they leave, and of nothing else', () => {
  const machine = machineWith(new Promise(() => {}));
  const heard: string[] = [];
  const end = machine.subscribe(({ kind }) => heard.push(kind));
  machine.dispatch('nothing');
  machine.dispatch('work');
  end();
  machine.dispatch('leave');
  expect(heard).toEqual(['working']);
});
