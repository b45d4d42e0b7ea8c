/** Pieces of sealed parts that were read lately. They never change, so they stay right whatever other processes write. */
export interface ByteCache {
  /** The bytes at a key, read where they are not held; undefined is not held. */
  readonly get: (key: string, read: () => Uint8Array | undefined) => Uint8Array | undefined;
}

/** A cache that holds at most `maxBytes`, giving up what was used longest ago. */
export function createByteCache(maxBytes: number): ByteCache {
  // A Map keeps the order of insertion: the first key is the one used longest ago.
  const held = new Map<string, Uint8Array>();
  let bytesHeld = 0;
  const forget = (key: string, bytes: Uint8Array): void => {
    held.delete(key);
    bytesHeld -= bytes.byteLength;
  };
  return {
    get: (key, read) => {
      const known = held.get(key);
      if (known !== undefined) forget(key, known);
      const bytes = known ?? read();
      if (bytes === undefined || bytes.byteLength > maxBytes / 4) return bytes;
      held.set(key, bytes);
      bytesHeld += bytes.byteLength;
      for (const [oldest, old] of held) {
        if (bytesHeld <= maxBytes) break;
        forget(oldest, old);
      }
      return bytes;
    },
  };
}
