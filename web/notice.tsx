/** Something that must not be overlooked. A notice that comes up after a failure takes the focus, so that it is read. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface NoticeProps {
  readonly tone: 'warning' | 'failure' | 'note';
  readonly title: string;
  readonly children: ComponentChildren;
  readonly takesFocus?: boolean;
}

export function Notice({ tone, title, children, takesFocus = false }: NoticeProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (takesFocus) box.current?.focus();
  }, [takesFocus]);
  return (
    <div
      class={`notice ${tone}`}
      role="note"
      aria-label={title}
      ref={box}
      tabIndex={takesFocus ? -1 : undefined}
    >
      <p class="notice-title">{title}</p>
      <div>{children}</div>
    </div>
  );
}
