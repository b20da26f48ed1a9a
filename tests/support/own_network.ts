/**
 * A network of the tests' own, on Linux as root: a namespace with nothing but loopback, in which a
 * firewall harms nobody. The thread that runs JavaScript moves there, and the programs that it starts
 * are in it too. It ends with the last of them.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** A network namespace, for unshare(2) and setns(2). */
const CLONE_NEWNET = 0x40000000;
const O_RDONLY = 0;

/** What is needed besides the right to make namespaces. */
const PROGRAMS = ["ip", "nft"];

/** The file of the network that was left; null while no other was entered. */
let left: number | null = null;

/** Whether the own network was entered. */
export function hasOwnNetwork(): boolean {
  return left !== null;
}

/** Enters a network of its own. Returns why that is not possible; null if it is. */
export async function enterOwnNetwork(): Promise<string | null> {
  if (left !== null) return null;
  if (Deno.build.os !== "linux") return "it needs Linux";
  for (const name of PROGRAMS) {
    const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] })
      .output();
    if (!success) return `it needs the program ${name}`;
  }
  const { symbols, close } = libc();
  const present = symbols.open(Buffer.from("/proc/thread-self/ns/net\0"), O_RDONLY);
  const isEntered = present >= 0 && symbols.unshare(CLONE_NEWNET) === 0;
  if (isEntered) left = present;
  else if (present >= 0) symbols.close(present);
  close();
  if (!isEntered) return "it needs the right to make namespaces";
  await administer("ip", "link", "set", "lo", "up");
  return null;
}

/** Goes back to the network that was left, if any was. */
export function leaveOwnNetwork(): void {
  if (left === null) return;
  const { symbols, close } = libc();
  const failed = symbols.setns(left, CLONE_NEWNET) !== 0;
  symbols.close(left);
  close();
  left = null;
  if (failed) throw new Error("Cannot go back to the network that was left");
}

function libc() {
  const library = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    setns: { parameters: ["i32", "i32"], result: "i32" },
    unshare: { parameters: ["i32"], result: "i32" },
  });
  return { symbols: library.symbols, close: () => library.close() };
}

/** Runs a program in the own network. */
export async function administer(program: string, ...args: string[]): Promise<void> {
  if (left === null) throw new Error("Cannot change the network: no own one was entered");
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (success) return;
  throw new Error(`Cannot run ${program} ${args.join(" ")}: ${Buffer.from(stderr).toString()}`);
}
