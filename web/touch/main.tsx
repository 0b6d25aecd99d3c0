/** The page at /touch: wires the machine to the browser. */
import { ability, pageParts, show } from '../browser.ts';
import { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { parseTouchAddress } from './address.ts';
import { leaveFor } from './leave.ts';
import { rememberIn } from './memory.ts';
import { initialTouchState, transition } from './state.ts';
import { touchPage } from './touch-page.tsx';
import { workOfTouch } from './work.ts';

const memory = rememberIn(() => window.sessionStorage);
const address = parseTouchAddress(location.hash);
const work = workOfTouch({
  ...pageParts(),
  memory,
  leaveFor,
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
});
const initial = initialTouchState({
  address,
  known: address === undefined ? undefined : memory.recall(address.requestId),
  ...ability(),
});

// A page brought back from the browser's cache begins anew.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

show(<Page plan={touchPage} machine={new Machine(initial, transition, work)} host={location.host} />);
