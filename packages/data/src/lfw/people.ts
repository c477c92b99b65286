import { ProtocolFormatError } from '../errors.ts';
import { ProtocolReader } from './protocol-lines.ts';

/** One identity of an LFW list. */
export interface Person {
  /** The folder's name, in Unicode normal form C. */
  readonly name: string;
  /** How many pictures the person has. */
  readonly images: number;
}

const PERSON = 'a person as name<tab>number of pictures';

/**
 * Reads an LFW list of people, of either view.
 *
 * View 2 (`people.txt`): the number of folds, then for each fold a count and that many lines `name<tab>images`.
 * View 1 (`peopleDevTrain.txt`, `peopleDevTest.txt`): one count and its lines; it is returned as a single fold.
 *
 * @param source - what errors call the file.
 * @returns the folds in order, each with its people; a person is in one fold only.
 * @throws ProtocolFormatError naming file and line for any malformed, missing, extra or repeated line.
 */
export function parsePeople(text: string, source = 'people.txt'): readonly (readonly Person[])[] {
  const reader = new ProtocolReader(text, source);
  const first = reader.takeCount('the number of folds, or of people, alone in the first line');
  const seen = new Map<string, number>();
  const folds: Person[][] = [];
  if (reader.peek()?.columns.length === 1) {
    for (let fold = 1; fold <= first; fold++) {
      const count = reader.takeCount(`the number of people of fold ${fold} of ${first}`);
      folds.push(readPeople(reader, count, seen));
    }
  } else {
    folds.push(readPeople(reader, first, seen));
  }
  reader.end('the end of the file: all the people announced have been read');
  return folds;
}

function readPeople(reader: ProtocolReader, count: number, seen: Map<string, number>): Person[] {
  const people: Person[] = [];
  for (let n = 1; n <= count; n++) {
    const line = reader.take(`${PERSON} (${n} of ${count})`);
    if (line.columns.length !== 2) throw reader.error(line, PERSON);
    const person = { name: reader.name(line, 0, PERSON), images: reader.count(line, 1, PERSON) };
    const before = seen.get(person.name);
    if (before !== undefined) {
      const given = `'${person.name}' again, first in line ${before}`;
      throw new ProtocolFormatError(reader.source, line.number, given, 'each person once');
    }
    seen.set(person.name, line.number);
    people.push(person);
  }
  return people;
}
