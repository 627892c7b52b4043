// Of pdfmake only what the report asks for. The types that others publish bring the whole DOM into every file of the project.
declare module 'pdfmake' {
  export interface PdfStyle {
    style?: string;
    fontSize?: number;
    bold?: boolean;
    color?: string;
    alignment?: 'left' | 'right';
    lineHeight?: number;
    margin?: readonly [number, number, number, number];
    fillColor?: string;
    pageBreak?: 'before';
    unbreakable?: boolean;
    colSpan?: number;
    width?: number;
  }

  export interface PdfLayout {
    hLineWidth: (line: number) => number;
    vLineWidth: () => number;
    hLineColor: () => string;
    paddingLeft: () => number;
    paddingRight: () => number;
    paddingTop: () => number;
    paddingBottom: () => number;
  }

  export type PdfContent = PdfStyle &
    (
      | { text: string | readonly (string | { text: string; bold: boolean })[]; id?: string; outline?: boolean; linkToDestination?: string }
      | { stack: readonly PdfContent[] }
      | { ul: readonly PdfContent[] }
      | { columns: readonly PdfContent[] }
      | { svg: string }
      | { table: { widths: readonly (number | '*')[]; body: readonly (readonly PdfContent[])[]; headerRows?: number; keepWithHeaderRows?: number; dontBreakRows?: boolean }; layout: string | PdfLayout }
    );

  export interface PdfDocument {
    pageSize: 'A4';
    pageMargins: readonly [number, number, number, number];
    language: string;
    displayTitle: boolean;
    version: '1.7';
    compress: boolean;
    info: { title: string; creator: string; producer: string; creationDate: Date };
    defaultStyle: PdfStyle & { font: string };
    styles: Readonly<Record<string, PdfStyle>>;
    footer: (page: number, pages: number) => PdfContent;
    content: readonly PdfContent[];
  }

  interface Pdfmake {
    setFonts(fonts: Readonly<Record<string, { normal: string; bold: string; italics: string; bolditalics: string }>>): void;
    setUrlAccessPolicy(mayFetch: (url: string) => boolean): void;
    setLocalAccessPolicy(mayRead: (path: string) => boolean): void;
    createPdf(document: PdfDocument): { getBuffer(): Promise<Buffer> };
  }

  const pdfmake: Pdfmake;
  export default pdfmake;
}
