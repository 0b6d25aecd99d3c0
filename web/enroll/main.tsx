/** The page at /enroll: wires the machine to the browser. */
import { parseInviteFragment } from '../../src/ssh/invite-address.ts';
import { ability, pageParts, show, takeFragment } from '../browser.ts';
import { Machine } from '../machine.ts';
import { Page } from '../page.tsx';
import { enrollPage } from './enroll-page.tsx';
import { initialEnrollState, transition } from './state.ts';
import { workOfEnroll } from './work.ts';

const fragment = takeFragment();
const work = workOfEnroll(pageParts());
const initial = initialEnrollState({ fragment, address: parseInviteFragment(fragment), ...ability() });

show(<Page plan={enrollPage} machine={new Machine(initial, transition, work)} host={location.host} />);
