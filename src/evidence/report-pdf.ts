import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pdfmake, { type PdfContent, type PdfDocument } from 'pdfmake';
import { barChart } from './bar-chart.ts';
import { visible, type Block, type Report, type ReportCell } from './report-block.ts';
import { verdictText } from './report-words.ts';

type BlockOf<K extends Block['kind']> = Extract<Block, { kind: K }>;

const FONTS = join(dirname(createRequire(import.meta.url).resolve('pdfmake/package.json')), 'fonts/Roboto');
/** Of A4, in points, between margins of 45. */
const PAGE_WIDTH = 505;
const GREY = '#424a53';
const LINE = '#d0d7de';
const VERDICT_FILLS: Readonly<Record<string, string>> = { evidenced: '#e8f5f0', partial: '#fbf5df', not_evidenced: '#fdf0e3', contradicted: '#fdecee', unevaluable: '#f3f4f6' };
// What Roboto draws: Latin, Greek, Cyrillic, punctuation, currencies and a few signs.
const NOT_DRAWN = /[^\u0020-\u007e\u00a0-\u017f\u0192\u0218-\u021b\u02c6\u02c7\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u0513\u1e9e\u1ea0-\u1ef9\u2010\u2011\u2013-\u2015\u2017-\u201e\u2020-\u2022\u2025-\u2027\u2030\u2032\u2033\u2039\u203a\u20a6-\u20ac\u2116\u2122\u2212\u2260\u2264\u2265]/gu;

/**
 * The report as PDF. Its dates are the report's, and nothing is compressed: the same report gives the same bytes, whichever
 * zlib Node brings.
 */
export async function pdfOf({ title, asOf, blocks }: Report): Promise<Uint8Array> {
  const content: PdfContent[] = [{ text: drawn(title), style: 'title' }, { text: drawn(`As of ${asOf}`), color: GREY, margin: [0, 2, 0, 10] }];
  let pageBefore = false;
  // A heading waits for what follows it: neither is left alone at the foot of a page.
  let headings: PdfContent[] = [];
  for await (const block of blocks) {
    if (block.kind === 'page') {
      pageBefore = true;
      continue;
    }
    headings.push(contentOf(block));
    if (block.kind === 'heading') continue;
    const together: PdfContent = headings.length === 1 || block.kind === 'table' ? { stack: headings } : { stack: headings, unbreakable: block.kind !== 'list' && block.kind !== 'facts' };
    content.push(pageBefore ? { stack: [together], pageBreak: 'before' } : together);
    headings = [];
    pageBefore = false;
  }
  content.push(...headings);
  const definition: PdfDocument = {
    pageSize: 'A4',
    pageMargins: [45, 50, 45, 50],
    language: 'en',
    displayTitle: true,
    version: '1.7',
    compress: false,
    info: { title: drawn(title), creator: 'prediction-ledger', producer: 'prediction-ledger', creationDate: new Date(asOf) },
    defaultStyle: { font: 'Roboto', fontSize: 9, lineHeight: 1.2 },
    styles: { title: { fontSize: 18, bold: true }, h2: { fontSize: 15, bold: true, margin: [0, 14, 0, 6] }, h3: { fontSize: 12, bold: true, margin: [0, 12, 0, 4] }, h4: { fontSize: 10, bold: true, margin: [0, 8, 0, 2] }, caption: { bold: true, margin: [0, 6, 0, 3] } },
    footer: (page, pages) => ({ columns: [{ text: drawn(title), color: GREY, fontSize: 8 }, { text: `${page} of ${pages}`, alignment: 'right', width: 80, color: GREY, fontSize: 8 }], margin: [45, 18, 45, 0] }),
    content,
  };
  pdfmake.setFonts({ Roboto: { normal: join(FONTS, 'Roboto-Regular.ttf'), bold: join(FONTS, 'Roboto-Medium.ttf'), italics: join(FONTS, 'Roboto-Italic.ttf'), bolditalics: join(FONTS, 'Roboto-MediumItalic.ttf') } });
  // A report names neither files nor addresses to fetch; if ever it does, nothing is fetched.
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => path.startsWith(FONTS));
  return pdfmake.createPdf(definition).getBuffer();
}

