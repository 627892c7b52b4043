/** One kind of number that a state gives to persons, written in digits alone. */
export interface NationalId {
  /** The detector's id: `us-ssn`. */
  id: string;
  finds: string;
  /** Its check, in words; absent where there is none but the form. */
  checksum?: string;
  /** How many digits. */
  digits: number;
  /** How it is grouped where it is (`3-2-4`); these need no label. */
  shapes: readonly string[];
  /** Ungrouped, it is a hit only beside a label unless this is true: fewer than one in 200 random numbers of its length pass its check. */
  alone: boolean;
  /** Names it, in a field's name or shortly before it. Lower case, accents folded. */
  label: RegExp;
  valid(digits: string): boolean;
}
