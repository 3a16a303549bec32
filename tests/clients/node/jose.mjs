// Keys and decryption by npm's jose. Without TOKEN makes a key for the algorithm ALG and prints both halves; with TOKEN opens
// it by PRIVATE_JWK and prints its header and its content.

import { webcrypto } from 'node:crypto'
import { compactDecrypt, exportJWK, generateKeyPair, importJWK } from 'jose'

globalThis.crypto ??= webcrypto

const { ALG, TOKEN, PRIVATE_JWK } = process.env

async function make() {
  const { publicKey, privateKey } = await generateKeyPair(ALG, { extractable: true })
  const more = { use: 'enc', kid: 'enc-1', alg: ALG }
  return { public: { ...(await exportJWK(publicKey)), ...more }, private: { ...(await exportJWK(privateKey)), ...more } }
}

async function open() {
  const jwk = JSON.parse(PRIVATE_JWK)
  const { plaintext, protectedHeader } = await compactDecrypt(TOKEN, await importJWK(jwk, jwk.alg))
  return { header: protectedHeader, content: new TextDecoder().decode(plaintext) }
}

console.log(JSON.stringify(await (TOKEN ? open() : make())))
