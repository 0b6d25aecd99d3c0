/** The program for hosts without Node, as it comes with this one, for the authority that the person is enrolled at. */
import { fileURLToPath } from 'node:url';
import { fillHostScript } from '../../src/fleet/host-script.ts';
import { readIfThere } from '../atomic-file.ts';
import { openEnrolled, refreshBundle } from '../authority/enrolled.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { orRefuse } from './fleet-error.ts';

/** Beside the sources in a checkout; in a package these are compiled, one directory further down. */
const PLACES = ['../../share/', '../../../share/'] as const;
const MAX_SCRIPT_BYTES = 262_144;

/** @param authority the name after `--authority`. */
export async function hostScriptText(
  surroundings: Surroundings,
  authority: string | undefined,
): Promise<string> {
  const script = await readScript();
  const enrolled = await openEnrolled(surroundings, authority);
  const { bundleKey } = await refreshBundle(enrolled);
  return orRefuse(() => fillHostScript(script, { authority: enrolled.settings.origin, bundleKey }));
}

async function readScript(): Promise<string> {
  for (const place of PLACES) {
    const path = fileURLToPath(new URL(`${place}usher-host.sh`, import.meta.url));
    const text = await readIfThere(path, MAX_SCRIPT_BYTES);
    if (text !== undefined) return text;
  }
  throw new UsherCommandError('host-file', 'share/usher-host.sh is missing from this installation of usher');
}
