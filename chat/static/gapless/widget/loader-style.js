/** What the button and its panel look like: in a shadow root, so that neither page's styles reach the other. */
export const css = `
:host { all: initial; color-scheme: light dark; --accent: light-dark(#0b6e66, #5ad1c2); --on-accent: light-dark(#fff, #05211e); --bg: light-dark(#fff, #17191c); --text: light-dark(#59615e, #a3abb1);
  --shadow: 0 2px 6px rgb(0 0 0 / 16%), 0 12px 40px rgb(0 0 0 / 22%); }
:host([data-theme="light"]) { color-scheme: light; }
:host([data-theme="dark"]) { color-scheme: dark; }
[hidden] { display: none !important; }
button { all: unset; box-sizing: border-box; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
:host > button, .badge { position: fixed; }
button:not(.again) { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; display: grid; place-items: center; width: 56px; height: 56px; border-radius: 50%;
  background: var(--accent); color: var(--on-accent); box-shadow: var(--shadow); transition: transform 0.15s; }
button:not(.again):hover { transform: scale(1.05); }
.badge { position: absolute; inset: -3px -3px auto auto; min-width: 21px; height: 21px; padding: 0 5px; box-sizing: border-box; border-radius: 11px; background: #c2261b; color: #fff; font: 700 12px/21px system-ui, sans-serif; text-align: center; }
.panel { position: fixed; inset: auto 20px 92px auto; z-index: 2147483000; width: 392px; height: min(660px, calc(100dvh - 112px)); overflow: hidden;
  border-radius: 16px; background: var(--bg); box-shadow: var(--shadow); animation: rise 0.18s ease-out; }
.waiting { position: absolute; inset: 0; display: grid; place-content: center; justify-items: center; gap: 12px; color: var(--text); font: 15px/1.5 system-ui, sans-serif; text-align: center; }
.again { padding: 8px 16px; border-radius: 8px; background: var(--accent); color: var(--on-accent); font-weight: 600; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; opacity: 0; color-scheme: normal; }
iframe.ready { opacity: 1; }
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }
@media (max-width: 480px) {
  .panel { inset: 0; width: 100%; height: 100dvh; border-radius: 0; }
  :host([data-open]) button:not(.again) { display: none; }
}
@media (prefers-reduced-motion: reduce) { .panel { animation: none; } button { transition: none !important; } }
@media print { button, .panel { display: none !important; } }
`;
