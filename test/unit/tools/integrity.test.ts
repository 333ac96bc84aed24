import { checkIntegrity } from '../../../tools/integrity.mjs'

/** printf abc | openssl dgst -sha512 -binary | base64 -w0 */
const ABC = 'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=='

it('accepts the pinned bytes', () => {
  expect(() => checkIntegrity(Buffer.from('abc'), ABC, 'a.tgz')).not.toThrow()
})

it('refuses other bytes, naming the file', () => {
  expect(() => checkIntegrity(Buffer.from('abd'), ABC, 'a.tgz')).toThrow('a.tgz is not the pinned package')
})
