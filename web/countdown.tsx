/** How long a request can still be touched. It is not read aloud each second: the end is. */
import { useEffect, useState } from 'preact/hooks';
import { countdown } from './words.ts';

export interface CountdownProps {
  /** What ends. */
  readonly what: 'request' | 'enrolment';
  /** Unix seconds by the authority's clock. */
  readonly expiresAt: number;
  /** Seconds that the authority's clock is ahead. */
  readonly clockAhead: number;
  readonly onEnd: () => void;
}

export function Countdown({ what, expiresAt, clockAhead, onEnd }: CountdownProps) {
  const [left, setLeft] = useState(() => secondsLeft(expiresAt, clockAhead));
  useEffect(() => {
    const timer = setInterval(() => setLeft(secondsLeft(expiresAt, clockAhead)), 500);
    return () => clearInterval(timer);
  }, [expiresAt, clockAhead]);
  useEffect(() => {
    if (left <= 0) onEnd();
  }, [left, onEnd]);
  return (
    <p class="countdown" role="timer" aria-live="off">
      This {what} ends in <span class="digits">{countdown(left)}</span>.
    </p>
  );
}

function secondsLeft(expiresAt: number, clockAhead: number): number {
  return Math.ceil(expiresAt - clockAhead - Date.now() / 1000);
}
