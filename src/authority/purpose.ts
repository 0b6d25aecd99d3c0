/** What a certificate is for. Each purpose has its own CA key, profile and revocation list. */
export const PURPOSES = ['login', 'sudo', 'builder', 'host'] as const;

export type Purpose = (typeof PURPOSES)[number];
