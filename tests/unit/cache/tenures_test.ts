/** When an entry of a cluster may be served, and that each rule is needed. */
import { assertEquals } from "@std/assert";
import { Life, Tenures } from "../../../src/cache/cluster/tenures.ts";
import { SLOTS } from "../../../src/core/slot.ts";

const LEASE = 1000;
const SLOT = 7;

const ALL = new Uint8Array(SLOTS).fill(1);
const NONE = new Uint8Array(SLOTS);

/** A connection that answers everything, and an entry that is read over it at time 0. */
function rig(type: typeof Tenures, isWitnessed = true) {
  const tenures = new type(LEASE);
  const life = new Life("a:1");
  if (isWitnessed) tenures.witnessed(life);
  const answer = (now: number) => {
    tenures.answered(life, "data", now);
    tenures.answered(life, "invalidation", now);
  };
  answer(0);
  tenures.viewed(life, ALL, 0, 0);
  const entry = {
    validFrom: 0,
    freshUntil: 60_000,
    refreshAt: Infinity,
    expiresAt: Infinity,
    epoch: tenures.of(SLOT),
    generation: 0,
  };
  return { tenures, life, answer, entry };
}

/**
 * For how long the entry is served, in steps of 100 ms.
 *
 * @param happens What happens at each step.
 */
function served(
  type: typeof Tenures,
  happens: (now: number, it: ReturnType<typeof rig>) => void,
  isWitnessed = true,
): number {
  const it = rig(type, isWitnessed);
  let last = -1;
  for (let now = 0; now <= 10_000; now += 100) {
    if (now > 0) happens(now, it);
    if (it.tenures.holds(it.entry, now)) last = now;
  }
  return last;
}

/** All is well. */
const well = (now: number, { tenures, life, answer }: ReturnType<typeof rig>) => {
  answer(now);
  tenures.viewed(life, ALL, now, now);
};

Deno.test("an entry is served as long as its node answers and says that it owns the slot", () => {
  assertEquals(served(Tenures, well), 10_000);
});

Deno.test("an entry is served for a lease after the last answer of its node", () => {
  const silent = (now: number, it: ReturnType<typeof rig>) =>
    it.tenures.viewed(it.life, ALL, now, now);
  assertEquals(served(Tenures, silent), LEASE);
  class NoProof extends Tenures {
    protected override isProven(): boolean {
      return true;
    }
  }
  assertEquals(served(NoProof, silent), 10_000);
});

Deno.test("an entry is served for a lease after its node last said that it owns the slot", () => {
  // It answers its probes, which concern another slot.
  const unseen = (now: number, { answer }: ReturnType<typeof rig>) => answer(now);
  assertEquals(served(Tenures, unseen), LEASE);
  class NoView extends Tenures {
    protected override isViewed(): boolean {
      return true;
    }
  }
  assertEquals(served(NoView, unseen), 10_000);
});

Deno.test("an entry ends with the first view without its slot, although its node is well", () => {
  const taken = (now: number, { tenures, life, answer }: ReturnType<typeof rig>) => {
    answer(now);
    tenures.viewed(life, now < 300 ? ALL : NONE, now, now);
  };
  assertEquals(served(Tenures, taken), 200);
  class NoEnd extends Tenures {
    override end(): void {}
  }
  assertEquals(served(NoEnd, taken), 10_000);
});

Deno.test("an entry ends when a request for its slot is redirected, and stays so if the slot comes back", () => {
  assertEquals(
    served(Tenures, (now, it) => {
      if (now === 300) it.tenures.end(SLOT, now);
      well(now, it);
    }),
    200,
  );
});

Deno.test("an entry ends with its connection, and with a flush of its node", () => {
  const atEnd = (event: "endAll" | "restart") =>
    served(Tenures, (now, it) => {
      if (now === 300) it.tenures[event](it.life, now);
      well(now, it);
    });
  assertEquals([atEnd("endAll"), atEnd("restart")], [200, 200]);
});

Deno.test("a flush of one node leaves the entries of the others alone", () => {
  const { tenures, entry } = rig(Tenures);
  const other = new Life("b:1");
  tenures.witnessed(other);
  tenures.viewed(other, NONE, 0, 0);
  tenures.restart(other, 10);
  assertEquals(tenures.holds(entry, 10), true);
});

Deno.test("nothing is kept from a node that no other node has named as a master since it was connected", () => {
  // It was replaced while it was frozen, and still believes that it is a master.
  assertEquals(served(Tenures, well, false), -1);
  class NoWitness extends Tenures {
    protected override isTrusted(): boolean {
      return true;
    }
  }
  assertEquals(served(NoWitness, well, false), 10_000);
});

Deno.test("an entry waits, after a silence, for another node to name its node again", () => {
  const silent = (now: number, it: ReturnType<typeof rig>) => {
    if (now === 300) it.tenures.unwitnessed(it.life);
    well(now, it);
  };
  assertEquals(served(Tenures, silent), 200);
  class NoSilence extends Tenures {
    override unwitnessed(): void {}
  }
  assertEquals(served(NoSilence, silent), 10_000);
  // Its slots and their values were announced all the time.
  assertEquals(
    served(Tenures, (now, it) => {
      if (now === 600) it.tenures.witnessed(it.life);
      silent(now, it);
    }),
    10_000,
  );
});

