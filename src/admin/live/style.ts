/** The style sheet of the live page: light and dark, for phones and wide screens. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f5f5f2; --card: #ffffff; --text: #1b1b1a; --soft: #5a5a57; --line: #d6d6d0;
  --mark: #005a9c; --bad: #a4000f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #161615; --card: #232322; --text: #f0f0ec; --soft: #b4b4ae; --line: #454542;
    --mark: #7cc4ff; --bad: #ff9a9a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main { max-width: 84rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.5rem; }
h1 { font-size: 1.25rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 0.5rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem;
  min-width: 0;
}
.wide { grid-column: 1 / -1; overflow-x: auto; }
.big { font-size: 2.5rem; font-weight: 600; line-height: 1.1; margin: 0; }
.soft, caption { color: var(--soft); font-size: 0.875rem; }
caption { text-align: left; padding-top: 0.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.5rem 0.2rem 0; border-bottom: 1px solid var(--line); text-align: right; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }
th { font-weight: 600; }
tr:last-child > * { border-bottom: 0; }
svg { width: 100%; height: 3.5rem; display: block; margin-top: 0.5rem; }
polyline { fill: none; stroke: var(--mark); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.bar { border: 1px solid var(--soft); border-radius: 0.25rem; height: 0.75rem; margin: 0.1rem 0 0.6rem; }
.bar > div {
  height: 100%; width: 0; background: repeating-linear-gradient(
    45deg, var(--mark), var(--mark) 4px, var(--soft) 4px, var(--soft) 6px);
}
.state { font-weight: 600; }
.state.bad { color: var(--bad); text-decoration: underline wavy; }
button {
  font: inherit; color: inherit; background: var(--card); border: 2px solid var(--soft);
  border-radius: 0.375rem; padding: 0.25rem 0.9rem; min-height: 2.75rem; cursor: pointer;
}
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
@media (prefers-reduced-motion: no-preference) { .bar > div { transition: width 0.5s; } }
`;
