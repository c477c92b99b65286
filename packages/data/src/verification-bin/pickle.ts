import type { FileBytes } from '../source/file-bytes.ts';
import { MARK, PickleMachine } from './pickle-machine.ts';
import { isKind, type PickleValue } from './pickle-value.ts';

/**
 * Reads the pickle that a file is, of the protocols 2 to 5. Of its operations only those are known that lists, tuples,
 * numbers, texts, bytes and references to them need; lengths are checked against the file before anything is made.
 *
 * @throws VerificationSetError naming the byte
 */
export async function readPickle(bytes: FileBytes): Promise<PickleValue> {
  const machine = new PickleMachine(bytes);
  for (let code = await machine.next(); code !== STOP; code = await machine.next()) {
    const operation = OPERATIONS.get(code);
    if (operation === undefined) {
      const name = `0x${code.toString(16).padStart(2, '0')}`;
      throw machine.fault(`the operation ${name}`, 'lists, tuples, numbers and bytes alone');
    }
    await operation(machine);
  }
  return machine.end();
}

const STOP = 0x2e;
type Operation = (machine: PickleMachine) => Promise<void> | void;

function tuple(count: number): Operation {
  return (machine) => {
    const items = Array.from({ length: count }, () => machine.pop()).reverse();
    machine.push({ kind: 'list', items });
  };
}

function spanOf(kind: 'bytes' | 'text', size: 1 | 4 | 8): Operation {
  return async (machine) => machine.span(kind, await machine.number(size));
}

function call(machine: PickleMachine): void {
  const given = machine.popList().items;
  const callee = machine.pop();
  if (!isKind(callee, 'name')) throw machine.fault('a call of what has no name', 'a whole pickle');
  machine.push({ kind: 'call', name: callee.name, given });
}

function build(machine: PickleMachine): void {
  const state = machine.pop();
  const value = machine.top();
  if (!isKind(value, 'call')) throw machine.fault('a state of what was not called', 'a whole pickle');
  value.state = state;
}

/** By their codes in Python's pickletools. Bytes of Python 2 are its `str`. */
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  // PROTO, FRAME
  [
    0x80,
    async (machine) => {
      const version = await machine.number(1);
      if (version < 2 || version > 5) throw machine.fault(`protocol ${version}`, 'protocol 2 to 5');
    },
  ],
  [0x95, async (machine) => machine.frame(await machine.number(8))],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (machine) => machine.push(null)],
  [0x88, (machine) => machine.push(true)],
  [0x89, (machine) => machine.push(false)],
  // BININT, BININT1, BININT2, LONG1, BINFLOAT
  [0x4a, async (machine) => machine.push(await machine.signed())],
  [0x4b, async (machine) => machine.push(await machine.number(1))],
  [0x4d, async (machine) => machine.push(await machine.number(2))],
  [0x8a, async (machine) => machine.push(await machine.long())],
  [0x47, async (machine) => machine.push(await machine.float())],
  // SHORT_BINSTRING, BINSTRING, SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x55, spanOf('bytes', 1)],
  [0x54, spanOf('bytes', 4)],
  [0x43, spanOf('bytes', 1)],
  [0x42, spanOf('bytes', 4)],
  [0x8e, spanOf('bytes', 8)],
  [0x96, spanOf('bytes', 8)],
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
  [0x8c, spanOf('text', 1)],
  [0x58, spanOf('text', 4)],
  [0x8d, spanOf('text', 8)],
  // EMPTY_LIST, APPEND, APPENDS
  [0x5d, (machine) => machine.push({ kind: 'list', items: [] })],
  [
    0x61,
    (machine) => {
      const item = machine.pop();
      const list = machine.popList();
      list.items.push(item);
      machine.push(list);
    },
  ],
  [
    0x65,
    (machine) => {
      const items = machine.popToMark();
      const list = machine.popList();
      for (const item of items) list.items.push(item);
      machine.push(list);
    },
  ],
  // MARK, EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE, POP
  [0x28, (machine) => machine.push(MARK)],
  [0x29, tuple(0)],
  [0x85, tuple(1)],
  [0x86, tuple(2)],
  [0x87, tuple(3)],
  [0x74, (machine) => machine.push({ kind: 'list', items: machine.popToMark() })],
  [0x30, (machine) => void machine.pop()],
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  [0x71, async (machine) => machine.remember(await machine.number(1))],
  [0x72, async (machine) => machine.remember(await machine.number(4))],
  [0x94, (machine) => machine.rememberNext()],
  [0x68, async (machine) => machine.recall(await machine.number(1))],
  [0x6a, async (machine) => machine.recall(await machine.number(4))],
  // GLOBAL, STACK_GLOBAL, REDUCE, BUILD: names, and what would be called with what.
  [
    0x63,
    async (machine) =>
      machine.push({ kind: 'name', name: `${await machine.line()}.${await machine.line()}` }),
  ],
  [
    0x93,
    async (machine) => {
      const name = await machine.popText();
      machine.push({ kind: 'name', name: `${await machine.popText()}.${name}` });
    },
  ],
  [0x52, call],
  [0x62, build],
]);
