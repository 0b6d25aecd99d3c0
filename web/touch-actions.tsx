/** The buttons that ask for a touch, and what came of the touch before. */
import type { ComponentChildren } from 'preact';
import type { Refusal } from './api.ts';
import { Notice } from './notice.tsx';
import { RefusalText } from './refusal.tsx';
import type { AuthenticatorTrouble } from './trouble.ts';
import { TROUBLE } from './trouble.ts';

interface TouchButtonProps {
  readonly look?: 'primary' | 'danger';
  readonly isBusy: boolean;
  /** Without it the button sends its form. */
  readonly onTouch?: () => void;
  readonly children: ComponentChildren;
}

/** A busy button keeps the focus, and does nothing. */
export function TouchButton({ look = 'primary', isBusy, onTouch, children }: TouchButtonProps) {
  return (
    <button
      type={onTouch === undefined ? 'submit' : 'button'}
      class={look}
      aria-disabled={isBusy}
      onClick={() => !isBusy && onTouch?.()}
    >
      {children}
    </button>
  );
}

interface WhyNotYetProps {
  readonly trouble?: AuthenticatorTrouble | undefined;
  readonly refusal?: Refusal | undefined;
  readonly refusedTitle: string;
  /** What may be done about a refusal. */
  readonly children?: ComponentChildren;
}

export function WhyNotYet({ trouble, refusal, refusedTitle, children }: WhyNotYetProps) {
  if (refusal !== undefined)
    return (
      <Notice tone="failure" title={refusedTitle} takesFocus>
        <RefusalText refusal={refusal} />
        {children}
      </Notice>
    );
  return <TroubleNotice trouble={trouble} />;
}

/** Of a request that goes on waiting for a better touch. */
export function WhyAgain({ trouble, refusal }: Pick<WhyNotYetProps, 'trouble' | 'refusal'>) {
  return (
    <WhyNotYet trouble={trouble} refusal={refusal} refusedTitle="The authority did not accept this touch">
      <p>You can try again with another key.</p>
    </WhyNotYet>
  );
}

export function TroubleNotice({ trouble }: Pick<WhyNotYetProps, 'trouble'>) {
  if (trouble === undefined) return null;
  return (
    <Notice tone="failure" title={TROUBLE[trouble].title} takesFocus>
      {TROUBLE[trouble].advice}
    </Notice>
  );
}
