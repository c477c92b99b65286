import koffi from 'koffi';
import { loadOneDnn } from '../library.ts';

/** What {@link signals.test.ts} sends signals to: large products on two threads for the milliseconds that it is told. */
const [batch, dim, rows] = [256, 512, 1024];
const library = loadOneDnn(koffi);
const multiply = library.checked(
  'int dnnl_sgemm(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, void *a, int64_t lda, void *b, int64_t ldb, float beta, void *c, int64_t ldc)',
);
const [plain, transposed] = ['N'.charCodeAt(0), 'T'.charCodeAt(0)];
const x = new Float32Array(batch * dim).fill(0.5);
const w = new Float32Array(rows * dim).fill(0.5);
const products = new Float32Array(batch * rows);
let signals = 0;
process.on('SIGUSR2', () => signals++);
process.stdout.write('ready\n');
library.setThreads(2);
for (const end = performance.now() + Number(process.argv[2]); performance.now() < end; ) {
  library.undisturbed(() => {
    for (let i = 0; i < 20; i++)
      multiply(plain, transposed, batch, rows, dim, 1, x, dim, w, dim, 0, products, rows);
  });
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(`${products.every((value) => value === dim / 4) ? 'right' : 'wrong'} ${signals}\n`);
// The last signals are on their way.
await new Promise((resolve) => setTimeout(resolve, 200));
