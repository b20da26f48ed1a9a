import { assertEquals, assertRejects } from "@std/assert";
import type { Acceptor } from "../../../src/server/acceptor.ts";
import { JointAcceptor } from "../../../src/server/joint_acceptor.ts";

/** A listener whose clients a test sends. */
class FakeAcceptor implements Acceptor {
  readonly addr: Deno.Addr;
  /** How often it was asked for a client. */
  asked = 0;
  #next = Promise.withResolvers<Deno.Conn>();

  constructor(transport: "tcp" | "unix") {
    this.addr = transport === "tcp"
      ? { transport, hostname: "127.0.0.1", port: 1 }
      : { transport, path: "/p" };
  }

  accept(): Promise<Deno.Conn> {
    this.asked++;
    return this.#next.promise;
  }

  send(name: string): void {
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers();
    resolve({ name } as unknown as Deno.Conn);
  }

  fail(message: string): void {
    const { reject } = this.#next;
    this.#next = Promise.withResolvers();
    reject(new Error(message));
  }

  close(): void {
    this.fail("closed");
  }
}

async function nameOf(conn: Promise<Deno.Conn>): Promise<string> {
  return (await conn as unknown as { name: string }).name;
}

/** Lets everything that is ready happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("JointAcceptor.accept() gives the clients of all its listeners", async () => {
  const [one, two] = [new FakeAcceptor("unix"), new FakeAcceptor("tcp")];
  const joint = new JointAcceptor([one, two]);
  assertEquals(joint.addr, two.addr);
  const first = joint.accept();
  two.send("a");
  assertEquals(await nameOf(first), "a");
  one.send("b");
  assertEquals(await nameOf(joint.accept()), "b");
  two.send("c");
  one.send("d");
  assertEquals([await nameOf(joint.accept()), await nameOf(joint.accept())], ["c", "d"]);
});

Deno.test("JointAcceptor accepts no more clients than are taken, except for one of each listener", async () => {
  const one = new FakeAcceptor("tcp");
  const joint = new JointAcceptor([one]);
  one.send("a");
  await settled();
  assertEquals(one.asked, 1);
  assertEquals(await nameOf(joint.accept()), "a");
  await settled();
  assertEquals(one.asked, 2);
});

Deno.test("JointAcceptor.accept() rejects as a listener does, and continues", async () => {
  const [one, two] = [new FakeAcceptor("tcp"), new FakeAcceptor("tcp")];
  const joint = new JointAcceptor([one, two]);
  one.fail("no file left");
  await assertRejects(() => joint.accept(), Error, "no file left");
  const next = joint.accept();
  await settled();
  one.send("a");
  assertEquals(await nameOf(next), "a");
});

Deno.test("JointAcceptor.close() closes all listeners, and ends the waits for a client", async () => {
  const parts = [new FakeAcceptor("tcp"), new FakeAcceptor("tcp")];
  const joint = new JointAcceptor(parts);
  const waiting = assertRejects(() => joint.accept(), Error, "closed");
  joint.close();
  await waiting;
  await settled();
  assertEquals(parts.map(({ asked }) => asked), [1, 1]);
});
