/** Facts as label and value. */
import type { ComponentChildren } from 'preact';

export function Ledger({ children }: { readonly children: ComponentChildren }) {
  return <dl class="ledger">{children}</dl>;
}

export function Entry({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <div class="entry">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
