using System.Buffers.Binary;
using System.Text;
using Gpu.Autograd.Serialization;

namespace Gpu.Autograd.Core.Tests;

/// <summary>Safetensors: the bytes, there and back, and what is said of a file that is none.</summary>
public sealed class SerializationTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;
    private readonly string file;

    public SerializationTests() => file = Path.Combine(folder, "model.safetensors");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheBytesAreThoseOfTheFormat()
    {
        var tensors = new Dictionary<string, Tensor>
        {
            ["mask"] = Tensor.From([true, false]),
            ["b"] = Tensor.From<float>([1f, -2f, 0.5f, 3f], [2, 2]),
            ["a"] = Tensor.From<long>([7L]),
        };

        Safetensors.Save(file, tensors, new Dictionary<string, string> { ["activation"] = "relu" });

        string header =
            """{"__metadata__":{"activation":"relu"},"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},""" +
            """ "b":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[24,26]}}""".TrimStart();
        header = header.PadRight((header.Length + 7) / 8 * 8);
        byte[] expected =
        [
            (byte)header.Length, (byte)(header.Length >> 8), 0, 0, 0, 0, 0, 0,
            .. Encoding.UTF8.GetBytes(header),
            7, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F, 0, 0, 0x40, 0x40,
            1, 0,
        ];
        Assert.Equal(expected, File.ReadAllBytes(file));
    }

    [Fact]
    public void EveryDTypeComesBackAsItWas()
    {
        var generator = new Generator(1);
        var tensors = new Dictionary<string, Tensor>
        {
            ["0.weight"] = generator.Normal([3, 4]),
            ["view"] = generator.Normal([3, 4]).Transpose(),
            ["double"] = Tensor.From([Math.PI, double.NaN, double.NegativeInfinity, -0.0]),
            ["int"] = Tensor.From([int.MinValue, int.MaxValue]),
            ["long"] = Tensor.From([long.MinValue, long.MaxValue]),
            ["bool"] = Tensor.From([true, false, true]),
            ["scalar"] = Tensor.Scalar(2.5),
            ["empty"] = Tensor.Zeros([2, 0, 3]),
            ["näme \"quoted\""] = Tensor.Ones([1]),
        };
        var metadata = new Dictionary<string, string> { ["layers"] = "[64,10]", ["wörter"] = "β \" \n" };

        Safetensors.Save(file, tensors, metadata);
        var loaded = Safetensors.Load(file);

        Assert.Equal(metadata.OrderBy(pair => pair.Key), loaded.Metadata.OrderBy(pair => pair.Key));
        Assert.Equal(tensors.Keys.Order(), loaded.Tensors.Keys.Order());
        Assert.All(tensors, named =>
        {
            var back = loaded.Tensors[named.Key];
            Assert.Equal(named.Value.Shape, back.Shape);
            Assert.Equal(named.Value.DType, back.DType);
            Assert.Equal(named.Value.To(DType.Float64).ToArray<double>(), back.To(DType.Float64).ToArray<double>());
        });
        Assert.Equal([long.MinValue, long.MaxValue], loaded.Tensors["long"].ToArray<long>());
    }

    [Fact]
    public void SavingReplacesTheFileAndLeavesNothingBeside()
    {
        Safetensors.Save(file, new Dictionary<string, Tensor> { ["x"] = Tensor.Zeros([1000]) });
        Safetensors.Save(file, new Dictionary<string, Tensor> { ["x"] = Tensor.Ones([2]) });

        Assert.Equal([1f, 1f], Safetensors.Load(file).Tensors["x"].ToArray<float>());
        Assert.Empty(Safetensors.Load(file).Metadata);
        Assert.Equal([file], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void AFailedSaveLeavesTheOldFile()
    {
        Safetensors.Save(file, new Dictionary<string, Tensor> { ["x"] = Tensor.Ones([2]) });
        var lost = Tensor.Ones([3]);
        lost.Storage.Release();

        Assert.ThrowsAny<Exception>(() => Safetensors.Save(file, new Dictionary<string, Tensor> { ["x"] = lost }));

        Assert.Equal([1f, 1f], Safetensors.Load(file).Tensors["x"].ToArray<float>());
        Assert.Equal([file], Directory.GetFileSystemEntries(folder));
        string nowhere = Path.Combine(folder, "none", "x.safetensors");
        var error = Assert.Throws<DirectoryNotFoundException>(() => Safetensors.Save(nowhere, new Dictionary<string, Tensor>()));
        Assert.StartsWith($"{nowhere}: the folder", error.Message);
    }

    [Fact]
    public void AnyOrderOfTensorsAndFieldsIsRead()
    {
        Write(
            """{"b":{"shape":[1],"data_offsets":[4,8],"dtype":"F32"},"a":{"data_offsets":[0,4],"dtype":"I32","shape":[]}}   """,
            [1, 0, 0, 0, 0, 0, 0, 0x40]);

        var tensors = Safetensors.Load(file).Tensors;

        Assert.Equal([1], tensors["a"].ToArray<int>());
        Assert.Equal(Shape.Scalar, tensors["a"].Shape);
        Assert.Equal([2f], tensors["b"].ToArray<float>());
    }

    [Theory]
    [InlineData("{", 0, "the header is no JSON")]
    [InlineData("[]", 0, "the header does not have the form of safetensors")]
    [InlineData("""{"a":1}""", 0, "the header does not have the form of safetensors")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "the header does not have the form of safetensors")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "the header does not have the form of safetensors")]
    [InlineData("""{"a":{"dtype":"F32","shape":["x"],"data_offsets":[0,4]}}""", 4, "the header does not have the form of safetensors")]
    [InlineData("""{"__metadata__":{"n":1}}""", 0, "the header does not have the form of safetensors")]
    [InlineData("""{"__metadata__":{"n":null}}""", 0, "the metadata 'n' is no text")]
    [InlineData("""{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}""", 4, "tensor 'a' has dtype 'F16', which is none of F32, F64, I32, I64, BOOL")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "tensor 'a', float32 [2], takes 8 bytes, not those of [0, 4]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "tensor 'a', float32 [1], takes 4 bytes, not those of [4, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "tensor 'a', float32 [1], takes 4 bytes, not those of [-4, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "tensor 'a', float32 [1], takes 4 bytes, not those of [0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the impossible shape [-1]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[65536,65536],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the impossible shape [65536, 65536]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "the tensors take 4 bytes, the file has 3")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "the tensors take 4 bytes, the file has 5")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor 'a' begins at byte 4, past the end of what ends at 0")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""",
        12,
        "tensor 'b' begins at byte 4, inside of what ends at 8")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        8,
        "the header is no JSON")]
    public void AMalformedFileIsNamedWithItsFault(string header, int bytes, string fault)
    {
        Write(header, new byte[bytes]);

        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Load(file));

        Assert.StartsWith($"{file}: this is no valid safetensors file: {fault}", error.Message);
        Assert.EndsWith(".", error.Message);
        Assert.DoesNotContain("\n", error.Message);
    }

    [Fact]
    public void AFileOfAnotherKindIsNamed()
    {
        File.WriteAllBytes(file, [1, 2, 3]);
        Assert.EndsWith("3 bytes are too few.", Assert.Throws<InvalidDataException>(() => Safetensors.Load(file)).Message);

        var bytes = new byte[20];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, 13);
        File.WriteAllBytes(file, bytes);
        var error = Assert.Throws<InvalidDataException>(() => Safetensors.Load(file));
        Assert.EndsWith("the header of 13 bytes does not fit into the file of 20.", error.Message);

        File.WriteAllText(file, "PK is how an archive of another program begins.");
        Assert.Contains("does not fit into the file", Assert.Throws<InvalidDataException>(() => Safetensors.Load(file)).Message);

        File.Delete(file);
        Assert.Equal($"{file}: there is no such file.", Assert.Throws<FileNotFoundException>(() => Safetensors.Load(file)).Message);
        var reserved = new Dictionary<string, Tensor> { ["__metadata__"] = Tensor.Ones([1]) };
        Assert.Throws<ArgumentException>(() => Safetensors.Save(file, reserved));
    }

    private void Write(string header, byte[] elements)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        File.WriteAllBytes(file, [.. length, .. json, .. elements]);
    }
}
