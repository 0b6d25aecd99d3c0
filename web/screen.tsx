/** One screen of a page. When it comes up, its heading takes the focus, so that it is read first and tabbing goes on from there. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface ScreenProps {
  readonly title: string;
  readonly tone?: 'good' | 'bad';
  readonly children?: ComponentChildren;
  /** Another element takes the focus by itself. */
  readonly leavesFocus?: boolean;
}

export function Screen({ title, tone, children, leavesFocus = false }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Usher`;
    if (!leavesFocus) heading.current?.focus();
  }, [title, leavesFocus]);
  return (
    <section class={tone === undefined ? 'screen' : `screen ${tone}`} aria-labelledby="title">
      <h1 id="title" ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </section>
  );
}
