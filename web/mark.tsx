/** The sign of Usher: an open door frame with a light in it. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" focusable="false">
      <path
        d="M7 4v14a9 9 0 0 0 18 0V4"
        fill="none"
        stroke="currentColor"
        stroke-width="3.4"
        stroke-linecap="round"
      />
      <circle cx="16" cy="17.5" r="3" fill="currentColor" />
    </svg>
  );
}
