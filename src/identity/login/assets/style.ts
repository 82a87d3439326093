/** The one stylesheet. Nothing in it comes from elsewhere. */
export const style = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --text: #1b1f24; --faint: #59636e; --line: #d1d9e0;
  --strong: #0a5ac2; --on-strong: #fff; --bad: #b3121d; --bad-ground: #fdecec;
  --warn: #7a4b00; --warn-ground: #fff5d9; --good: #14693a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --card: #161b22; --text: #e6edf3; --faint: #9aa4af; --line: #353c45;
    --strong: #6cb0ff; --on-strong: #0b1622; --bad: #ff9a94; --bad-ground: #3a1618;
    --warn: #f0c768; --warn-ground: #332708; --good: #6fd397;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; min-height: 100vh; padding: 1rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  display: grid; place-items: center;
}
main {
  width: 100%; max-width: 29rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem;
}
.brand { margin: 0 0 1rem; color: var(--faint); font-size: .8rem; letter-spacing: .12em; text-transform: uppercase; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.05rem; }
h3 { margin: 0 0 .4rem; font-size: .95rem; }
p { margin: 0 0 .9rem; }
section { border-top: 1px solid var(--line); margin-top: 1.25rem; }
code { font: .82rem/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; color: var(--faint); overflow-wrap: anywhere; font-weight: 400; }
b, strong, dd { overflow-wrap: anywhere; }
label { display: block; margin: .5rem 0 .25rem; font-weight: 600; }
label .note { font-weight: 400; }
input {
  width: 100%; padding: .6rem .7rem; font: inherit; color: inherit; background: var(--ground);
  border: 1px solid var(--faint); border-radius: .45rem;
}
button, .button {
  display: block; width: 100%; margin-top: .9rem; padding: .7rem 1rem; font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; cursor: pointer; border: 1px solid transparent;
  border-radius: .45rem; background: var(--strong); color: var(--on-strong);
}
button:hover, .button:hover { filter: brightness(1.08); }
button:disabled { opacity: .6; cursor: progress; }
button.plain { background: transparent; color: var(--strong); border-color: var(--strong); }
button.quiet { margin-top: .4rem; background: transparent; color: var(--faint); font-weight: 400; text-decoration: underline; }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
.note { color: var(--faint); font-size: .88rem; }
.alert, .warning { padding: .7rem .85rem; border-radius: .45rem; border-left: .25rem solid; font-size: .92rem; }
.alert { background: var(--bad-ground); color: var(--bad); }
form .alert { margin-top: .9rem; }
.warning { background: var(--warn-ground); color: var(--warn); }
.done { color: var(--good); font-weight: 600; }
.done::before { content: "\\2713\\00a0"; }
.or { display: flex; align-items: center; gap: .75rem; margin: 1rem 0 .5rem; color: var(--faint); }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
dl { margin: 0 0 1rem; display: grid; grid-template-columns: auto 1fr; gap: .4rem 1rem; }
dt { color: var(--faint); font-size: .88rem; padding-top: .1rem; }
dd { margin: 0; min-width: 0; }
.right { border: 1px solid var(--line); border-radius: .45rem; padding: .75rem .9rem; margin-bottom: .6rem; }
ul { margin: 0; padding-left: 1.15rem; }
li { margin: .15rem 0; }
@media (max-width: 24rem) {
  body { padding: .5rem; place-items: start; }
  main { padding: 1.1rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
`;
