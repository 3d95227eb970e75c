// How an HtmlReport looks: its style sheet. Colours are named once, and again for dark screens; paper is always white.
#pragma once
#include <string_view>

namespace gradus {

inline constexpr std::string_view html_style = R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --faint: #5f666d; --line: #d9dde1; --shade: #f4f6f8 }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e4e6e8; --faint: #9aa2a9; --line: #363b40; --shade: #202327 }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word }
h1 { margin: 0 0 .5rem; font-size: clamp(1.5rem, 1rem + 3vw, 1.9rem); line-height: 1.2; letter-spacing: -.01em; text-wrap: balance }
h2 { margin: 2.5rem 0 1rem; padding-top: .9rem; border-top: 1px solid var(--line); font-size: 1.2rem; line-height: 1.3 }
p { margin: 0 0 .8rem; max-width: 44rem; text-wrap: pretty }
pre { margin: 0 0 1rem; padding: .7rem .9rem; background: var(--shade); border-radius: 4px; white-space: pre-wrap;
  overflow-wrap: anywhere; font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
.table { display: inline-block; vertical-align: top; max-width: 100%; margin: 0 2.25rem 1.25rem 0; overflow-x: auto }
table { min-width: 12rem; border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums lining-nums }
caption { padding-bottom: .35rem; text-align: left; font-weight: 600 }
th, td { padding: .3rem 0 .3rem clamp(.8rem, 2vw, 1.25rem); border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline;
  font-weight: inherit }
th:first-child, td:first-child { padding-left: 0 }
thead th { color: var(--faint); font-size: .85rem }
tbody th { color: var(--faint) }
tbody td { max-width: 22rem; overflow-wrap: anywhere }
.n { text-align: right; white-space: nowrap }
figure { margin: 0 0 2rem }
figcaption { margin-top: .6rem; max-width: 44rem; color: var(--faint); font-size: .95rem }
.pictures { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)) }
.picture b { display: block; margin-bottom: .25rem; font-size: .9rem; font-weight: 600 }
img { display: block; max-width: 100%; height: auto }
.film { position: relative; width: fit-content; max-width: 100% }
.film img + img { position: absolute; top: 0; left: 0 }
@media (prefers-reduced-motion: reduce) { .film img + img { display: none } }
@media print {
  @page { margin: 16mm }
  html { font-size: 10pt }
  body { max-width: none; padding: 0 }
  h2 { margin-top: 1.4rem; break-after: avoid }
  p, figcaption { max-width: none }
  p, pre { orphans: 3; widows: 3 }
  .table, figure, tr { break-inside: avoid }
  pre { padding: 0; background: none }
  .pictures { grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .6rem }
  .film img + img { display: none }
}
)css";

}  // namespace gradus
