// Holds many connections that are idle, until the process is ended. It opens all of them first;
// then all send their request at the same moment, and read the reply.
//   deno run -A bench/idle_clients.ts PORT COUNT [silent|resp|http]   (prints a line when all are idle)
import { Buffer } from "node:buffer";
import { connect, Poll, read, write } from "./libc.ts";
import { DATASETS, keyOf } from "./dataset.ts";

const key = keyOf(DATASETS.main, 0);
const REQUESTS: Record<string, string> = {
  resp: `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`,
  http: `GET /${key} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`,
};

const [port, count] = Deno.args.slice(0, 2).map(Number) as [number, number];
const request = REQUESTS[Deno.args[2] ?? "silent"];
const poll = new Poll();
const clients = Array.from({ length: count }, (_, index) => {
  const fd = connect(port);
  poll.add(fd, index);
  return fd;
});
if (request !== undefined) {
  const bytes = Buffer.from(request);
  const reply = Buffer.alloc(4096);
  for (const fd of clients) write(fd, bytes);
  const waiting = new Set(clients);
  while (waiting.size > 0) {
    const ready = poll.wait(10_000);
    if (ready === 0) throw new Error(`Cannot hold ${count} connections: ${waiting.size} wait`);
    for (let index = 0; index < ready; index++) {
      const fd = clients[poll.token(index)]!;
      if (read(fd, reply) === 0) throw new Error(`Cannot hold ${count} connections: one ended`);
      waiting.delete(fd);
    }
  }
}
console.log("ready");
setInterval(() => {}, 1000);
