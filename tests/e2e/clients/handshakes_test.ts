// Clients that are not installed here: their handshakes are replayed, and each reply is checked
// as the client would check it.
import { replayAll } from "./replay.ts";

Deno.test("handshakes of clients that are not installed get the replies they need", async (t) => {
  for (const { handshake, results } of await replayAll()) {
    for (const { step, why } of results) {
      await t.step(`${handshake.client}, RESP${handshake.protocol}, ${step}`, () => {
        if (why !== null) throw new Error(why);
      });
    }
  }
});
