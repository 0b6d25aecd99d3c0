/**
 * A security key as a program: CTAPHID (FIDO CTAP 2.0, section 8.1) on stdin and stdout, as the far end of a pty. The real
 * libfido2 takes any character device for a key. Argument: a folder, into which it writes the root certificate of its
 * attestations. Its keys live until the process ends.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answerCtap, root } from './virtual-key-ctap.ts';

const BROADCAST = 0xffff_ffff;
const REPORT_BYTES = 64;
/** libfido2 puts the report id, 0, before each report. */
const FRAME_BYTES = REPORT_BYTES + 1;
const INITIAL_HEAD_BYTES = 7;
const NEXT_HEAD_BYTES = 5;
const HID = { ping: 0x01, init: 0x06, cbor: 0x10, cancel: 0x11, error: 0x3f } as const;
const INVALID_COMMAND = Uint8Array.of(0x01);

interface Transaction {
  readonly channel: number;
  readonly command: number;
  readonly total: number;
  readonly parts: number[];
}

let nextChannel = 1;
let pending: Transaction | undefined;
let input: number[] = [];

process.stdin.on('data', (chunk: Buffer) => {
  input.push(...chunk);
  while (input.length >= FRAME_BYTES) {
    acceptReport(Uint8Array.from(input.slice(1, FRAME_BYTES)));
    input = input.slice(FRAME_BYTES);
  }
});

function acceptReport(report: Uint8Array): void {
  const view = new DataView(report.buffer);
  const channel = view.getUint32(0);
  const isInitial = view.getUint8(4) >= 0x80;
  if (isInitial)
    pending = {
      channel,
      command: view.getUint8(4) & 0x7f,
      total: view.getUint16(5),
      parts: [...report.subarray(7)],
    };
  else if (pending?.channel === channel) pending.parts.push(...report.subarray(5));
  if (pending === undefined || pending.parts.length < pending.total) return;
  const { command, total, parts } = pending;
  pending = undefined;
  answerHid(channel, command, Uint8Array.from(parts.slice(0, total)));
}

function answerHid(channel: number, command: number, message: Uint8Array): void {
  if (command === HID.init && channel === BROADCAST) send(channel, command, initAnswer(message));
  else if (command === HID.cbor) send(channel, command, answerCtap(message));
  else if (command === HID.ping) send(channel, command, message);
  else if (command !== HID.cancel) send(channel, HID.error, INVALID_COMMAND);
}

/** nonce | new channel | protocol 2 | version 1.0.0 | capabilities: CBOR, and no U2F messages. */
function initAnswer(nonce: Uint8Array): Uint8Array {
  const channel = nextChannel;
  nextChannel += 1;
  return Uint8Array.of(...nonce.subarray(0, 8), 0, 0, 0, channel, 2, 1, 0, 0, 0x04 | 0x08);
}

function send(channel: number, command: number, message: Uint8Array): void {
  const first = message.subarray(0, REPORT_BYTES - INITIAL_HEAD_BYTES);
  writeReport(channel, [0x80 | command, message.length >> 8, message.length & 0xff], first);
  const step = REPORT_BYTES - NEXT_HEAD_BYTES;
  for (let offset = first.length, sequence = 0; offset < message.length; offset += step, sequence += 1)
    writeReport(channel, [sequence], message.subarray(offset, offset + step));
}

function writeReport(channel: number, head: readonly number[], data: Uint8Array): void {
  const report = new Uint8Array(REPORT_BYTES);
  new DataView(report.buffer).setUint32(0, channel);
  report.set(head, 4);
  report.set(data, 4 + head.length);
  process.stdout.write(report);
}

const [, , folder = '.'] = process.argv;
// Renamed into place: whoever waits for the file must not find it empty.
writeFileSync(join(folder, 'root.pem.new'), root.pem);
renameSync(join(folder, 'root.pem.new'), join(folder, 'root.pem'));
