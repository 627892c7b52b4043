/** Which three-digit ZIP areas are too sparsely peopled to be named, by which census. */
export interface SparseZip3 {
  source: string;
  /** The census whose counts were taken. */
  census: number;
  /** At or below how many people an area is not to be named. */
  atMost: number;
  /** Three digits each. */
  prefixes: readonly string[];
}

/**
 * The table that is used where a policy names no other. 45 CFR 164.514(b)(2)(i)(B) asks for "the current publicly available data from the Bureau of the Census":
 * HHS's guidance prints these seventeen by the 2000 Census and says that nobody may rely on the list once more recent data are published,
 * so that who needs Safe Harbor replaces it in a policy file.
 */
export const SPARSE_ZIP3_2000: SparseZip3 = {
  source:
    'U.S. Department of Health and Human Services, Office for Civil Rights: Guidance Regarding Methods for De-identification of Protected Health Information in Accordance with the HIPAA Privacy Rule (26 November 2012), on when ZIP codes can be included; after 67 FR 53182, 53233-53234 (14 August 2002)',
  census: 2000,
  atMost: 20_000,
  prefixes: ['036', '059', '063', '102', '203', '556', '692', '790', '821', '823', '830', '831', '878', '879', '884', '890', '893'],
};
