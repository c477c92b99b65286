import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { onAdapter } from '../../../../testing/webgpu-adapter.ts';
import { PROOF_TOLERANCE, type ProviderProof } from './prove-provider.ts';

/** Milliseconds: every shader is compiled once. */
const PATIENCE = 600_000;
const SCRIPT = fileURLToPath(new URL('./testing/webgpu-proof.ts', import.meta.url));

test(
  'training and heads on the webgpu provider are proven in Node (needs an adapter)',
  async ({ skip }) => {
    const proofs = await onAdapter(async (environment) => {
      const child = spawn(process.execPath, [SCRIPT], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const said = JSON.parse(await text(child.stdout)) as ProviderProof[] | { readonly error: string };
      if ('error' in said) throw new Error(said.error);
      return said;
    });
    if ('absent' in proofs) return skip(`needs ${proofs.absent}`);
    expect(proofs).toHaveLength(2);
    for (const { head, network } of proofs) {
      expect(head).toBeLessThan(PROOF_TOLERANCE.head);
      // Rounding, so another processor did compute it.
      expect(network).toBeGreaterThan(0);
      expect(network).toBeLessThan(PROOF_TOLERANCE.network);
    }
  },
  PATIENCE,
);
