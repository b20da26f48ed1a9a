/**
 * The room for entries, which the stores of several databases share. Each store may use all that the
 * others leave, and is guaranteed an equal part: the others give up more than their part when one
 * needs it.
 *
 * @module
 */

/** Bounds of a store: entries, and bytes of keys, values and overhead. */
export interface Bounds {
  readonly entries: number;
  readonly bytes: number;
}

/** A store in a room. */
export interface Tenant {
  readonly size: number;
  readonly heldBytes: number;
  /** Evicts entries, to at most these bounds. */
  shrink(bounds: Bounds): void;
}

/** While a store needs room, each of its new entries makes the others give up this much. */
const STEP: Bounds = { entries: 16, bytes: 1024 * 1024 };

export class Room implements Bounds {
  readonly #tenants = new Set<Tenant>();

  constructor(readonly entries: number, readonly bytes: number) {}

  enter(tenant: Tenant): void {
    this.#tenants.add(tenant);
  }

  leave(tenant: Tenant): void {
    this.#tenants.delete(tenant);
  }

  /** Returns the bounds of a store that gets a new entry. */
  boundsOf(tenant: Tenant): Bounds {
    const count = this.#tenants.size;
    if (count <= 1) return this;
    const part = { entries: Math.floor(this.entries / count), bytes: this.bytes / count };
    let { entries, bytes } = this;
    for (const other of this.#tenants) {
      if (other === tenant) continue;
      const isOver = tenant.size < part.entries && tenant.heldBytes < part.bytes &&
        (other.size > part.entries || other.heldBytes > part.bytes);
      if (isOver && this.#isFull) other.shrink(lessOf(other, part));
      entries -= other.size;
      bytes -= other.heldBytes;
    }
    return {
      entries: Math.max(entries, part.entries),
      bytes: Math.max(bytes, part.bytes),
    };
  }

  /** Whether the next entries may need room that others have. */
  get #isFull(): boolean {
    let entries = 0;
    let bytes = 0;
    for (const { size, heldBytes } of this.#tenants) {
      entries += size;
      bytes += heldBytes;
    }
    return entries + STEP.entries > this.entries || bytes + STEP.bytes > this.bytes;
  }
}

/** A step less than a store has, but not less than its part. */
function lessOf({ size, heldBytes }: Tenant, part: Bounds): Bounds {
  return {
    entries: Math.max(part.entries, size - STEP.entries),
    bytes: Math.max(part.bytes, heldBytes - STEP.bytes),
  };
}
