import { writeFileSync } from 'node:fs';

// A reporter for .ci/run: leaves the counts in the file that TEST_RESULTS names, as `npm cit` takes no arguments.
// oxlint-disable-next-line import/no-default-export -- Jest takes a reporter so
export default class ResultsFile {
  onRunComplete(_tests, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites }) {
    const file = process.env.TEST_RESULTS;
    if (file === undefined) return;
    // A file that could not even be loaded counts as one failed test.
    const counts = { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites, skipped: numPendingTests + numTodoTests };
    writeFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}
