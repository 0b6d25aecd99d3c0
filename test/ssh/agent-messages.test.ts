import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentConstraints } from '../../src/ssh/agent-messages.ts';
import {
  decodeListReply,
  decodeSignReply,
  encodeAddRequest,
  encodeListRequest,
  encodeRemoveRequest,
  encodeSignRequest,
  expectSuccess,
  MAX_AGENT_MESSAGE_BYTES,
} from '../../src/ssh/agent-messages.ts';
import type { SshErrorCode } from '../../src/ssh/error.ts';
import { SshError } from '../../src/ssh/error.ts';
import { encodePublicKey } from '../../src/ssh/public-key.ts';
import { WireReader, WireWriter } from '../../src/ssh/wire.ts';
import { issue } from '../support/certificates.ts';
import { generateKey, generateSecurityKey, generateSigner } from '../support/keys.ts';

const key = generateKey('ssh-ed25519');
const blob = encodePublicKey(key.publicKey);

function reply(type: number, write: (writer: WireWriter) => void = () => undefined): Uint8Array {
  const writer = new WireWriter().byte(type);
  write(writer);
  return writer.bytes();
}

const list = reply(12, (writer) =>
  writer.uint32(2).string(blob).string('mine').string('anything').string(Uint8Array.of(0xff)),
);
const signature = reply(14, (writer) => writer.string('a signature'));

describe('a list of identities', () => {
  it('is read with blobs and comments of any kind: they are other programs business', () => {
    const [mine, other] = decodeListReply(list);
    expect(mine).toEqual({ blob, comment: 'mine' });
    expect(other).toEqual({ blob: new TextEncoder().encode('anything'), comment: '\ufffd' });
  });

  it.each<[string, Uint8Array, SshErrorCode]>([
    ['that is empty', new Uint8Array(), 'truncated'],
    ['that is a failure', reply(5), 'agent-failure'],
    ['that is another answer', signature, 'bad-agent-reply'],
    [
      'with fewer identities than it says',
      reply(12, (writer) => writer.uint32(2).string(blob).string('')),
      'truncated',
    ],
    [
      'with more identities than it says',
      reply(12, (writer) => writer.uint32(0).string(blob).string('')),
      'trailing-bytes',
    ],
    ['with 4 thousand million identities', reply(12, (writer) => writer.uint32(0xffff_ffff)), 'too-long'],
    [
      'that is too long',
      reply(12, (writer) => writer.raw(new Uint8Array(MAX_AGENT_MESSAGE_BYTES))),
      'too-long',
    ],
  ])('is refused %s', (_, bytes, code) => {
    expect(() => decodeListReply(bytes)).toThrow(expect.objectContaining({ code }));
  });

  it('is refused cut at any byte', () => {
    for (let length = 0; length < list.length; length++)
      expect(() => decodeListReply(list.subarray(0, length))).toThrow(SshError);
  });
});

describe('a signature reply', () => {
  it('gives the signature blob', () => {
    expect(decodeSignReply(signature)).toEqual(new TextEncoder().encode('a signature'));
  });

  it('is refused when the agent refused, cut, or longer', () => {
    expect(() => decodeSignReply(reply(5))).toThrow(expect.objectContaining({ code: 'agent-failure' }));
    expect(() => decodeSignReply(signature.subarray(0, -1))).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
    expect(() => decodeSignReply(Uint8Array.of(...signature, 0))).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });
});

describe('success', () => {
  it('is message 6 and nothing else', () => {
    expect(() => expectSuccess(reply(6))).not.toThrow();
    expect(() => expectSuccess(reply(5))).toThrow(expect.objectContaining({ code: 'agent-failure' }));
    expect(() => expectSuccess(reply(28))).toThrow(expect.objectContaining({ code: 'bad-agent-reply' }));
    expect(() => expectSuccess(reply(6, (writer) => writer.byte(0)))).toThrow(
      expect.objectContaining({ code: 'trailing-bytes' }),
    );
  });
});

