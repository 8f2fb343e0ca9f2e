// The end of a test run in plain words: each skipped test with its reason, then one line of counts.
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === 'skipped');
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    // A file that cannot be loaded has no tests, and counts as one that failed.
    const broken = modules.filter(
      (module) => module.state() === 'failed' && module.errors().length > 0,
    ).length;
    const failed = tests.filter((test) => test.result().state === 'failed').length + broken;
    for (const test of skipped) process.stdout.write(`skipped: ${test.fullName}${reason(test)}\n`);
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
}

/** Most titles give it themselves: "..., left out: needs root". */
function reason(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  if (note !== undefined) return `: ${note}`;
  return test.fullName.includes('left out: ') ? '' : ': no reason given';
}
