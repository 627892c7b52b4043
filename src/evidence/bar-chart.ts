import { figure, visible, type Bar } from './report-block.ts';

const WIDTH = 680;
const LABEL_WIDTH = 190;
const FIGURE_WIDTH = 130;
const ROW = 26;
const BAR = 16;
const LEGEND_ROW = 18;
const LABEL_LENGTH = 30;
/** Of Okabe and Ito's palette, which colour-blind readers can tell apart, darkened to a contrast of 3 : 1 on white. */
const COLOURS = ['#0072b2', '#b35900', '#00735a', '#a0527f', '#5f6b7a', '#8a6d00'];
const VERDICT_COLOURS: Readonly<Record<string, string>> = { evidenced: '#00735a', partial: '#8a6d00', not_evidenced: '#b35900', contradicted: '#a40e26', unevaluable: '#5f6b7a' };

/** Text of XML, of what may be anything. */
export function escapeXml(text: string): string {
  return visible(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

/**
 * Horizontal bars as SVG, each with its label before it and its figure behind: nothing is told by colour alone.
 *
 * @param font a font's name; whoever draws it must have it
 */
export function barChart(caption: string, bars: readonly Bar[], font: string): string {
  const most = Math.max(1, ...bars.map(totalOf));
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const legend = bars.some(({ parts }) => parts.length > 1) ? names : [];
  const colour = (name: string): string => VERDICT_COLOURS[name] ?? (COLOURS[names.indexOf(name) % COLOURS.length] as string);
  const scale = (WIDTH - LABEL_WIDTH - FIGURE_WIDTH) / most;
  const columns = 3;
  const top = Math.ceil(legend.length / columns) * LEGEND_ROW + (legend.length > 0 ? 8 : 0);
  const height = top + bars.length * ROW + 4;
  const drawn = bars.map((bar, i) => drawBar(bar, top + i * ROW, scale, colour)).join('');
  const keys = legend.map((name, i) => {
    const [x, y] = [(i % columns) * (WIDTH / columns), Math.floor(i / columns) * LEGEND_ROW];
    return `<rect x="${x}" y="${y + 3}" width="10" height="10" fill="${colour(name)}"/><text x="${x + 16}" y="${y + 12}" font-size="12" fill="#1b1f24">${escapeXml(short(name))}</text>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(`${caption}: ${bars.map(spoken).join('; ')}`)}" font-family="${font}">` +
    `${keys.join('')}${drawn}</svg>`
  );
}

function drawBar(bar: Bar, y: number, scale: number, colour: (name: string) => string): string {
  let x = LABEL_WIDTH;
  let parts = '';
  for (const { name, count } of bar.parts) {
    if (count === 0) continue;
    // What is there is seen, however little it is.
    const width = Math.max(1, count * scale);
    parts += `<rect x="${round(x)}" y="${y + 5}" width="${round(width)}" height="${BAR}" fill="${colour(name)}" stroke="#ffffff" stroke-width="0.5"/>`;
    x += width;
  }
  const label = `<text x="${LABEL_WIDTH - 8}" y="${y + 17}" font-size="12" text-anchor="end" fill="#1b1f24">${escapeXml(short(bar.label))}</text>`;
  return `${label}<line x1="${LABEL_WIDTH}" y1="${y + 3}" x2="${LABEL_WIDTH}" y2="${y + 23}" stroke="#57606a" stroke-width="1"/>${parts}<text x="${round(x + 6)}" y="${y + 17}" font-size="12" fill="#1b1f24">${figure(totalOf(bar))}</text>`;
}

function totalOf({ parts }: Bar): number {
  return parts.reduce((all, { count }) => all + count, 0);
}

function spoken({ label, parts }: Bar): string {
  const [only] = parts;
  return `${label} ${parts.length === 1 && only !== undefined ? figure(only.count) : parts.map(({ name, count }) => `${name} ${figure(count)}`).join(', ')}`;
}

function short(text: string): string {
  return text.length > LABEL_LENGTH ? `${text.slice(0, LABEL_LENGTH - 1)}…` : text;
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