it('no reply, whatever its bytes, does more than give a value or an SshError', () => {
  const answer = fc.tuple(fc.constantFrom(5, 6, 12, 14, 28), fc.uint8Array({ maxLength: 200 }));
  fc.assert(
    fc.property(answer, ([type, bytes]) => {
      for (const decode of [decodeListReply, decodeSignReply, expectSuccess])
        try {
          decode(Uint8Array.of(type, ...bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(SshError);
        }
    }),
    { numRuns: 2000 },
  );
});

describe('a request', () => {
  it('to list is one byte', () => expect(encodeListRequest()).toEqual(Uint8Array.of(11)));

  it('to sign names identity, data and flags', () => {
    const reader = new WireReader(encodeSignRequest(blob, Uint8Array.of(1, 2), 4));
    expect([reader.byte(), reader.string(), reader.string(), reader.uint32(), reader.remaining]).toEqual([
      13,
      blob,
      Uint8Array.of(1, 2),
      4,
      0,
    ]);
  });

  it('to remove names the identity', () => {
    expect(encodeRemoveRequest(blob)).toEqual(new WireWriter().byte(18).string(blob).bytes());
  });

  describe('to add', () => {
    function tail(constraints: AgentConstraints): readonly number[] {
      const plain = encodeAddRequest({ key, comment: 'c' }, {});
      return [...encodeAddRequest({ key, comment: 'c' }, constraints).subarray(plain.length)];
    }

    it('without constraints is message 17, with any it is 25', () => {
      expect(encodeAddRequest({ key, comment: '' }, {})[0]).toBe(17);
      expect(encodeAddRequest({ key, comment: '' }, { confirm: false })[0]).toBe(17);
      expect(encodeAddRequest({ key, comment: '' }, { confirm: true })[0]).toBe(25);
      expect(encodeAddRequest({ key, comment: '' }, { lifetime: 1 })[0]).toBe(25);
    });

    it('writes lifetime, confirmation and provider behind the comment', () => {
      expect(tail({ lifetime: 258 })).toEqual([1, 0, 0, 1, 2]);
      expect(tail({ confirm: true })).toEqual([2]);
      const provider = new WireWriter()
        .byte(255)
        .string('sk-provider@openssh.com')
        .string('/lib/x.so')
        .bytes();
      expect(tail({ securityKeyProvider: '/lib/x.so' })).toEqual([...provider]);
      expect(tail({ lifetime: 1, confirm: true, securityKeyProvider: '/lib/x.so' })).toEqual([
        1,
        0,
        0,
        0,
        1,
        2,
        ...provider,
      ]);
    });

    it('for a security key always names a library: without one the agent takes it, and can not sign', () => {
      const { publicKey } = generateSecurityKey('sk-ssh-ed25519@openssh.com');
      const handle = { publicKey, flags: 1, keyHandle: Uint8Array.of(1), comment: '' };
      const request = (constraints: AgentConstraints) =>
        Buffer.from(encodeAddRequest({ key: handle, comment: '' }, constraints)).toString('latin1');
      expect(request({})).toMatch(/sk-provider@openssh.com.{4}internal$/s);
      expect(request({ securityKeyProvider: '/lib/x.so' })).toMatch(/\/lib\/x.so$/);
      expect(request({ securityKeyProvider: '/lib/x.so' })).not.toContain('internal');
    });

    it.each([0, -1, 0.5, 2 ** 32, Number.NaN])(
      'with a lifetime of %d is a mistake: it would be none, or another',
      (lifetime) => {
        expect(() => encodeAddRequest({ key, comment: '' }, { lifetime })).toThrow(TypeError);
      },
    );

    it('a certificate of another key is a mistake', () => {
      const certificate = issue(generateSigner('ssh-ed25519'));
      expect(() => encodeAddRequest({ key, certificate, comment: '' }, {})).toThrow(TypeError);
    });
  });
});
