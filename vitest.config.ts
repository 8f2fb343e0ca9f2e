import { defineConfig } from 'vitest/config';
import { PlainReporter } from './test/support/plain-reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/image/**', 'test/bench/**'],
    globalSetup: 'test/support/build.ts',
    reporters: ['default', new PlainReporter()],
    // Tests of core and of a real daemon share a machine of two cores: no more workers than that, and room in time.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
