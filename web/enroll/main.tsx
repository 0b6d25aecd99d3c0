/** The page at /enroll: wires the machine to the browser. */
import { render } from 'preact';
import { parseInviteFragment } from '../../src/ssh/invite-address.ts';
import { connectApi } from '../api.ts';
import { browserAuthenticator } from '../authenticator.ts';
import { Machine } from '../machine.ts';
import { EnrollPage } from './enroll-page.tsx';
import { initialEnrollState, transition } from './state.ts';
import { workOfEnroll } from './work.ts';

const fragment = location.hash;
// The invite is a secret: out of the address bar, and of what the browser keeps and syncs, before anything else.
history.replaceState(null, '', location.pathname);

const work = workOfEnroll({
  api: connectApi((input, init) => fetch(input, init)),
  authenticator: browserAuthenticator,
  origin: location.origin,
  now: () => Math.floor(Date.now() / 1000),
});
const initial = initialEnrollState({
  fragment,
  address: parseInviteFragment(fragment),
  hasWebauthn: browserAuthenticator.isAvailable(),
  isSecureContext: window.isSecureContext,
});

// Another invite opened in the same tab.
window.addEventListener('hashchange', () => location.reload());

const root = document.getElementById('page');
if (root === null) throw new TypeError('the page has no place to be shown');
render(<EnrollPage machine={new Machine(initial, transition, work)} host={location.host} />, root);
