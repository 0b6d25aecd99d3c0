/** What every page has around it: whose page it is, how far one is, and a line that screen readers are told about. */
import type { ComponentChildren } from 'preact';
import { Mark } from './mark.tsx';

export interface FrameProps {
  readonly host: string;
  readonly steps: readonly string[];
  /** Index into `steps`; their number when all are done, undefined when the way ends here. */
  readonly step: number | undefined;
  /** What the page is doing, said aloud when it changes. */
  readonly status: string;
  readonly children: ComponentChildren;
}

export function Frame({ host, steps, step, status, children }: FrameProps) {
  return (
    <div class="frame">
      <header class="masthead">
        <span class="brand">
          <Mark />
          Usher
        </span>
        <span class="host">
          <span class="sr-only">Authority: </span>
          {host}
        </span>
      </header>
      <main>
        {step !== undefined && <Steps steps={steps} step={step} />}
        {children}
      </main>
      <p class="status" role="status" aria-live="polite">
        {status}
      </p>
      <footer>Nothing is signed without a touch.</footer>
    </div>
  );
}

function Steps({ steps, step }: { readonly steps: readonly string[]; readonly step: number }) {
  return (
    <ol class="steps" aria-label="Steps">
      {steps.map((name, index) => (
        <li
          key={name}
          class={index < step ? 'past' : 'ahead'}
          aria-current={index === step ? 'step' : undefined}
        >
          {name}
          {index < step && <span class="sr-only"> (done)</span>}
        </li>
      ))}
    </ol>
  );
}
