using System.Net;
using System.Text.Json;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class KmsProtocolTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;

    [Fact]
    public async Task Ping_unsigned_isHealthy()
    {
        using HttpResponseMessage response = await _simulator.HttpClient().GetAsync(new Uri(_simulator.Host.KmsEndpoint, "/ping"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("healthy", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Answer_headers_areThoseOfKms()
    {
        _simulator.Host.Clock.Offset = TimeSpan.FromHours(-2);
        try
        {
            using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("ListKeys", "{}");

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("application/x-amz-json-1.1", response.Content.Headers.ContentType?.ToString());
            Assert.True(Guid.TryParseExact(response.Headers.GetValues("x-amzn-RequestId").Single(), "D", out _));
            Assert.InRange(response.Headers.Date!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(-125), TimeSpan.FromMinutes(-115));
        }
        finally
        {
            _simulator.Host.Clock.Offset = TimeSpan.Zero;
        }
    }

    [Theory]
    [InlineData("ListKeys", "", "SerializationException")]
    [InlineData("ListKeys", "x", "SerializationException")]
    [InlineData("ListKeys", "[]", "SerializationException")]
    [InlineData("ListKeys", "null", "SerializationException")]
    [InlineData("ListKeys", "{} {}", "SerializationException")]
    [InlineData("ListKeys", "{'Limit':1,'Limit':2}", "SerializationException")]
    [InlineData("ListKeys", "{'a':[[[[[[[[[[1]]]]]]]]]]}", "SerializationException")]
    [InlineData("ListKeys", "{'Limit':'1'}", "SerializationException")]
    [InlineData("ListKeys", "{'Limit':1.5}", "SerializationException")]
    [InlineData("ListKeys", "{'Limit':0}", "ValidationException")]
    [InlineData("ListKeys", "{'Limit':1001}", "ValidationException")]
    [InlineData("ListKeys", "{'Marker':''}", "ValidationException")]
    [InlineData("DescribeKey", "{}", "ValidationException")]
    [InlineData("DescribeKey", "{'KeyId':null}", "ValidationException")]
    [InlineData("DescribeKey", "{'KeyId':''}", "ValidationException")]
    [InlineData("DescribeKey", "{'KeyId':7}", "SerializationException")]
    [InlineData("DescribeKey", "{'KeyId':'\\ud800'}", "SerializationException")]
    [InlineData("DescribeKey", "{'\\ud800':'x','KeyId':'x'}", "SerializationException")]
    [InlineData("DescribeKey", "{'KeyId':'x'}", "NotFoundException")]
    [InlineData("GetKeyPolicy", "{'KeyId':'x','PolicyName':'other'}", "NotFoundException")]
    [InlineData("PutKeyPolicy", "{'KeyId':'x'}", "ValidationException")]
    [InlineData("CreateKey", "{'MultiRegion':'true'}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x'}", "ValidationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':''}", "ValidationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'====' }", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','EncryptionAlgorithm':'ROT13'}", "ValidationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','EncryptionContext':'a=b'}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','EncryptionContext':{'a':1}}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','EncryptionContext':{'a':'1','A':'2'}}", "ValidationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','EncryptionContext':{'\\ud800':'1'}}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','GrantTokens':'x'}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','GrantTokens':[1]}", "SerializationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','GrantTokens':['']}", "ValidationException")]
    [InlineData("Encrypt", "{'KeyId':'x','Plaintext':'AA==','GrantTokens':['1','2','3','4','5','6','7','8','9','10','11']}", "ValidationException")]
    [InlineData("Decrypt", "{}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':''}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA=='}", "InvalidCiphertextException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','Recipient':'x'}", "SerializationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','Recipient':{}}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','Recipient':{'KeyEncryptionAlgorithm':'RSAES_OAEP_SHA_256'}}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','Recipient':{'KeyEncryptionAlgorithm':'RSAES_OAEP_SHA_1','AttestationDocument':'AA=='}}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','Recipient':{'KeyEncryptionAlgorithm':'RSAES_OAEP_SHA_256','AttestationDocument':'AA=='}}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','EncryptionAlgorithm':'RSAES_OAEP_SHA_256'}", "ValidationException")]
    [InlineData("Decrypt", "{'CiphertextBlob':'AA==','KeyId':'x','EncryptionAlgorithm':'RSAES_OAEP_SHA_256'}", "NotFoundException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_1024','KeyUsage':'ENCRYPT_DECRYPT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_2048'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'ECC_NIST_P256'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'ECC_NIST_P256','KeyUsage':'ENCRYPT_DECRYPT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_2048','KeyUsage':'KEY_AGREEMENT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_2048','KeyUsage':'ENCRYPT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_2048','CustomerMasterKeySpec':'RSA_2048','KeyUsage':'ENCRYPT_DECRYPT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeyUsage':'SIGN_VERIFY'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'ECC_SECG_P256K1','KeyUsage':'KEY_AGREEMENT'}", "ValidationException")]
    [InlineData("CreateKey", "{'KeySpec':'ECC_SECG_P256K1','KeyUsage':'SIGN_VERIFY'}", "UnsupportedOperationException")]
    [InlineData("CreateKey", "{'KeySpec':'RSA_2048','KeyUsage':'SIGN_VERIFY'}", "UnsupportedOperationException")]
    [InlineData("CreateKey", "{'KeySpec':'HMAC_256','KeyUsage':'GENERATE_VERIFY_MAC'}", "UnsupportedOperationException")]
    [InlineData("CreateKey", "{'Origin':'EXTERNAL'}", "UnsupportedOperationException")]
    [InlineData("CreateKey", "{'MultiRegion':true}", "UnsupportedOperationException")]
    [InlineData("GenerateDataKey", "{'NumberOfBytes':1}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x'}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','KeySpec':'AES_256','NumberOfBytes':32}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','KeySpec':'AES_192'}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':0}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':1025}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':1024}", "NotFoundException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':'1'}", "SerializationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':1,'GrantTokens':['']}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':1,'EncryptionContext':{'a':'1','A':'2'}}", "ValidationException")]
    [InlineData("GenerateDataKey", "{'KeyId':'x','NumberOfBytes':1,'Recipient':{}}", "ValidationException")]
    [InlineData("GenerateDataKeyWithoutPlaintext", "{'KeyId':'x'}", "ValidationException")]
    [InlineData("GenerateDataKeyPair", "{'KeyId':'x'}", "ValidationException")]
    [InlineData("GenerateDataKeyPair", "{'KeyId':'x','KeyPairSpec':'RSA_1024'}", "ValidationException")]
    [InlineData("GenerateDataKeyPair", "{'KeyId':'x','KeyPairSpec':'SYMMETRIC_DEFAULT'}", "ValidationException")]
    [InlineData("GenerateDataKeyPair", "{'KeyId':'x','KeyPairSpec':'SM2'}", "UnsupportedOperationException")]
    [InlineData("GenerateDataKeyPairWithoutPlaintext", "{'KeyId':'x','KeyPairSpec':'ECC_NIST_EDWARDS25519'}", "UnsupportedOperationException")]
    [InlineData("GenerateRandom", "{}", "ValidationException")]
    [InlineData("GenerateRandom", "{'NumberOfBytes':1,'Recipient':{}}", "ValidationException")]
    [InlineData("GenerateRandom", "{'NumberOfBytes':0}", "ValidationException")]
    [InlineData("GenerateRandom", "{'NumberOfBytes':1025}", "ValidationException")]
    [InlineData("GenerateRandom", "{'NumberOfBytes':1,'CustomKeyStoreId':'cks-1'}", "CustomKeyStoreNotFoundException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'AA=='}", "ValidationException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'AA==','KeyAgreementAlgorithm':'SM2DSA'}", "ValidationException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','KeyAgreementAlgorithm':'ECDH'}", "ValidationException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'','KeyAgreementAlgorithm':'ECDH'}", "ValidationException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'AA==','KeyAgreementAlgorithm':'ECDH'}", "NotFoundException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'AA==','KeyAgreementAlgorithm':'ECDH','GrantTokens':['']}", "ValidationException")]
    [InlineData("DeriveSharedSecret", "{'KeyId':'x','PublicKey':'AA==','KeyAgreementAlgorithm':'ECDH','Recipient':{}}", "ValidationException")]
    [InlineData("GetPublicKey", "{}", "ValidationException")]
    [InlineData("CreateAlias", "{'AliasName':'alias/x'}", "ValidationException")]
    [InlineData("CreateAlias", "{'AliasName':'alias/x','TargetKeyId':'x'}", "NotFoundException")]
    [InlineData("CreateAlias", "{'AliasName':'mine','TargetKeyId':'x'}", "ValidationException")]
    [InlineData("CreateAlias", "{'AliasName':'alias/','TargetKeyId':'x'}", "ValidationException")]
    [InlineData("CreateAlias", "{'AliasName':'alias/a b','TargetKeyId':'x'}", "ValidationException")]
    [InlineData("CreateAlias", "{'AliasName':'alias/aws/x','TargetKeyId':'x'}", "NotAuthorizedException")]
    [InlineData("Sign", "{}", "UnknownOperationException")]
    [InlineData("listKeys", "{}", "UnknownOperationException")]
    [InlineData("", "{}", "UnknownOperationException")]
    public async Task Post_badRequest_isAnsweredAsKmsDoes(string operation, string body, string expected)
    {
        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync(operation, body.Replace('\'', '"'));

        Assert.Equal(expected, await RawKms.ErrorOf(response));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Post_unknownMember_isIgnored()
    {
        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("ListKeys", """{"Colour": {"is": ["blue"]}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData(4096, 400, "NotFoundException")]
    [InlineData(4097, 400, "ValidationException")]
    public async Task Encrypt_plaintext_isBounded(int length, int status, string expected)
    {
        string body = JsonSerializer.Serialize(new { KeyId = "x", Plaintext = new byte[length] });

        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("Encrypt", body);

        Assert.Equal(expected, await RawKms.ErrorOf(response));
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Decrypt_ciphertext_isBounded()
    {
        string body = JsonSerializer.Serialize(new { CiphertextBlob = new byte[6145] });

        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("Decrypt", body);

        Assert.Equal("ValidationException", await RawKms.ErrorOf(response));
    }

    [Fact]
    public async Task Encrypt_encryptionContext_isBounded()
    {
        string body = JsonSerializer.Serialize(new { KeyId = "x", Plaintext = "AA==", EncryptionContext = new { a = new string('x', 8192) } });

        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("Encrypt", body);

        Assert.Equal("ValidationException", await RawKms.ErrorOf(response));
    }

    [Fact]
    public async Task Post_bodyOverOneMebibyte_isTooLarge()
    {
        using HttpResponseMessage allowed = await new RawKms(_simulator).PostAsync("ListKeys", new string(' ', (1024 * 1024) - 2) + "{}");
        using HttpResponseMessage refused = await new RawKms(_simulator).PostAsync("ListKeys", new string(' ', (1024 * 1024) - 1) + "{}");

        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Post_unsigned_isRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _simulator.Host.KmsEndpoint) { Content = new StringContent("{}") };
        request.Headers.Add("X-Amz-Target", "TrentService.ListKeys");

        using HttpResponseMessage response = await _simulator.HttpClient().SendAsync(request);

        Assert.Equal("MissingAuthenticationTokenException", await RawKms.ErrorOf(response));
    }
}
