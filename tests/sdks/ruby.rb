#!/usr/bin/ruby
# frozen_string_literal: true

# The SDK for Ruby; README.md has the arguments.

require 'aws-sdk-kms'

key_id, agreement_key_id, peer_public_key, mode = ARGV
where, denied = mode.split('-')
$stdout.sync = true

# Versions of aws-sdk-core that know the variable also read `endpoint_url` from the shared configuration.
if where == 'environment' && !Aws::SharedConfig.method_defined?(:configured_endpoint)
  puts 'skip environment: this SDK does not know AWS_ENDPOINT_URL_KMS'
  exit
end

kms = if where == 'code'
        Aws::KMS::Client.new(endpoint: ENV.fetch('AWS_KMS_ENDPOINT'))
      else
        Aws::KMS::Client.new
      end

def check(step, holds)
  abort "FAILED #{step}" unless holds
  puts "ok #{step}"
end

# The error of that class that the block raises.
def refusal(error_class)
  yield
  abort "FAILED: no #{error_class}"
rescue error_class => e
  e
end

if denied
  # No operation's model names this error: its class is made when it is asked for.
  error = refusal(Aws::KMS::Errors::AccessDeniedException) do
    kms.decrypt(ciphertext_blob: ENV.fetch('CIPHERTEXT').unpack1('m'))
  end
  check 'denied', error.code == 'AccessDeniedException' && error.context[:request_id]
  exit
end

ciphertext = kms.encrypt(key_id: key_id, plaintext: 'attested').ciphertext_blob
check 'encrypt', !ciphertext.empty?

answer = kms.decrypt(ciphertext_blob: ciphertext)
check 'decrypt', answer.plaintext == 'attested' && answer.key_id == key_id

data_key = kms.generate_data_key(key_id: key_id, key_spec: 'AES_256')
decrypted = kms.decrypt(ciphertext_blob: data_key.ciphertext_blob).plaintext
check 'generate_data_key', data_key.plaintext.bytesize == 32 && decrypted == data_key.plaintext

if kms.respond_to?(:generate_data_key_pair)
  pair = kms.generate_data_key_pair(key_id: key_id, key_pair_spec: 'RSA_2048')
  decrypted = kms.decrypt(ciphertext_blob: pair.private_key_ciphertext_blob).plaintext
  check 'generate_data_key_pair', !pair.public_key.empty? && decrypted == pair.private_key_plaintext
else
  puts 'skip generate_data_key_pair: not in this SDK'
end

first, second = Array.new(2) { kms.generate_random(number_of_bytes: 32).plaintext }
check 'generate_random', first.bytesize == 32 && second.bytesize == 32 && first != second

if kms.respond_to?(:derive_shared_secret)
  secret = kms.derive_shared_secret(
    key_id: agreement_key_id, key_agreement_algorithm: 'ECDH', public_key: peer_public_key.unpack1('m')
  ).shared_secret
  check 'derive_shared_secret', secret == ENV.fetch('SHARED_SECRET').unpack1('m')
else
  puts 'skip derive_shared_secret: not in this SDK'
end

check 'describe_key', kms.describe_key(key_id: key_id).key_metadata.arn == key_id

error = refusal(Aws::KMS::Errors::InvalidCiphertextException) { kms.decrypt(ciphertext_blob: 'garbage') }
check 'invalid_ciphertext', error.context[:request_id]
