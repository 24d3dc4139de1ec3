using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Instance.Commands;

namespace KmsTool.Tests.CommandLine;

/// <summary>What is said about a command line with a word that the program does not know.</summary>
public class UnknownWordsTests
{
    // A symmetric key's ciphertext begins so.
    private static readonly string Ciphertext = Convert.ToBase64String([0x01, 0x02, 0x02, 0x00, 0x78, .. new byte[145]]);

    [Theory]
    [InlineData("kmstool-instance --cid 16 --reigon eu-central-1 CIPHERTEXT", "'--reigon'", "'--region'")]
    [InlineData("kmstool-instance --cid 16 CIPHERTEXT --reigon=eu-central-1", "'--reigon'", "'--region'")]
    [InlineData("kmstool-instance decrypt --cid 16 CIPHERTEXT --Output json", "'--Output'", "'--output'")]
    [InlineData("kmstool-instance decrypt --cid 16 --encryption Purpose=demo CIPHERTEXT", "'--encryption'", "'--encryption-context'")]
    [InlineData("kmstool-instance generate-random --cid 16 --number-of-byte 4", "'--number-of-byte'", "'--number-of-bytes'")]
    [InlineData("kmstool-instance credentials push --cid 16 --wacht", "'--wacht'", "'--watch'")]
    [InlineData("kmstool-instance vsock-proxy --num-workers 4 8000 kms.us-east-1.amazonaws.com 443", "'--num-workers'", "'--num_workers'")]
    [InlineData("vsock-proxy --confg f", "'--confg'", "'--config'")]
    [InlineData("kmstool_instance --cid 16 --reigon eu-central-1 CIPHERTEXT", "'--reigon'", "'--region'")]
    [InlineData("kmstool-enclave --reigon eu-central-1", "'--reigon'", "'--region'")]
    [InlineData("kmstool-enclave serve --allow-key ARN --reigon eu-central-1", "'--reigon'", "'--region'")]
    [InlineData("kmstool-enclave serve --require-encryption-context App=vault --refuse-debug", "'--refuse-debug'", "'--refuse-debug-mode'")]
    [InlineData("kmstool-enclave run --reigon eu-central-1 -- app --reigon", "'--reigon'", "'--region'")]
    [InlineData("kmstool_enclave_cli decrypt --cipertext CIPHERTEXT", "'--cipertext'", "'--ciphertext'")]
    [InlineData("kmstool-simulator run --dri d", "'--dri'", "'--dir'")]
    [InlineData("kmstool-instance decript --cid 16 CIPHERTEXT", "'decript'", "'decrypt'")]
    [InlineData("kmstool-instance --cid 16 decript CIPHERTEXT", "'decript'", "'decrypt'")]
    [InlineData("kmstool-instance Decrypt --cid 16 CIPHERTEXT", "'Decrypt'", "'decrypt'")]
    [InlineData("kmstool-instance dercibe --cid 16", "'dercibe'", "'describe'")]
    [InlineData("kmstool-instance GenerateRandom --cid 16", "'GenerateRandom'", "'generate-random'")]
    [InlineData("kmstool-instance generate_data_key --cid 16", "'generate_data_key'", "'generate-data-key'")]
    [InlineData("kmstool-instance verify document.cbor", "'verify'", "'verify-attestation'")]
    [InlineData("kmstool-instance hepl", "'hepl'", "'help'")]
    [InlineData("kmstool-instance credentials psuh --cid 16", "'psuh'", "'push'")]
    [InlineData("kmstool-enclave serv --region eu-central-1", "'serv'", "'serve'")]
    [InlineData("kmstool-enclave gen-random --length 4", "'gen-random'", "'genrandom'")]
    [InlineData("kmstool_enclave_cli decript --ciphertext CIPHERTEXT", "'decript'", "'decrypt'")]
    [InlineData("kmstool-simulator rnu --dir d", "'rnu'", "'run'")]
    public void Refuse_names_the_word_and_the_nearest_known_one(string line, string word, string nearest)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Check(line));

        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Contains(word, e.Message, StringComparison.Ordinal);
        Assert.Contains(nearest, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kmstool-instance frobnicate --cid 16", "'frobnicate'", "describe")]
    [InlineData("kmstool-enclave frobnicate", "'frobnicate'", "genkey")]
    [InlineData("kmstool-simulator frobnicate", "'frobnicate'", "nsm")]
    public void Refuse_of_a_word_that_is_near_to_none_names_the_commands(string line, string word, string known)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Check(line));

        Assert.Contains(word, e.Message, StringComparison.Ordinal);
        Assert.Contains(known, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kmstool-instance --cid 16 --zzz CIPHERTEXT")]
    [InlineData("kmstool-instance --cid 16 -z")]
    public void Refuse_of_an_option_that_is_near_to_none_suggests_none(string line)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Check(line));

        Assert.DoesNotContain("?", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kmstool-instance encrypt --key-id alias/app")]
    [InlineData("kmstool-instance Encrypt")]
    [InlineData("kmstool-instance help encrypt")]
    [InlineData("kmstool-enclave encrypt --key-id alias/app --plaintext x")]
    [InlineData("kmstool_enclave_cli encrypt")]
    [InlineData("kmstool-simulator encrypt")]
    public void Encrypt_names_what_to_use(string line)
    {
        CommandFailedException e = Assert.Throws<CommandFailedException>(() => Check(line));

        Assert.Equal(ExitCode.WrongUsage, e.ExitCode);
        Assert.Contains("aws kms encrypt", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kmstool-instance --cid 16 CIPHERTEXT")]
    [InlineData("kmstool-instance --cid 16 AAAA")]
    [InlineData("kmstool-instance --cid 16 abcdefghijklmnopqrstabcdefghijklmnopqrst")]
    [InlineData("kmstool-instance --cid 16 REVOWXh4")]
    [InlineData("kmstool-instance --cid 16 file://secret.b64")]
    [InlineData("kmstool-instance --cid 16 -")]
    [InlineData("kmstool-instance --cid 16 -e --odd=x CIPHERTEXT")]
    [InlineData("kmstool-instance --cid 16 decrypt describe")]
    [InlineData("kmstool_instance --cid 16 describe")]
    [InlineData("kmstool_instance --cid 16 help")]
    [InlineData("kmstool-enclave run --region eu-central-1 -- app --reigon serv")]
    [InlineData("kmstool-enclave serve --allow-key ARN ARN --region eu-central-1")]
    [InlineData("kmstool-simulator kms CreateKey Policy=@policy.json")]
    [InlineData("kmstool-simulator run --dir d --clock-offset -5")]
    public void Refuse_leaves_arguments_and_values_alone(string line) => Check(line);

    private static void Check(string line)
    {
        string[] words = line.Replace("CIPHERTEXT", Ciphertext, StringComparison.Ordinal).Split(' ');
        RootCommand root = words[0] switch
        {
            "kmstool-instance" or "kmstool_instance" or "vsock-proxy" => KmsTool.Instance.Program.BuildCommandTree(words[0], new DecryptCommandLine()),
            "kmstool-simulator" => KmsTool.Simulator.Program.BuildCommandTree(),
            _ => KmsTool.Enclave.Program.BuildCommandTree(words[0], new ServeCommandLine()),
        };
        ParseResult parsed = CommandRunner.Parse(root, words[1..]);
        CommandRunner.RefuseWrongUsage(parsed);
        if (parsed.CommandResult.Command.Name == "help")
        {
            parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
    }
}
