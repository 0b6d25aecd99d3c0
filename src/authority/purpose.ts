/** What a certificate is for. Each purpose has its own CA key, profile and revocation list. */
export const PURPOSES = ['login', 'sudo', 'builder', 'host'] as const;

export type Purpose = (typeof PURPOSES)[number];

/** @throws TypeError for a name that is no purpose: only what we wrote ourselves is read with this. */
export function purposeOf(name: string): Purpose {
  const purpose = PURPOSES.find((known) => known === name);
  if (purpose === undefined) throw new TypeError(`${name} is no purpose`);
  return purpose;
}
