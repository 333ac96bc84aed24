// ssh2 as akctl ships it, in one file with a code cache: without some work at each login that nobody needs.
import { readFile } from 'node:fs/promises'

/**
 * Appended to kex.js: public keys of 32 bytes, taken as they are. By way of OpenSSL's decoders each takes 0.15 ms and more, and
 * a handshake has four of them. What is no such key is left to ssh2's own code, or is an error as there.
 */
const RAW_KEYS = `
const rawKey = (crv, bytes) => createPublicKey({ key: { kty: 'OKP', crv, x: bytes.toString('base64url') }, format: 'jwk' });
const rawHostKey = (type, blob) => {
  if (type !== 'ssh-ed25519' || blob.length !== 36 || blob.readUInt32BE(0) !== 32) return undefined;
  return {
    verify(data, signature) {
      try {
        return require('crypto').verify(null, data, rawKey('Ed25519', blob.subarray(4)), signature);
      } catch (ex) {
        return ex;
      }
    },
  };
};
`

/** Appended to crypto.js: the padding of packets, some bytes each, drawn for hundreds of them at once. */
const PADDING = `
const paddings = Buffer.allocUnsafeSlow(4096);
let padded = paddings.length;
const pad = (packet, at, length) => {
  if (padded + length > paddings.length) {
    randomFillSync(paddings);
    padded = 0;
  }
  paddings.copy(packet, at, padded, (padded += length));
};
`

/** What is replaced in which file, each exactly once, or as often as is said. */
const EDITS = {
  'protocol/kex.js': [
    [
      /const key = this\._keys\.publicKey\.export\(\{ type: 'spki', format: 'der' \}\);\s*return key\.slice\(-32\);/,
      "return (this._raw ??= Buffer.from(this._keys.publicKey.export({ format: 'jwk' }).x, 'base64url'));",
    ],
    [
      /const asnWriter = new Ber\.Writer\(\);(?:(?!asnWriter = )[^])*?publicKey: createPublicKey\(\{\s*key: asnWriter\.buffer,\s*type: 'spki',\s*format: 'der',\s*\}\),\s*\}\)\);/,
      "return convertToMpint(diffieHellman({ privateKey: this._keys.privateKey, publicKey: rawKey('X25519', otherPublicKey) }));",
    ],
    [/parsedHostKey = parseDERKey\(hostKey, name\);/, 'parsedHostKey = rawHostKey(name, hostKey) ?? parseDERKey(hostKey, name);'],
    [/$/, RAW_KEYS],
  ],
  // Compiled parts are optional; where npm has built them, they lie in ssh2's own folder.
  'protocol/crypto.js': [
    [/'\.\/crypto\/build\/Release\/sshcrypto\.node'/, "'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node'"],
    [/randomFillSync\(packet, 5 \+ payloadLen, padLen\)/, 'pad(packet, 5 + payloadLen, padLen)', 7],
    // AES-GCM: a packet in one write, not in three.
    [
      /this\._onWrite\(lenData\);(\s*\/\/[^\n]*)?\s*const encrypted = cipher\.update\(packet\.slice\(4\)\);\s*this\._onWrite\(encrypted\);\s*const final = cipher\.final\(\);[^]*?this\._onWrite\(tag\);/,
      `const encrypted = cipher.update(packet.subarray(4));
    cipher.final();
    this._onWrite(Buffer.concat([lenData, encrypted, cipher.getAuthTag()]));`,
    ],
    [/$/, PADDING],
  ],
  // Host keys that OpenSSH tells of after each login (its PROTOCOL, 2.5) were each proved, by a signature made there and checked
  // here, for an event that nobody listens to.
  'client.js': [
    [/hostKeysProve\(this, data, \(err, keys\) => \{[^]*?\}\);/, ''],
    // What is said in one turn of the event loop leaves in one write: each costs a system call here and a wake-up there.
    [
      /onWrite: \(data\) => \{\s*if \(isWritable\(sock\)\)\s*sock\.write\(data\);\s*\},/,
      `onWrite: (data) => {
        if (!isWritable(sock)) return;
        if (sock.writableCorked === 0) {
          sock.cork();
          setImmediate(() => sock.uncork());
        }
        sock.write(data);
      },`,
    ],
    // A key is offered with its signature at once, without a first question whether it would do (RFC 4252, 7): one round trip less.
    [/proto\.authPK\((?:curAuth\.)?username, curAuth\.key, keyAlgo\);/, 'proto._handlers.USERAUTH_PK_OK(proto);', 2],
  ],
  // Ended again when its last byte was read, each channel made an error, with a trace, for nobody.
  'Channel.js': [[/(?<=destroy\(\) \{\s*)this\.end\(\);/, 'if (!this.writableEnded) this.end();']],
  // Web clients over SSH: akctl has none, and Node's own take their time to load.
  'http-agents.js': [[/^[^]*$/, 'module.exports = {}']],
}

export const leanSsh2 = {
  name: 'lean-ssh2',
  setup(b) {
    b.onLoad({ filter: /\/ssh2\/lib\/.*\.js$/ }, async ({ path }) => {
      const [, name] = path.split('/ssh2/lib/')
      const text = await readFile(path, 'utf8')
      return { loader: 'js', contents: leaner(name, text) }
    })
  },
}

/** @param name of one of ssh2's files, below its lib/ @throws Error where a release has something otherwise than this was written for */
export function leaner(name, text) {
  return (EDITS[name] ?? []).reduce((all, edit) => replaced(name, all, edit), text)
}

function replaced(name, text, [pattern, replacement, times = 1]) {
  const found = text.match(new RegExp(pattern, 'g')) ?? []
  if (found.length !== times) throw new Error(`ssh2's ${name} has ${pattern} ${found.length} times, not ${times}`)
  return text.replace(new RegExp(pattern, 'g'), () => replacement)
}
