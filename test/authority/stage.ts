/** Ports that a test can stop, change or count, around the real ones. */
import type { CaSigner, Store, StoreReader, StoreWriter } from '../../src/authority/ports.ts';
import { caSigner } from './scene.ts';

export interface StagedSigner extends CaSigner {
  /** How often it was asked. */
  readonly calls: () => number;
  /** What to do instead of the next signatures. */
  instead: ((draft: Uint8Array, sign: CaSigner['sign']) => Promise<Uint8Array>) | undefined;
}

export function stagedSigner(inner: CaSigner = caSigner()): StagedSigner {
  let calls = 0;
  const signer: StagedSigner = {
    publicKey: inner.publicKey,
    calls: () => calls,
    instead: undefined,
    sign: (draft) => {
      calls += 1;
      return signer.instead === undefined ? inner.sign(draft) : signer.instead(draft, inner.sign);
    },
  };
  return signer;
}

/** Something that waits until the test lets it go on. */
export class Gate {
  readonly #arrival = Promise.withResolvers<void>();
  readonly #opening = Promise.withResolvers<void>();

  /** Resolves when somebody waits at the gate. */
  get reached(): Promise<void> {
    return this.#arrival.promise;
  }

  open(): void {
    this.#opening.resolve();
  }

  async pass(): Promise<void> {
    this.#arrival.resolve();
    await this.#opening.promise;
  }
}

export interface StagedStore {
  readonly wrap: (store: Store) => Store;
  /** Is called before each write; throws to make it fail. */
  beforeWrite: (() => void) | undefined;
  /** The names of all methods that were called within transactions, in order. */
  readonly calls: string[];
}

export function stagedStore(): StagedStore {
  const staged: StagedStore = {
    beforeWrite: undefined,
    calls: [],
    wrap: (store) => ({
      read: (work) => store.read((tx) => work(noting<StoreReader>(tx, staged.calls))),
      write: async (work) => {
        staged.beforeWrite?.();
        return store.write((tx) => work(noting<StoreWriter>(tx, staged.calls)));
      },
      close: () => store.close(),
    }),
  };
  return staged;
}

function noting<T extends object>(tx: T, calls: string[]): T {
  return new Proxy(tx, {
    get(target, name, receiver) {
      calls.push(String(name));
      return Reflect.get(target, name, receiver);
    },
  });
}
