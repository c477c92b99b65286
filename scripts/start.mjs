// npm start: install, build, and train on the embedded default.
import { runWithTools } from './node-runtime.mjs';

const steps = ['pnpm install --frozen-lockfile --prefer-offline', 'pnpm build', 'pnpm --silent cf train'];
process.exitCode = runWithTools(steps.join(' && '));
