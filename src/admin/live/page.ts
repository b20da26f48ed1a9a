/**
 * The live page: one self-contained document, without any other file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

const bar = (id: string) =>
  `<p id="${id}-text"></p><div class="bar" aria-hidden="true"><div id="${id}-bar"></div></div>`;

const line = (id: string) =>
  `<svg viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true">` +
  `<polyline id="${id}-line" points=""/></svg><p class="soft" aria-hidden="true">the last two minutes</p>`;

const table = (id: string, caption: string, ...columns: string[]) =>
  `<table><caption>${caption}</caption><thead><tr>${
    columns.map((name) => `<th scope="col">${name}</th>`).join("")
  }</tr></thead><tbody id="${id}"></tbody></table>`;

/** The document. */
export const LIVE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>redis-proxy</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>redis-proxy</h1>
<p class="soft" id="about"></p>
<p role="status" id="status">Connecting</p>
<button id="pause" type="button" aria-pressed="false">Pause</button>
</header>
<main>
<section aria-labelledby="h-ratio"><h2 id="h-ratio">Hit ratio</h2>
<p class="big" id="ratio"></p><p class="soft" id="reads"></p>${line("ratio")}
${
  table(
    "savings",
    "What another size would save, in the last minutes",
    "Room for the cache",
    "Hits",
  )
}
<p class="soft" id="no-savings">Too few lookups, or too few entries, to tell</p></section>
<section aria-labelledby="h-requests"><h2 id="h-requests">Requests per second</h2>
<p class="big" id="requests"></p>${line("requests")}
${table("protocols", "By protocol", "Protocol", "Requests")}
${table("lanes", "By the way that they take", "Way", "Requests")}</section>
<section aria-labelledby="h-redis"><h2 id="h-redis">Redis</h2>
<p class="state" id="redis"></p><p class="state" id="coherence"></p><p class="soft" id="proof"></p>
<p class="state" id="ready"></p>
<div id="cluster" hidden>${
  table("nodes", "Nodes of the cluster", "Node", "State", "Slots")
}</div></section>
<section aria-labelledby="h-latency"><h2 id="h-latency">Latency</h2>
${
  table("latencies", "Of the last five seconds", "From request to reply", "Median", "99 %")
}</section>
<section aria-labelledby="h-memory"><h2 id="h-memory">Memory and CPU</h2>
${bar("cache")}${bar("entries")}${bar("process")}
<p class="soft" id="leave"></p><p class="soft" id="cpu"></p></section>
<section aria-labelledby="h-clients"><h2 id="h-clients">Clients</h2>
${bar("clients")}${bar("private")}<p class="soft" id="shared"></p></section>
<section class="wide" aria-labelledby="h-keys"><h2 id="h-keys">Hot keys</h2>
${table("keys", "Sampled; per second", "Key", "Reads", "Bytes", "Hits")}
<p class="soft" id="no-keys">No key is read</p></section>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing is loaded from elsewhere, and no other script runs. */
export const LIVE_PAGE_LINES =
  `Content-Security-Policy: default-src 'none'; script-src ${hashOf(SCRIPT)}; style-src ${
    hashOf(STYLE)
  }; img-src data:; connect-src 'self'; base-uri 'none'; ` +
  "form-action 'none'; frame-ancestors 'none'\r\n" +
  "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
