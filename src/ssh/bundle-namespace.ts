/** The SSHSIG namespace of bundles: what the bundle key signs is never taken for anything else. */
export const BUNDLE_NAMESPACE = 'usher-bundle';
/** That of the list of hosts and their CA keys, which the same key signs. */
export const KNOWN_HOSTS_NAMESPACE = 'usher-known-hosts';
