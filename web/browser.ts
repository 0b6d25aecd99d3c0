/** The browser, as far as every page needs it. */
import type { VNode } from 'preact';
import { render } from 'preact';
import type { Api } from './api.ts';
import { connectApi } from './api.ts';
import type { Authenticator } from './authenticator.ts';
import { browserAuthenticator } from './authenticator.ts';

/** What a page works with. */
export interface PageParts {
  readonly api: Api;
  readonly authenticator: Authenticator;
  /** Of this page, `location.origin`. */
  readonly origin: string;
  /** Unix seconds by this machine's clock. */
  readonly now: () => number;
}

/** Whether security keys can be used at all. */
export interface Ability {
  readonly hasWebauthn: boolean;
  readonly isSecureContext: boolean;
}

export function pageParts(): PageParts {
  return {
    api: connectApi((input, init) => fetch(input, init)),
    authenticator: browserAuthenticator,
    origin: location.origin,
    now: () => Math.floor(Date.now() / 1000),
  };
}

export function ability(): Ability {
  return { hasWebauthn: browserAuthenticator.isAvailable(), isSecureContext: window.isSecureContext };
}

/** A fragment that is a secret: out of the address bar, and of what the browser keeps and syncs, before anything else. */
export function takeFragment(): string {
  const fragment = location.hash;
  history.replaceState(null, '', location.pathname);
  return fragment;
}

/** Another address of the same page, opened in the same tab, begins anew. */
export function show(page: VNode): void {
  window.addEventListener('hashchange', () => location.reload());
  const root = document.getElementById('page');
  if (root === null) throw new TypeError('the page has no place to be shown');
  render(page, root);
}