Deno.test("what was read before a link rested is given up, for the slot may have been away meanwhile", () => {
  // While nobody asks the node, the slot is taken from it, written elsewhere, and comes back.
  const rests = (now: number, it: ReturnType<typeof rig>) => {
    if (now === 300) it.tenures.rested(it.life);
    if (now === 5000) {
      it.tenures.woke(it.life, now);
      it.tenures.witnessed(it.life);
    }
    if (now < 300 || now >= 5000) well(now, it);
  };
  assertEquals(served(Tenures, rests), LEASE + 200);
  class NoWakening extends Tenures {
    override woke(): void {}
  }
  assertEquals(served(NoWakening, rests), 10_000);
});

Deno.test("what is read as its link wakes is served once its node has answered, and another one has named it", () => {
  class NoWitness extends Tenures {
    protected override isTrusted(): boolean {
      return true;
    }
  }
  for (const type of [Tenures, NoWitness]) {
    const { tenures, life, answer, entry } = rig(type);
    tenures.rested(life);
    tenures.woke(life, 5000);
    const fresh = { ...entry, validFrom: 5000, epoch: tenures.of(SLOT) };
    assertEquals(tenures.holds(fresh, 5001), false);
    answer(5000);
    // It may have been replaced while it was frozen, and not know yet.
    assertEquals(tenures.holds(fresh, 5002), type === NoWitness);
    tenures.witnessed(life);
    assertEquals(tenures.holds(fresh, 5003), true);
  }
});

Deno.test("an entry of a past tenure was right for as long as its node said so, and no longer", () => {
  const tenures = new Tenures(LEASE, 5000);
  const life = new Life("a:1");
  tenures.witnessed(life);
  const say = (owned: Uint8Array, now: number) => {
    for (const side of ["data", "invalidation"] as const) tenures.answered(life, side, now);
    tenures.viewed(life, owned, now, now);
  };
  say(ALL, 400);
  const tenure = tenures.of(SLOT);
  say(NONE, 800); // The slot has gone some time since 400.
  say(NONE, 1200);
  assertEquals(tenures.endOf(tenure), 400);
});

Deno.test("a missing key is served for a lease, for it may be born where its slot goes", () => {
  assertEquals(new Tenures(LEASE).absenceEnd(500), 500 + LEASE);
});

Deno.test("after a jump of the clock, entries are served only once all has been answered anew", () => {
  const { tenures, life, answer, entry } = rig(Tenures);
  tenures.doubt(life);
  assertEquals(tenures.holds(entry, 100), false);
  answer(200);
  assertEquals(tenures.holds(entry, 200), true, "read within the lease");
  assertEquals(tenures.holds({ ...entry, validFrom: -LEASE }, 201), false);
  tenures.viewed(life, ALL, 210, 210);
  assertEquals(tenures.holds({ ...entry, validFrom: -LEASE }, 210), true);
});

Deno.test("the end of a past tenure is remembered for as long as stale answers need", () => {
  for (const [memory, end] of [[5000, 400], [0, -Infinity]] as const) {
    const tenures = new Tenures(LEASE, memory);
    const life = new Life("a:1");
    tenures.witnessed(life);
    for (const side of ["data", "invalidation"] as const) tenures.answered(life, side, 400);
    tenures.viewed(life, ALL, 500, 500);
    const tenure = tenures.of(SLOT);
    tenures.endAll(life, 600);
    assertEquals(tenures.endOf(tenure), end);
  }
});

Deno.test("while a replica is read, an entry is served for a lease after the replica was last proven", () => {
  const last = served(Tenures, (now, it) => {
    well(now, it);
    if (now <= 3000) it.tenures.caughtUp(it.life, now - 100);
  });
  assertEquals(last, 3900);
});

Deno.test("an earlier proof of a replica takes nothing back, and a jump of the clock takes all", () => {
  const { tenures, life } = rig(Tenures);
  tenures.caughtUp(life, 500);
  tenures.caughtUp(life, 300);
  assertEquals(life.caughtUpAt, 500);
  tenures.doubt(life);
  assertEquals(life.caughtUpAt, -Infinity);
});

Deno.test("when the replica is left, its entries end, and the master's proofs are enough for new ones", () => {
  const { tenures, life, entry } = rig(Tenures);
  tenures.leftReplica(life, 100);
  assertEquals([tenures.holds(entry, 100), tenures.of(SLOT)], [true, entry.epoch]);
  tenures.caughtUp(life, 50);
  tenures.leftReplica(life, 200);
  assertEquals([tenures.holds(entry, 200), life.caughtUpAt], [false, Infinity]);
  assertEquals(tenures.holds({ ...entry, epoch: tenures.of(SLOT) }, 900), true);
});
