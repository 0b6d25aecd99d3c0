/** The page at /approve: wires the machine to the browser. */
import { ability, pageParts, show, takeFragment } from '../browser.ts';
import { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { parseApproveAddress } from './address.ts';
import { approvePage } from './approve-page.tsx';
import { rememberPersonIn } from './memory.ts';
import { initialApproveState, transition } from './state.ts';
import { workOfApprove } from './work.ts';

const fragment = takeFragment();
const memory = rememberPersonIn(() => window.localStorage);
const work = workOfApprove({ ...pageParts(), memory });
const initial = initialApproveState({
  fragment,
  parsed: parseApproveAddress(fragment),
  remembered: memory.recall(),
  ...ability(),
});

show(<Page plan={approvePage} machine={new Machine(initial, transition, work)} host={location.host} />);
