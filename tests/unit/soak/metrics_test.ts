import { assert, assertEquals } from "@std/assert";
import { parse, Watch } from "../../soak/metrics.ts";

const PAGE = `# HELP redis_proxy_a_total Something
# TYPE redis_proxy_a_total counter
redis_proxy_a_total 3
redis_proxy_b_total{kind="x"} 1
redis_proxy_b_total{kind="y"} 2
redis_proxy_age_seconds +Inf
redis_proxy_d_bucket{lane="p",le="0.1"} 5
redis_proxy_d_bucket{lane="p",le="+Inf"} 7
redis_proxy_d_sum{lane="p"} 4.5
redis_proxy_d_count{lane="p"} 7
`;

Deno.test("parse() reads samples, and counts the values over each bound of a histogram", () => {
  assertEquals(Object.fromEntries(parse(PAGE)), {
    "a_total": 3,
    'b_total{kind="x"}': 1,
    'b_total{kind="y"}': 2,
    "age_seconds": Infinity,
    'd_sum{lane="p"}': 4.5,
    'd_count{lane="p"}': 7,
    'd{lane="p"} over 0.1': 2,
  });
});

Deno.test("a watch finds the metrics that change, with any label, and no others", async () => {
  let page = PAGE;
  let count = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    count++;
    return new Response(page);
  });
  const watch = new Watch(server.addr.port);
  await watch.begun;
  page = PAGE.replace('kind="y"} 2', 'kind="y"} 3').replace(
    'count{lane="p"} 7',
    'count{lane="p"} 8',
  );
  const asked = ["a_total", "b_total", 'b_total{kind="x"}', 'd{lane="p"} over 0.1', "none"];
  assertEquals(await watch.end(asked), ["b_total", 'd{lane="p"} over 0.1']);
  assert(count >= 2);
});
