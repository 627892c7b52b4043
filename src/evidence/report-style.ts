/** The report's looks: on a screen, and on paper. Every text has a contrast of at least 4.5 : 1 on what it stands on. */
export const REPORT_STYLE = `
:root { color-scheme: light; font: 1rem/1.5 system-ui, sans-serif; color: #1b1f24; background: #ffffff; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0 0; }
h2 { font-size: 1.4rem; margin: 2.5rem 0 .5rem; border-bottom: 2px solid #1b1f24; }
h3 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
header p { margin: .25rem 0 1rem; color: #424a53; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0 0 1.5rem; padding: .5rem 0; border-block: 1px solid #d0d7de; }
a { color: #0b4fb3; }
a:focus-visible, .wide:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; background: #ffffff; padding: .5rem; }
dl { margin: 1rem 0; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: .25rem 1rem; padding: .2rem 0; border-bottom: 1px solid #eaeef2; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.note { border-left: .4rem solid #57606a; background: #f3f4f6; padding: .5rem .9rem; }
.verdict { border-left: .4rem solid #57606a; background: #f3f4f6; padding: .5rem .9rem; }
.verdict.evidenced { border-color: #00735a; background: #e8f5f0; }
.verdict.partial { border-color: #8a6d00; background: #fbf5df; }
.verdict.not_evidenced { border-color: #b35900; background: #fdf0e3; }
.verdict.contradicted { border-color: #a40e26; background: #fdecee; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption, figcaption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #d0d7de; }
thead th { border-bottom: 2px solid #57606a; }
tbody th { font-weight: 600; }
td { max-width: 28rem; }
.figures { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
hr.page { border: 0; }
@media (max-width: 40rem) { dl div { grid-template-columns: 1fr; } }
@page { margin: 18mm 16mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .skip { display: none; }
  a { color: inherit; text-decoration: none; }
  h2, h3, caption, figcaption { break-after: avoid; }
  tr, figure, .note, .verdict { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
  hr.page { break-after: page; }
}
`;
