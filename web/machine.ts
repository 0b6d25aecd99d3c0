/**
 * A page as a state machine: a pure `transition`, and for each state that is at work one `perform`, which ends in one event.
 * Work starts within `dispatch` itself: browsers let a page use an authenticator only right after a click.
 */
export class Machine<State extends object, Event> {
  #state: State;
  readonly #transition: (state: State, event: Event) => State;
  readonly #perform: (state: State) => Promise<Event> | undefined;
  readonly #listeners = new Set<(state: State) => void>();

  /** `perform` returns undefined for a state that waits for the person, and never rejects. */
  constructor(
    initial: State,
    transition: (state: State, event: Event) => State,
    perform: (state: State) => Promise<Event> | undefined,
  ) {
    this.#state = initial;
    this.#transition = transition;
    this.#perform = perform;
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#work(this.#state);
  }

  /** An event that does not belong to the present state leaves it as it is; `transition` then returns the same object. */
  dispatch(event: Event): void {
    const next = this.#transition(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#listeners) listener(next);
    this.#work(next);
  }

  /** @returns what ends the subscription. */
  subscribe(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #work(state: State): void {
    const work = this.#perform(state);
    // An answer to a state that was left meanwhile is nobody's any more.
    void work?.then((event) => {
      if (this.#state === state) this.dispatch(event);
    });
  }
}
