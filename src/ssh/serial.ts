/** Which serials are whose. Runs in browsers too. */

/** Serials below are those of offline keys, which count: neither kind ever meets the other. */
export const LEAST_RANDOM_SERIAL = 2n ** 51n;
