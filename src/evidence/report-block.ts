/** What a report is made of, whatever it is shown as. All texts are plain: whoever shows them escapes them. */
export type Block =
  | { readonly kind: 'heading'; readonly level: 2 | 3 | 4; readonly text: string; readonly id: string }
  | { readonly kind: 'text'; readonly text: string }
  /** What must not be overlooked. */
  | { readonly kind: 'note'; readonly title: string; readonly text: string }
  | { readonly kind: 'verdict'; readonly verdict: string; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'facts'; readonly items: readonly (readonly [term: string, text: string])[] }
  | { readonly kind: 'table'; readonly caption: string; readonly columns: readonly ReportColumn[]; readonly rows: readonly (readonly ReportCell[])[] }
  /** Never without a bar; the same figures stand in a table or in the labels. */
  | { readonly kind: 'bars'; readonly caption: string; readonly bars: readonly Bar[] }
  | { readonly kind: 'page' };

export interface ReportColumn {
  readonly title: string;
  /** Figures stand to the right. */
  readonly figures?: boolean;
}

/** A text, or one that leads to a heading of the report. */
export type ReportCell = string | { readonly text: string; readonly to: string };

/** A horizontal bar of parts, one after another, with what they are in words. */
export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly name: string; readonly count: number }[];
}

export interface Report {
  readonly title: string;
  /** The time that the report is as of, RFC 3339. */
  readonly asOf: string;
  readonly blocks: AsyncIterable<Block>;
}

/** A figure with its thousands apart, the same in every locale. */
export function figure(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** What no reader could see, or what would make text run backwards, by its number instead. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (character) => (character === '\n' ? ' ' : `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`));
}
