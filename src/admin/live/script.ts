/** The script of the live page: prints each snapshot of the stream. */
export const SCRIPT = `
"use strict";
const at = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const show = (id, text) => { const one = at(id); if (one.textContent !== text) one.textContent = text; };
const count = (value) => value > 0 && value < 10 ? value.toFixed(1) : numbers.format(value);
const percent = (part) => (100 * part).toFixed(1) + " %";
const size = (bytes) => {
  for (const [unit, length] of [["GB", 2 ** 30], ["MB", 2 ** 20], ["kB", 1024]]) {
    if (bytes >= length) return (bytes / length).toFixed(1) + " " + unit;
  }
  return numbers.format(bytes) + " B";
};
const time = (ms) => ms === null ? "no data"
  : ms < 1 ? Math.round(1000 * ms) + " \\u00b5s" : ms < 1000 ? ms.toFixed(1) + " ms" : (ms / 1000).toFixed(1) + " s";
const duration = (seconds) => {
  const [days, hours, minutes] = [86400, 3600, 60].map((length) => Math.floor(seconds / length));
  return days > 0 ? days + " d " + hours % 24 + " h" : hours > 0 ? hours + " h " + minutes % 60 + " min"
    : minutes > 0 ? minutes + " min" : seconds + " s";
};
const histories = { ratio: [], requests: [] };
function line(id, value, most) {
  const history = histories[id];
  history.push(value);
  if (history.length > 120) history.shift();
  const top = most ?? Math.max(1, ...history);
  const points = history.map((one, index) =>
    (100 - (history.length - 1 - index) * 100 / 119).toFixed(1) + "," + (30 - 28 * one / top).toFixed(1));
  at(id + "-line").setAttribute("points", points.join(" "));
}
function rows(id, list) {
  const body = at(id);
  while (body.rows.length > list.length) body.deleteRow(-1);
  list.forEach((cells, index) => {
    const row = body.rows[index] ?? body.insertRow();
    cells.forEach((text, column) => {
      let cell = row.cells[column];
      if (cell === undefined) {
        cell = document.createElement(column === 0 ? "th" : "td");
        if (column === 0) cell.scope = "row";
        row.append(cell);
      }
      if (cell.textContent !== text) cell.textContent = text;
    });
  });
}
function bar(id, used, most, text) {
  show(id + "-text", text);
  at(id + "-bar").style.width = most > 0 ? Math.min(100, 100 * used / most) + "%" : "0";
}
function state(id, isWell, text) {
  const one = at(id);
  show(id, (isWell ? "\\u2713 " : "\\u26a0 ") + text);
  one.classList.toggle("bad", !isWell);
}
function print(now) {
  const { reads, requests, lanes, latency, memory, redis, clients, savings, hotKeys } = now;
  const asked = reads.hits + reads.misses;
  show("ratio", asked > 0 ? percent(reads.hits / asked) : "no reads");
  if (asked > 0) line("ratio", reads.hits / asked, 1);
  show("reads", count(reads.hits) + " hits, " + count(reads.misses) + " misses, " + count(reads.stale)
    + " stale answers per second");
  const all = requests.resp + requests.http;
  show("requests", count(all));
  line("requests", all);
  rows("protocols", [["RESP", count(requests.resp)], ["HTTP", count(requests.http)]]);
  rows("lanes", [["Cache (hits)", count(lanes.cache)], ["Shared connection to Redis", count(lanes.shared)],
    ["Own connection of a client", count(lanes.private)]]);
  const names = { hit: "Hit", miss: "Miss", redis: "Redis alone", shared: "Passed, shared connection",
    private: "Passed, own connection", lag: "Event loop lag" };
  rows("latencies", Object.entries(names).map(([id, name]) => [name, ...latency[id].map(time)]));
  bar("cache", memory.cache, memory.cacheMax, size(memory.cache) + " of " + size(memory.cacheMax)
    + " for values");
  bar("entries", memory.entries, memory.entriesMax, numbers.format(memory.entries) + " of "
    + numbers.format(memory.entriesMax) + " entries");
  bar("process", memory.resident, memory.limit ?? 0, "The process uses " + size(memory.resident)
    + (memory.limit === null ? ", without a limit" : " of " + size(memory.limit)));
  show("leave", count(now.leave.evictions) + " evictions, " + count(now.leave.invalidations)
    + " changes in Redis per second");
  show("cpu", percent(now.cpu) + " of a core; " + size(now.bytes.in) + " in, " + size(now.bytes.out)
    + " out per second");
  state("redis", redis.state === "up", redis.state === "up" ? "Connected to Redis " + redis.version
    : redis.problem);
  const told = { tracked: "Redis announces changes", untracked: "Redis announces no changes: values may be old",
    down: "Nothing is confirmed while there is no connection", off: "Coherence is off, as configured" };
  state("coherence", redis.coherence === "tracked" || redis.coherence === "off", told[redis.coherence]);
  show("proof", redis.provenAge < 0 ? "" : "All entries were confirmed " + time(redis.provenAge) + " ago");
  at("cluster").hidden = redis.nodes === null;
  rows("nodes", (redis.nodes ?? []).map((one) => [one.name, one.state !== "up" ? "\\u26a0 " + one.state
    : one.isConfirmed ? "\\u2713 up" : "\\u26a0 not confirmed", numbers.format(one.slots)]));
  state("ready", now.notReady === null, now.notReady === null ? "Ready: reads are served"
    : "Not ready: " + now.notReady);
  bar("clients", clients.now, clients.max, numbers.format(clients.now) + " of " + numbers.format(clients.max)
    + " clients");
  bar("private", clients.private, clients.privateMax, numbers.format(clients.private) + " of "
    + numbers.format(clients.privateMax) + " connections of their own to Redis");
  show("shared", clients.shared + " shared connections for commands");
  rows("keys", hotKeys.map((one) => [(one.key === "" ? "(empty key)" : one.key)
    + (one.node === null ? "" : " @ " + one.node), count(one.rate), size(one.bytes), percent(one.hitShare)]));
  at("no-keys").hidden = hotKeys.length > 0;
  rows("savings", savings === null ? [] : [["Half the room", percent(savings.withHalf)],
    ["As it is", percent(savings.now)], ["Twice the room", percent(savings.withDouble)]]);
  at("no-savings").hidden = savings !== null;
  show("about", "version " + now.version + ", up for " + duration(now.uptime));
}
let isPaused = false;
const events = new EventSource("/events");
events.onmessage = ({ data }) => {
  if (isPaused) return;
  print(JSON.parse(data));
  show("status", "Live");
};
events.onerror = () => show("status", "The connection is lost; trying again");
at("pause").onclick = () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", String(isPaused));
  show("pause", isPaused ? "Go on" : "Pause");
  show("status", isPaused ? "Paused" : "Live");
};
`;
