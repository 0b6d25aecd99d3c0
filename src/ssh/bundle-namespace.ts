/** The SSHSIG namespace of bundles: what the bundle key signs is never taken for anything else. */
export const BUNDLE_NAMESPACE = 'usher-bundle';
