/** What follows from the answers of sentinels, in any order. */
import { assertEquals } from "@std/assert";
import { type Answer, Witnesses } from "../../../src/topology/sentinel/witnesses.ts";

const LEASE = 1000;
const A: Answer = { place: { host: "a", port: 1 }, epoch: 4 };
const B: Answer = { place: { host: "b", port: 1 }, epoch: 5 };

/** Witnesses with a clock, and answers by the number of the sentinel. */
function witnesses(count: number, isStrict = false, type = Witnesses) {
  const it = new type(count, LEASE, 0, isStrict);
  let now = 0;
  return {
    it,
    /** Notes an answer that is given at once. */
    says: (sentinel: number, answer: Answer | null) => it.note(sentinel, answer, now, now),
    /** Notes an answer to an older question. */
    saysLate: (sentinel: number, answer: Answer, sentAt: number) =>
      it.note(sentinel, answer, sentAt, now),
    after: (duration: number) => {
      now += duration;
      return it.tick(now);
    },
    get now() {
      return now;
    },
    get host() {
      return it.master?.place.host ?? null;
    },
    get isConfirmed() {
      return now - it.witnessedAt <= LEASE;
    },
  };
}

Deno.test("a master is taken over once more than half of the sentinels name it", () => {
  for (const [count, needed] of [[1, 1], [2, 2], [3, 2], [4, 3], [5, 3]] as const) {
    const one = witnesses(count);
    for (let sentinel = 0; sentinel < needed; sentinel++) {
      assertEquals(one.host, null, `${sentinel} of ${count}`);
      one.says(sentinel, A);
    }
    assertEquals([one.host, one.isConfirmed], ["a", true], `${needed} of ${count}`);
  }
});

Deno.test("one sentinel that newly names another master is enough to leave the present one", () => {
  const one = witnesses(3);
  for (const sentinel of [0, 1, 2]) one.says(sentinel, A);
  assertEquals(one.says(1, B), true);
  assertEquals(one.host, null);
  // The others still name the old one, with an older epoch.
  for (const sentinel of [0, 2]) one.says(sentinel, A);
  assertEquals(one.host, null);
  assertEquals(one.says(2, B), true);
  assertEquals([one.host, one.isConfirmed], ["b", true]);
  one.says(0, A);
  assertEquals(one.host, "b");
});

Deno.test("a sentinel that was cut off and names an old master changes nothing", () => {
  const one = witnesses(3);
  for (const sentinel of [0, 1]) one.says(sentinel, B);
  assertEquals(one.says(2, A), false);
  one.after(LEASE / 2);
  for (const sentinel of [2, 0, 1]) one.says(sentinel, sentinel === 2 ? A : B);
  assertEquals([one.host, one.it.agreeing(one.now)], ["b", 2]);
});

Deno.test("where epochs do not tell, the majority decides, and news still end the present one", () => {
  const [a, b] = [{ ...A, epoch: 0 }, { ...B, epoch: 0 }];
  const one = witnesses(3);
  for (const sentinel of [0, 1]) one.says(sentinel, a);
  assertEquals(one.says(2, b), true);
  assertEquals(one.host, "a"); // The majority names it again.
  assertEquals(one.says(2, b), false); // No news.
  one.says(1, b);
  assertEquals(one.host, "b");
});

Deno.test("the newest answer outlives its sentinel for as long as the others need to learn of it", () => {
  const one = witnesses(3);
  for (const sentinel of [0, 1, 2]) one.says(sentinel, A);
  one.says(0, B);
  for (let time = 0; time < 2900; time += 100) {
    one.after(100);
    for (const sentinel of [1, 2]) one.says(sentinel, A);
    assertEquals(one.host, null, `${time}`);
  }
  one.after(200);
  for (const sentinel of [1, 2]) one.says(sentinel, A);
  assertEquals(one.host, "a"); // The sentinel that promoted the other one never told anybody.
});

Deno.test("the master is confirmed since a majority was asked, not since it answered", () => {
  const one = witnesses(3);
  one.after(500);
  one.saysLate(0, A, 100);
  one.saysLate(1, A, 300);
  one.saysLate(2, A, 200);
  assertEquals(one.it.witnessedAt, 200);
  one.after(LEASE);
  assertEquals([one.host, one.isConfirmed], ["a", false]);
});

Deno.test("without a majority a master stays, unconfirmed; in strict mode it is left", () => {
  for (const isStrict of [false, true]) {
    const one = witnesses(3, isStrict);
    for (const sentinel of [0, 1, 2]) one.says(sentinel, A);
    let hasMoved = false;
    for (let time = 0; time <= 2 * LEASE; time += 100) {
      hasMoved = one.after(100) || hasMoved;
      one.says(0, A);
    }
    assertEquals([one.host, one.isConfirmed, hasMoved], [isStrict ? null : "a", false, isStrict]);
  }
});

