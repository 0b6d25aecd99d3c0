/** The files that a host gets, and how large each may be. A name that is not here is never written to a host. */

/** In bytes; generous, for no host should stay behind because its fleet grew. */
export const FILE_LIMITS = {
  'login_ca.pub': 65_536,
  'sudo_ca.pub': 65_536,
  sudo_statement: 65_536,
  'builder_ca.pub': 65_536,
  'host_ca.pub': 65_536,
  revoked_keys: 16_777_216,
  revoked_builder_keys: 16_777_216,
  sudo_denied: 4_194_304,
  sudo_principals: 4096,
  principals: 8_388_608,
  names: 131_072,
} as const;

export type HostFileName = keyof typeof FILE_LIMITS;

/** Object.keys gives them in the order above, which is the archive's. */
export const HOST_FILE_NAMES = Object.keys(FILE_LIMITS) as readonly HostFileName[];

/** All of them, with the headers and padding of tar. */
export const MAX_ARCHIVE_BYTES =
  HOST_FILE_NAMES.reduce((sum, name) => sum + FILE_LIMITS[name] + 1024, 0) + 20_480;
