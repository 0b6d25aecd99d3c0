/** How long a request can still be touched. It is not read aloud each second: the end is. */
import { useEffect, useState } from 'preact/hooks';
import type { Deadline } from './deadline.ts';
import { secondsLeft } from './deadline.ts';
import { countdown } from './words.ts';

export interface CountdownProps {
  /** What ends. */
  readonly what: 'request' | 'enrolment';
  readonly until: Deadline;
  readonly onEnd: () => void;
}

export function Countdown({ what, until: { expiresAt, clockAhead }, onEnd }: CountdownProps) {
  const [left, setLeft] = useState(() => leftNow({ expiresAt, clockAhead }));
  useEffect(() => {
    const timer = setInterval(() => setLeft(leftNow({ expiresAt, clockAhead })), 500);
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

function leftNow(deadline: Deadline): number {
  return secondsLeft(deadline, Date.now() / 1000);
}
