/** The page at /touch: wires the machine to the browser. */
import { render } from 'preact';
import { connectApi } from '../api.ts';
import { browserAuthenticator } from '../authenticator.ts';
import { Machine } from '../machine.ts';
import { parseTouchAddress } from './address.ts';
import { leaveFor } from './leave.ts';
import { rememberIn } from './memory.ts';
import { initialTouchState, transition } from './state.ts';
import { TouchPage } from './touch-page.tsx';
import { workOfTouch } from './work.ts';

const memory = rememberIn(() => window.sessionStorage);
const address = parseTouchAddress(location.hash);
const work = workOfTouch({
  api: connectApi((input, init) => fetch(input, init)),
  authenticator: browserAuthenticator,
  memory,
  origin: location.origin,
  leaveFor,
  now: () => Math.floor(Date.now() / 1000),
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});
const initial = initialTouchState({
  address,
  known: address === undefined ? undefined : memory.recall(address.requestId),
  hasWebauthn: browserAuthenticator.isAvailable(),
  isSecureContext: window.isSecureContext,
});

// Another request in the same tab, or a page brought back from the browser's cache, begins anew.
window.addEventListener('hashchange', () => location.reload());
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

const root = document.getElementById('page');
if (root === null) throw new TypeError('the page has no place to be shown');
render(<TouchPage machine={new Machine(initial, transition, work)} host={location.host} />, root);
