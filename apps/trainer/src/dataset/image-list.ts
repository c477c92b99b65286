import type { StoredPicture } from './image-source.ts';

/** A list of pictures without repetition, and the place of each. */
export class ImageList<Image> {
  readonly images: Image[] = [];
  readonly #places = new Map<unknown, number>();
  readonly #keyOf: (image: Image) => unknown;

  /** @param keyOf what is the same for pictures that are one */
  constructor(keyOf: (image: Image) => unknown = (image) => image) {
    this.#keyOf = keyOf;
  }

  place(image: Image): number {
    const key = this.#keyOf(image);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.images.length);
    return this.images.push(image) - 1;
  }
}

/** A file is one picture, whether it is named by its path or as a source. */
export function placeOf(picture: StoredPicture): unknown {
  return typeof picture === 'object' && picture.kind === 'file' ? picture.path : picture;
}
