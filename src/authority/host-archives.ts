/**
 * Archives as they were made last, so that a host that asks without end costs no more than to be told no. They follow from what
 * the store says and are known by its numbers: no state of a replica, which makes the same bytes when it has them not.
 */

export interface HostArchiveBytes {
  readonly host: string;
  readonly bytes: Uint8Array;
  /** SHA-256 in hex. */
  readonly hash: string;
}

/** Of a small fleet all of them; of a large one with long lists those that were asked for last. */
const MOST_BYTES = 32 * 1024 * 1024;

export class HostArchives {
  readonly #most: number;
  /** In the order in which they were asked for. */
  readonly #kept = new Map<string, HostArchiveBytes>();
  #bytes = 0;

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  get(key: string): HostArchiveBytes | undefined {
    const archive = this.#kept.get(key);
    if (archive === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, archive);
    return archive;
  }

  /** The newest one stays, however large it is: the host that asked comes again for it. */
  keep(key: string, archive: HostArchiveBytes): HostArchiveBytes {
    this.#drop(key);
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes + archive.bytes.length <= this.#most) break;
      this.#drop(oldest);
    }
    this.#kept.set(key, archive);
    this.#bytes += archive.bytes.length;
    return archive;
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes.length ?? 0;
    this.#kept.delete(key);
  }
}