function contentOf(block: Exclude<Block, { kind: 'page' }>): PdfContent {
  switch (block.kind) {
    case 'heading':
      return { text: drawn(block.text), style: `h${block.level}`, id: block.id, outline: block.level < 4 };
    case 'text':
      return { text: drawn(block.text), margin: [0, 2, 0, 4] };
    case 'note':
      return boxed('#f3f4f6', block.title, block.text);
    case 'verdict':
      return boxed(VERDICT_FILLS[block.verdict] ?? '#f3f4f6', `Verdict: ${verdictText(block.verdict)}`, block.text);
    case 'list':
      return { ul: block.items.map((item) => ({ text: drawn(item), margin: [0, 1, 0, 1] })), margin: [0, 2, 0, 4] };
    case 'facts':
      return {
        table: { widths: [110, '*'], body: block.items.map(([term, text]) => [{ text: drawn(term), bold: true }, { text: breakable(drawn(text)) }]) },
        layout: 'lightHorizontalLines',
        margin: [0, 4, 0, 6],
      };
    case 'table':
      return table(block);
    case 'bars':
      return { stack: [{ text: drawn(block.caption), style: 'caption' }, { svg: barChart(drawn(block.caption), block.bars.map(drawnBar), 'Roboto'), width: PAGE_WIDTH }], unbreakable: true, margin: [0, 2, 0, 6] };
  }
}

function drawnBar({ label, parts }: BlockOf<'bars'>['bars'][number]): BlockOf<'bars'>['bars'][number] {
  return { label: drawn(label), parts: parts.map(({ name, count }) => ({ name: drawn(name), count })) };
}

function boxed(fill: string, title: string, text: string): PdfContent {
  return {
    table: { widths: ['*'], body: [[{ text: [{ text: `${drawn(title)}. `, bold: true }, drawn(text)], fillColor: fill, margin: [4, 3, 4, 3] }]] },
    layout: 'noBorders',
    margin: [0, 4, 0, 6],
  };
}

function table({ caption, columns, rows }: BlockOf<'table'>): PdfContent {
  const head: PdfContent[] = columns.map(({ title, figures }) => ({ text: drawn(title), bold: true, alignment: figures === true ? 'right' : 'left' }));
  const body = rows.map((row) => row.map((value, i): PdfContent => cell(value, columns[i]?.figures === true)));
  // The caption is a row of the head, which is never parted from the rows and comes again on each page.
  const title: PdfContent[] = columns.map((_, i) => (i === 0 ? { text: drawn(caption), bold: true, fontSize: 9, colSpan: columns.length } : { text: '' }));
  return {
    table: { headerRows: 2, keepWithHeaderRows: 1, dontBreakRows: true, widths: widthsOf(columns, rows), body: [title, head, ...body] },
    layout: { hLineWidth: (i) => (i < 2 ? 0 : i === 2 ? 1 : 0.5), vLineWidth: () => 0, hLineColor: () => LINE, paddingLeft: () => 3, paddingRight: () => 5, paddingTop: () => 2, paddingBottom: () => 2 },
    fontSize: columns.length > 6 ? 7.5 : 8.5,
    margin: [0, 4, 0, 8],
  };
}

function cell(value: ReportCell, figures: boolean): PdfContent {
  const alignment = figures ? 'right' : 'left';
  return typeof value === 'string' ? { text: breakable(drawn(value)), alignment } : { text: breakable(drawn(value.text)), linkToDestination: value.to, color: '#0b4fb3', alignment };
}

/** By what stands in them: each column as wide as its longest words need, and the rest by the length of its texts. */
function widthsOf(columns: BlockOf<'table'>['columns'], rows: BlockOf<'table'>['rows']): number[] {
  const size = columns.length > 6 ? 4 : 4.6;
  const texts = columns.map(({ title }, i) => [title, ...rows.map((row) => textOf(row[i]))]);
  const least = texts.map((column) => Math.min(90, 10 + size * Math.max(...column.flatMap((text) => text.split(/[\s\u200b]/)).map(({ length }) => Math.min(length, 16)))));
  const wanted = texts.map((column) => Math.min(220, 10 + size * Math.max(...column.map(({ length }) => length))));
  const room = PAGE_WIDTH - 8 * columns.length;
  const spare = Math.max(0, room - least.reduce((all, width) => all + width, 0));
  const more = wanted.map((width, i) => Math.max(0, width - (least[i] ?? 0)));
  const sum = more.reduce((all, width) => all + width, 0) || 1;
  const widths = least.map((width, i) => width + (spare * (more[i] ?? 0)) / sum);
  const total = widths.reduce((all, width) => all + width, 0);
  return widths.map((width) => Math.floor((total > room ? (width * room) / total : width) * 10) / 10);
}

function textOf(value: ReportCell | undefined): string {
  return value === undefined ? '' : typeof value === 'string' ? value : value.text;
}

/** Only what the font can draw; what it cannot is told by its number. */
function drawn(text: string): string {
  return visible(text).replaceAll(NOT_DRAWN, (character) => `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);
}

const LONG_WORD = /\S{17,}/g;

/** A long word may break anywhere, where otherwise it would run over the edge of its cell. */
function breakable(text: string): string {
  return text.replaceAll(LONG_WORD, (word) => word.match(/.{1,8}/gu)?.join('\u200b') ?? word);
}
