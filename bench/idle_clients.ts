// Holds many connections that sent one request and are then idle, until the process is ended.
//   deno run -A bench/idle_clients.ts PORT COUNT      (prints a line when all are connected)
import { connect, Poll, read, write } from "./libc.ts";

const [port, count] = Deno.args.map(Number) as [number, number];
const ping = Uint8Array.from("PING\r\n", (char) => char.charCodeAt(0));
const answer = new Uint8Array(64);
const poll = new Poll();
for (let index = 0; index < count; index++) {
  const fd = connect(port);
  poll.add(fd, index);
  write(fd, ping);
  if (poll.wait(10_000) === 0 || read(fd, answer) !== 7) {
    throw new Error(`Cannot hold ${count} connections: number ${index + 1} was not answered`);
  }
}
console.log("ready");
setInterval(() => {}, 1000);
