/** Everything a command touches outside itself; `main.ts` makes the real one, tests make others. */
export interface Surroundings {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch: typeof fetch;
  /** Unix time in whole seconds. */
  readonly now: () => number;
  /** From a cryptographic generator. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Milliseconds; ends early, with the signal's reason thrown, when it is aborted. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };
