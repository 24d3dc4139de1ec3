// The SDK for Go v2; README.md has the arguments.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

func main() {
	keyID, mode := os.Args[1], os.Args[4]
	where, _, denied := strings.Cut(mode, "-")

	var major, minor int
	fmt.Sscanf(aws.SDKVersion, "%d.%d", &major, &minor)
	if where == "environment" && (major < 1 || major == 1 && minor < 22) {
		fmt.Println("skip environment: this SDK does not know AWS_ENDPOINT_URL_KMS")
		return
	}

	ctx := context.Background()
	cfg := must(config.LoadDefaultConfig(ctx))
	var client *kms.Client
	if where == "code" {
		endpoint := kms.EndpointResolverFromURL(os.Getenv("AWS_KMS_ENDPOINT"))
		client = kms.NewFromConfig(cfg, kms.WithEndpointResolver(endpoint))
	} else {
		client = kms.NewFromConfig(cfg)
	}

	if denied {
		runDenied(ctx, client)
	} else {
		run(ctx, client, keyID)
	}
}

func run(ctx context.Context, client *kms.Client, keyID string) {
	plaintext := []byte("attested")
	encrypted := must(client.Encrypt(ctx, &kms.EncryptInput{KeyId: &keyID, Plaintext: plaintext}))
	check("encrypt", len(encrypted.CiphertextBlob) > 0)

	decrypted := must(client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: encrypted.CiphertextBlob}))
	check("decrypt", bytes.Equal(decrypted.Plaintext, plaintext) && *decrypted.KeyId == keyID)

	dataKey := must(client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId: &keyID, KeySpec: types.DataKeySpecAes256,
	}))
	decrypted = must(client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: dataKey.CiphertextBlob}))
	check("generate_data_key", len(dataKey.Plaintext) == 32 && bytes.Equal(decrypted.Plaintext, dataKey.Plaintext))

	pair := must(client.GenerateDataKeyPair(ctx, &kms.GenerateDataKeyPairInput{
		KeyId: &keyID, KeyPairSpec: types.DataKeyPairSpecRsa2048,
	}))
	decrypted = must(client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: pair.PrivateKeyCiphertextBlob}))
	check("generate_data_key_pair",
		len(pair.PublicKey) > 0 && bytes.Equal(decrypted.Plaintext, pair.PrivateKeyPlaintext))

	first := must(client.GenerateRandom(ctx, &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32)})).Plaintext
	second := must(client.GenerateRandom(ctx, &kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32)})).Plaintext
	check("generate_random", len(first) == 32 && len(second) == 32 && !bytes.Equal(first, second))

	// A call would not compile with Debian's version.
	if reflect.ValueOf(client).MethodByName("DeriveSharedSecret").IsValid() {
		fail("this SDK has DeriveSharedSecret, and this program does not call it yet")
	}
	fmt.Println("skip derive_shared_secret: not in this SDK")

	described := must(client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &keyID}))
	check("describe_key", *described.KeyMetadata.Arn == keyID)

	err := refusal(ctx, client, []byte("garbage"))
	var invalid *types.InvalidCiphertextException
	check("invalid_ciphertext", errors.As(err, &invalid) && hasRequestID(err))
}

func runDenied(ctx context.Context, client *kms.Client) {
	// No operation's model names this error: the SDK has no type of its own for it.
	err := refusal(ctx, client, must(base64.StdEncoding.DecodeString(os.Getenv("CIPHERTEXT"))))
	var denied smithy.APIError
	check("denied", errors.As(err, &denied) && denied.ErrorCode() == "AccessDeniedException" && hasRequestID(err))
}

// refusal is the error that KMS answers a decryption with.
func refusal(ctx context.Context, client *kms.Client, ciphertext []byte) error {
	_, err := client.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: ciphertext})
	if err == nil {
		fail("FAILED: not refused")
	}
	return err
}

func hasRequestID(err error) bool {
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.ServiceRequestID() != ""
}

func check(step string, holds bool) {
	if !holds {
		fail("FAILED " + step)
	}
	fmt.Println("ok", step)
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err.Error())
	}
	return value
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}
