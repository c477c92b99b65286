import { eachPlane, type Planes } from './planes.ts';

/** Blurs by a Gaussian, rows and columns in turn; edges are repeated. @param sigma pixels */
export function blur(picture: Planes, sigma: number): void {
  const { height, width } = picture;
  const kernel = gaussian(sigma);
  const rows = new Float32Array(height * width);
  for (const plane of eachPlane(picture)) {
    convolve(plane, rows, kernel, { count: height, size: width, stride: 1, next: width });
    convolve(rows, plane, kernel, { count: width, size: height, stride: width, next: 1 });
  }
}

/** Weights of −r … r, which sum to 1; r is 3σ. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.max(1, Math.ceil(3 * sigma));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Lines of a plane: how many, how long, how far apart their numbers and their beginnings are. */
interface Lines {
  readonly count: number;
  readonly size: number;
  readonly stride: number;
  readonly next: number;
}

function convolve(
  from: Float32Array,
  to: Float32Array,
  kernel: Float64Array,
  { count, size, stride, next }: Lines,
): void {
  const radius = (kernel.length - 1) / 2;
  for (let line = 0; line < count; line++) {
    const start = line * next;
    for (let at = 0; at < size; at++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        const place = at + k < 0 ? 0 : at + k >= size ? size - 1 : at + k;
        sum += kernel[k + radius]! * from[start + place * stride]!;
      }
      to[start + at * stride] = sum;
    }
  }
}

/** Makes a picture small, each pixel the mean of what it covers, and large again (bilinear). @param share of its sides */
export function downAndUp(picture: Planes, share: number): void {
  const { height, width } = picture;
  const [high, wide] = [Math.max(1, Math.round(share * height)), Math.max(1, Math.round(share * width))];
  if (high === height && wide === width) return;
  const narrow = new Float32Array(height * wide);
  const small = new Float32Array(high * wide);
  const tall = new Float32Array(height * wide);
  for (const plane of eachPlane(picture)) {
    shrink(plane, narrow, [width, wide], { count: height, from: [1, width], to: [1, wide] });
    shrink(narrow, small, [height, high], { count: wide, from: [wide, 1], to: [wide, 1] });
    stretch(small, tall, [high, height], { count: wide, from: [wide, 1], to: [wide, 1] });
    stretch(tall, plane, [wide, width], { count: height, from: [1, wide], to: [1, width] });
  }
}

/** How many lines are resized; stride of their numbers and of their beginnings, before and after. */
interface Resized {
  readonly count: number;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

type Sizes = readonly [before: number, after: number];

function shrink(from: Float32Array, to: Float32Array, [before, after]: Sizes, lines: Resized): void {
  const scale = before / after;
  for (let at = 0; at < after; at++) {
    const [start, end] = [at * scale, (at + 1) * scale];
    for (let line = 0; line < lines.count; line++) {
      let sum = 0;
      for (let place = Math.floor(start); place < end && place < before; place++) {
        const covered = Math.min(place + 1, end) - Math.max(place, start);
        sum += covered * from[line * lines.from[1] + place * lines.from[0]]!;
      }
      to[line * lines.to[1] + at * lines.to[0]] = sum / scale;
    }
  }
}

function stretch(from: Float32Array, to: Float32Array, [before, after]: Sizes, lines: Resized): void {
  for (let at = 0; at < after; at++) {
    const place = Math.min(before - 1, Math.max(0, ((at + 0.5) * before) / after - 0.5));
    const first = Math.floor(place);
    const second = Math.min(before - 1, first + 1);
    for (let line = 0; line < lines.count; line++) {
      const start = line * lines.from[1];
      const [a, b] = [from[start + first * lines.from[0]]!, from[start + second * lines.from[0]]!];
      to[line * lines.to[1] + at * lines.to[0]] = a + (place - first) * (b - a);
    }
  }
}
