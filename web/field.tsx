/** A line to type in: its label, its hint, and what is wrong with what was typed. */
import type { InputHTMLAttributes, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** What browsers are told about the line. */
type Traits = Pick<
  InputHTMLAttributes<HTMLInputElement>,
  | 'maxLength'
  | 'size'
  | 'placeholder'
  | 'autocomplete'
  | 'autocapitalize'
  | 'autocorrect'
  | 'spellcheck'
  | 'required'
  | 'readOnly'
>;

export type Line = RefObject<HTMLInputElement | null>;

interface FieldProps extends Traits {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly wrong?: string | undefined;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly line?: Line | null;
}

export function Field({ id, label, hint, wrong, text, onText, line = null, ...traits }: FieldProps) {
  return (
    <>
      <label for={id}>{label}</label>
      <input
        {...traits}
        id={id}
        ref={line}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        aria-invalid={wrong !== undefined}
        aria-describedby={wrong === undefined ? `${id}-hint` : `${id}-wrong ${id}-hint`}
      />
      {wrong !== undefined && (
        <p id={`${id}-wrong`} class="field-error" role="alert">
          {wrong}
        </p>
      )}
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
    </>
  );
}

/** A line that takes the focus, with what stands in it selected, each time that it is wanted again. */
export function useFocusedLine(isWanted: boolean): Line {
  const line = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!isWanted) return;
    line.current?.focus();
    line.current?.select();
  }, [isWanted]);
  return line;
}
