const POOL_BYTES = 4_096;

/** The same source of random bytes, asked for a pool at a time: a system call a record would cost more than the record. */
export function pooledRandom(random: (bytes: number) => Uint8Array): (bytes: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array();
  let used = 0;
  return (bytes) => {
    if (used + bytes > pool.length) {
      pool = random(Math.max(POOL_BYTES, bytes));
      used = 0;
    }
    used += bytes;
    return pool.subarray(used - bytes, used);
  };
}
