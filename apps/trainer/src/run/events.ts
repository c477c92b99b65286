import type { StepMetrics } from '@cf/training';

/** What happens in a run, as `cf train --json` prints it: one object a line, told apart by `event`. */
export type RunEvent =
  /** A line that a person would be told. */
  | { readonly event: 'note'; readonly text: string }
  | {
      readonly event: 'start';
      readonly identities: number;
      readonly images: number;
      readonly pairs: number;
      readonly pairsFrom: string;
    }
  | ({ readonly event: 'step' } & StepMetrics)
  | { readonly event: 'checkpoint'; readonly step: number }
  /** Scores on the way. */
  | {
      readonly event: 'validation';
      readonly step: number;
      readonly epoch: number;
      readonly accuracy: number;
      readonly auc: number;
    }
  /** Scores at the end, as results.json has them. */
  | { readonly event: 'result'; readonly [field: string]: unknown }
  | {
      readonly event: 'done';
      readonly run: string;
      readonly seconds: number;
      /** Most memory that the process has held, in bytes. */
      readonly peakMemory: number;
      readonly interrupted: boolean;
    }
  | { readonly event: 'dry-run'; readonly [field: string]: unknown }
  | { readonly event: 'error'; readonly code: string; readonly message: string };
