/** Runs what must be refused and returns the code of the refusal, so that a test compares one word. */
export function codeOf(action: () => unknown): unknown {
  try {
    return { accepted: action() };
  } catch (error) {
    return codeIn(error);
  }
}

export async function codeOfAsync(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    (value) => ({ accepted: value }),
    (error: unknown) => codeIn(error),
  );
}

function codeIn(error: unknown): unknown {
  if (error instanceof Error && 'code' in error) return error.code;
  throw error;
}
