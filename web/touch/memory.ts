/**
 * What a page remembers in its tab (sessionStorage) while the browser visits the command on 127.0.0.1 and comes back, or is
 * reloaded. No other tab sees it: the page's secret is what makes this page this page.
 */
export interface KnownPage {
  readonly pageSecret: string;
  readonly askedFrom: string;
  readonly openedFrom: string;
  readonly expiresAt: number;
  /** Seconds that the authority's clock is ahead of this machine's. */
  readonly clockAhead: number;
  /** How it is to be proven: over loopback, or, for a page without a command on this machine, by a typed code. */
  readonly way: 'loopback' | 'code';
  readonly wrongCodes: number;
  /** The code that was accepted, to be compared with the digest of what is shown. */
  readonly typedCode?: string;
}

export interface Memory {
  recall(requestId: string): KnownPage | undefined;
  /** @returns false when the browser keeps nothing for this site. */
  keep(requestId: string, page: KnownPage): boolean;
}

type SessionStorage = Pick<Storage, 'getItem' | 'setItem'>;

/** `open` may throw: a browser that keeps nothing throws as soon as the storage is named. */
export function rememberIn(open: () => SessionStorage): Memory {
  return {
    recall(requestId) {
      try {
        return readPage(open().getItem(keyOf(requestId)));
      } catch {
        return undefined;
      }
    },
    keep(requestId, page) {
      try {
        open().setItem(keyOf(requestId), JSON.stringify(page));
        return true;
      } catch {
        return false;
      }
    },
  };
}

function keyOf(requestId: string): string {
  return `usher-page-${requestId}`;
}

/** Only this page writes the entry; what does not look like one counts as none. */
function readPage(text: string | null): KnownPage | undefined {
  const json: unknown = JSON.parse(text ?? 'null');
  return isPage(json) ? json : undefined;
}

function isPage(json: unknown): json is KnownPage {
  if (typeof json !== 'object' || json === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...json };
  const texts = ['pageSecret', 'askedFrom', 'openedFrom', 'way'].every(
    (name) => typeof fields[name] === 'string',
  );
  return texts && ['expiresAt', 'clockAhead', 'wrongCodes'].every((name) => typeof fields[name] === 'number');
}
