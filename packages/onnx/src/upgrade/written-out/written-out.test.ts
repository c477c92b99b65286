import { testGradientCases } from '../../testing/test-gradient-cases.ts';

await testGradientCases(import.meta.url);