Deno.test("a minority names the master only while the others are silent, and never in strict mode", () => {
  for (const isStrict of [false, true]) {
    const one = witnesses(3, isStrict);
    for (let time = 0; time <= 2 * LEASE; time += 100) {
      one.after(100);
      one.says(0, A);
      one.says(1, null);
    }
    assertEquals([one.host, one.isConfirmed], [isStrict ? null : "a", false]);
  }
  const two = witnesses(3);
  for (let time = 0; time <= 2 * LEASE; time += 100) {
    two.after(100);
    two.says(0, A);
    two.says(1, B);
  }
  assertEquals(two.host, null); // They disagree, and there is no majority.
  assertEquals(two.it.claims(two.now).map(({ sentinels }) => sentinels), [[0], [1]]);
});

Deno.test("silence names no master: not at the start, and not after all answers are old", () => {
  const one = witnesses(3);
  for (let time = 0; time <= 3 * LEASE; time += 100) {
    one.after(100);
    for (const sentinel of [0, 1, 2]) one.says(sentinel, null);
  }
  assertEquals([one.host, one.it.witnessedAt], [null, -Infinity]);
});

/**
 * A random world: sentinels that learn of failovers late, answer late, and fall silent. Returns by
 * how much the master in use was behind, at most, while it was confirmed.
 */
function worstLag(seed: number, type: typeof Witnesses): number {
  let state = seed;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const known = [1, 1, 1].map((epoch) => ({ place: { host: "m1", port: 1 }, epoch }));
  const it = new type(3, LEASE, 0, false);
  const rumours: { at: number; sentinel: number; epoch: number }[] = [];
  const pending: { at: number; sentinel: number; answer: Answer; sentAt: number }[] = [];
  let epoch = 1;
  let promotedAt = 0;
  let worst = 0;
  const silentUntil = [0, 0, 0];
  for (let now = 0; now < 60_000; now += 20) {
    if (random() < 0.002 && now - promotedAt > 3000) {
      epoch++;
      promotedAt = now;
      const leader = Math.floor(random() * 3);
      known.forEach((_, sentinel) => {
        const delay = sentinel === leader ? 0 : random() * 2000;
        rumours.push({ at: now + delay, sentinel, epoch });
      });
    }
    for (const one of rumours.filter(({ at }) => at <= now)) {
      rumours.splice(rumours.indexOf(one), 1);
      if (one.epoch > known[one.sentinel]!.epoch) {
        known[one.sentinel] = { place: { host: `m${one.epoch}`, port: 1 }, epoch: one.epoch };
      }
    }
    for (const sentinel of [0, 1, 2]) {
      if (random() < 0.0005) silentUntil[sentinel] = now + random() * 5000;
      if (now % 160 !== 0 || now < silentUntil[sentinel]!) continue;
      const at = now + random() * 60;
      pending.push({ at, sentinel, answer: known[sentinel]!, sentAt: now });
    }
    for (const one of pending.filter(({ at }) => at <= now)) {
      pending.splice(pending.indexOf(one), 1);
      it.note(one.sentinel, one.answer, one.sentAt, now);
    }
    it.tick(now);
    const { master, witnessedAt } = it;
    const isUsed = master !== null && now - witnessedAt <= LEASE;
    if (isUsed && master.epoch < epoch) worst = Math.max(worst, now - promotedAt);
  }
  return worst;
}

Deno.test("in random failovers a deposed master is used no longer than a lease and the sentinels' own delay", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const lag = worstLag(seed, Witnesses);
    assertEquals(lag <= LEASE + 2000, true, `seed ${seed}: ${lag} ms`);
  }
});

/** For how long the old master is used in a failover that the leader of the sentinels knows first. */
function lag(type: typeof Witnesses, isReachable = true): number {
  const one = witnesses(3, false, type);
  for (const sentinel of [0, 1, 2]) one.says(sentinel, A);
  let used = 0;
  for (let time = 0; time < 10_000; time += 100) {
    one.after(100);
    for (const sentinel of isReachable ? [0, 1, 2] : []) {
      one.says(sentinel, sentinel === 0 || time > 1900 ? B : A);
    }
    if (one.host === "a" && one.isConfirmed) used = time;
  }
  return used;
}

Deno.test("each rule is needed: without it the old master is used for longer", () => {
  class NoLeaving extends Witnesses {
    override note(...answer: Parameters<Witnesses["note"]>): boolean {
      const before = this.master;
      const hasMoved = super.note(...answer);
      this.master ??= before;
      return hasMoved;
    }
  }
  class NoWitness extends Witnesses {
    override get witnessedAt(): number {
      return this.master === null ? -Infinity : Infinity;
    }
  }
  assertEquals([lag(Witnesses), lag(Witnesses, false)], [0, 900]);
  assertEquals(lag(NoLeaving), 1900);
  assertEquals(lag(NoWitness, false), 9900);
});
