export { tfBatchOps } from './tf-batch-ops.ts';
export { tfOps } from './tf-ops.ts';
export { type TfjsBackendOptions, tfjsBackend } from './tfjs-backend.ts';
